using Foreword.IO;
using Foreword.Models;

namespace Foreword.Weights.Quantized;

/// <summary>
/// A directory that <c>foreword quantize</c> wrote: configuration, tokenizer, and matrices in 8 or 4 bits in the layout of the plain C# engine.
/// A model can be run from it, but its weights cannot be read back.
/// </summary>
internal sealed class QuantizedModelFormat : WeightsFormat
{
    /// <summary>The manifest's name. A directory that holds one is a quantized model.</summary>
    public const string ManifestFile = "quantization.json";

    /// <summary>The name of the file with the weights.</summary>
    public const string WeightsFile = "quantized.safetensors";

    /// <inheritdoc/>
    public override string Name => "quantized";

    /// <inheritdoc/>
    public override string Files => $"{ManifestFile} + {WeightsFile}";

    /// <inheritdoc/>
    public override bool IsAt(string path) => IsIn(path);

    /// <summary>Returns whether a directory holds a quantized model.</summary>
    public static bool IsIn(string directory) => File.Exists(Path.Combine(directory, ManifestFile));

    /// <inheritdoc/>
    /// <exception cref="InvalidDataException">Always: the weights cannot be read back.</exception>
    protected override (ModelConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files) =>
        throw new InvalidDataException($"{path} is quantized: it can be run, but its original weights cannot be recovered; use the model that it was made from");
}
