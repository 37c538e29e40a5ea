using Foreword.Settings;
using Foreword.Weights.Gguf;
using Foreword.Weights.HuggingFace;
using Foreword.Weights.Llmc;
using Foreword.Weights.OpenAi;
using Foreword.Weights.PyTorch;
using Foreword.Weights.Quantized;

namespace Foreword.Weights.Catalog;

/// <summary>Lists the weights formats and opens models in any of them.</summary>
public static class WeightsCatalog
{
    private static readonly Registry<WeightsFormat> Registered = new("weights format", format => [format.Name],
        [new QuantizedModelFormat(), new SafetensorsFormat(), new PyTorchFormat(), new TorchCheckpointFormat(), new OpenAiGpt1Format(), new OpenAiGpt2Format(), new LlmcFormat(), new GgufFormat()]);

    /// <summary>Gets every format. The first one that recognizes a path opens it.</summary>
    public static IReadOnlyList<WeightsFormat> All => Registered.All;

    /// <summary>Adds a format of the program's own after the others.</summary>
    /// <param name="format">The format.</param>
    /// <exception cref="ArgumentException">Another format has the same <see cref="WeightsFormat.Name"/>.</exception>
    public static void Register(WeightsFormat format) => Registered.Add(format);

    /// <summary>Opens a model. This reads the configuration and the list of tensors, but not the weights.</summary>
    /// <param name="path">
    /// A model in any format, a checkpoint, a run directory, or the name of a downloaded model (see <see cref="ModelDirectory.Resolve"/>).
    /// </param>
    /// <returns>The open model. The caller disposes it.</returns>
    /// <exception cref="DirectoryNotFoundException">Nothing exists at the path.</exception>
    /// <exception cref="InvalidDataException">
    /// No format recognizes the path, a file is damaged, or a file needs a feature that this architecture does not have. The message names the path
    /// and the problem.
    /// </exception>
    public static ModelWeights Open(string path) => OpenResolved(ModelDirectory.Resolve(path));

    /// <summary>Opens a model that <see cref="ModelDirectory.Resolve"/> found.</summary>
    internal static ModelWeights OpenResolved(string model) => FormatOf(model)?.Open(model)
        ?? throw new InvalidDataException($"{model} holds {HuggingFaceConfig.FileName} but no weights: looked for {string.Join("; ", All.Select(format => format.Files))}");

    /// <summary>Returns the first format that recognizes a path, or null if there is none.</summary>
    /// <param name="path">A file or a directory.</param>
    public static WeightsFormat? FormatOf(string path) => All.FirstOrDefault(format => format.IsAt(path));
}
