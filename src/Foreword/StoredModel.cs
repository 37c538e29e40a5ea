using Foreword.Models;
using Foreword.Tasks;
using Foreword.Tokenization;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;
using Foreword.Weights.Quantized;

namespace Foreword;

/// <summary>
/// A model on disk that was opened but not loaded: its format, architecture, tokenizer and task. Opening is cheap, because no weights are read.
/// An <see cref="IEngine"/> loads it.
/// </summary>
public sealed class StoredModel : IDisposable
{
    private ModelWeights? _weights;
    private Tokenizer? _tokenizer;
    private TaskDescription? _task;

    private StoredModel(string name, string path, WeightsFormat format, ModelConfig config, ModelWeights? weights)
    {
        (Name, Path, Format, Config, _weights) = (name, path, format, config, weights);
        LeftOut = weights?.LeftOut ?? [];
    }

    /// <summary>Opens a model.</summary>
    /// <param name="path">A model in any format, a quantized model, a checkpoint, a run directory, or the name of a downloaded model (OWNER/NAME).</param>
    /// <exception cref="DirectoryNotFoundException">There is nothing at the path.</exception>
    /// <exception cref="InvalidDataException">The path holds no model, or a file is broken; the message names path and fault.</exception>
    public static StoredModel Open(string path)
    {
        string model = ModelDirectory.Resolve(path);
        if (WeightsCatalog.FormatOf(model) is QuantizedModelFormat quantized)
            return new StoredModel(path, model, quantized, HuggingFaceConfig.Read(model), null);
        ModelWeights weights = WeightsCatalog.OpenResolved(model);
        return new StoredModel(path, model, weights.Format, weights.Config, weights);
    }

    /// <summary>Gets the path or name that was opened.</summary>
    public string Name { get; }

    /// <summary>Gets the directory or file that holds the model, such as a run's <c>best/</c>.</summary>
    public string Path { get; }

    /// <summary>Gets the directory that holds the model: itself, or the one of its file.</summary>
    public string Directory => File.Exists(Path) ? System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))! : Path;

    /// <summary>Gets the format of the weights.</summary>
    public WeightsFormat Format { get; }

    /// <summary>Gets the architecture.</summary>
    public ModelConfig Config { get; }

    /// <summary>Gets whether the weights are quantized, so that only the plain C# engine can load them.</summary>
    public bool IsQuantized => Format is QuantizedModelFormat;

    /// <summary>Gets the tensors in the files that belong to a task's head and not to the language model.</summary>
    public IReadOnlyList<WeightTensor> LeftOut { get; }

    /// <summary>Gets the tokenizer, which is read on first use and checked against the size of the vocabulary.</summary>
    /// <exception cref="FileNotFoundException">The model has no tokenizer.</exception>
    /// <exception cref="InvalidDataException">The tokenizer's files are broken, or it belongs to another model.</exception>
    /// <exception cref="NotSupportedException">The tokenizer needs something that Foreword does not do.</exception>
    public Tokenizer Tokenizer
    {
        get
        {
            if (_tokenizer is null)
            {
                Tokenizer read = Format.LoadTokenizer(Path);
                ModelDirectory.CheckVocabulary(Path, read, Config);
                _tokenizer = read;
            }

            return _tokenizer;
        }
    }

    /// <summary>Gets the task that the model was fine-tuned for, read on first use.</summary>
    /// <exception cref="InvalidDataException">The model is not fine-tuned, its description is broken, or its head is of an unknown kind.</exception>
    public TaskDescription Task => _task ??= TaskDescription.Read(Path);

    /// <summary>Gets the kind of task that the model was fine-tuned for, such as <c>classification</c>; null for a language model.</summary>
    public string? FineTunedFor => TaskDescription.FineTunedFor(Path);

    /// <summary>Returns the opened weights. The caller disposes them, so each call after the first opens the files again.</summary>
    /// <exception cref="InvalidDataException">The weights are quantized, or a file is broken.</exception>
    public ModelWeights TakeWeights()
    {
        ModelWeights weights = _weights ?? WeightsCatalog.OpenResolved(Path);
        _weights = null;
        return weights;
    }

    /// <summary>Closes the files, unless <see cref="TakeWeights"/> gave them away.</summary>
    public void Dispose() => _weights?.Dispose();
}
