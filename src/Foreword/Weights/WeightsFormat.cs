using Foreword.IO;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Weights.Gguf;
using Foreword.Weights.HuggingFace;
using Foreword.Weights.Llmc;
using Foreword.Weights.OpenAi;
using Foreword.Weights.PyTorch;
using Foreword.Weights.Quantized;

namespace Foreword.Weights;

/// <summary>A form in which weights are stored. A format is one class and one line of <see cref="All"/>.</summary>
public abstract class WeightsFormat
{
    /// <summary>Every format; the first one that recognises a path opens it.</summary>
    public static IReadOnlyList<WeightsFormat> All { get; } =
        [new QuantizedModelFormat(), new SafetensorsFormat(), new PyTorchFormat(), new TorchCheckpointFormat(), new OpenAiGpt1Format(), new OpenAiGpt2Format(), new LlmcFormat(), new GgufFormat()];

    /// <summary>The name on the command line, such as <c>openai-gpt1</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What it looks for, for a message: <c>config.json + model.safetensors</c>.</summary>
    public abstract string Files { get; }

    /// <summary>The element types in which <see cref="Write"/> stores weights, by their names on the command line; none where the format is only read.</summary>
    public virtual IReadOnlyList<string> WrittenTypes => [];

    /// <summary>Whether <see cref="Write"/> makes one file, not a directory.</summary>
    public virtual bool WritesFile => false;

    /// <summary>Opens what a path names: a model in any format, a checkpoint, or a run directory.</summary>
    /// <exception cref="DirectoryNotFoundException">Nothing lies at the path.</exception>
    /// <exception cref="InvalidDataException">No format recognises it, or a file is broken or asks for what this architecture does not do; path and fault are named.</exception>
    public static ModelWeights Open(string path) => OpenResolved(ModelDirectory.Resolve(path));

    /// <summary>Opens a model that <see cref="ModelDirectory.Resolve"/> found.</summary>
    internal static ModelWeights OpenResolved(string model)
    {
        WeightsFormat format = Of(model)
            ?? throw new InvalidDataException($"{model} holds {HuggingFaceConfig.FileName} but no weights: looked for {string.Join("; ", All.Select(format => format.Files))}");
        OpenFiles files = new();
        try
        {
            (GptConfig config, IEnumerable<WeightTensor> tensors) = format.Read(model, files);
            return new ModelWeights(model, format, config, tensors, files);
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    /// <summary>The format that recognises a path, or null.</summary>
    public static WeightsFormat? Of(string path) => All.FirstOrDefault(format => format.IsAt(path));

    /// <summary>Whether an existing file or directory is a model in this format, by names of files or a file's first bytes.</summary>
    public abstract bool IsAt(string path);

    /// <summary>Whether a tokenizer lies with the model.</summary>
    public virtual bool HasTokenizer(string path) => TokenizerFiles.IsIn(DirectoryOf(path));

    /// <summary>Reads the tokenizer that lies with the model.</summary>
    public virtual Tokenizer LoadTokenizer(string path) => TokenizerFiles.Load(DirectoryOf(path));

    /// <summary>Writes a model.</summary>
    /// <param name="model">The model, read one tensor at a time.</param>
    /// <param name="tokenizer">Its tokenizer, or null.</param>
    /// <param name="type">One of <see cref="WrittenTypes"/>.</param>
    /// <param name="target">An existing empty directory, or a file's path where <see cref="WritesFile"/>.</param>
    /// <exception cref="NotSupportedException">The format cannot hold this model, or is only read.</exception>
    public virtual void Write(ModelWeights model, Tokenizer? tokenizer, string type, string target) =>
        throw new NotSupportedException($"models are not written as {Name}");

    /// <summary>Reads the architecture and finds every parameter; what is opened is kept in <paramref name="files"/>.</summary>
    internal abstract (GptConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files);

    /// <summary>The configuration, checked.</summary>
    /// <exception cref="InvalidDataException">It describes no model.</exception>
    private protected static GptConfig Validated(string path, GptConfig config)
    {
        try
        {
            return config.Validate();
        }
        catch (ArgumentException problem)
        {
            throw new InvalidDataException($"{path}: {problem.Message}", problem);
        }
    }

    private static string DirectoryOf(string path) => File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path;
}
