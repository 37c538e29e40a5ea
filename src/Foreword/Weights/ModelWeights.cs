using Foreword.IO;
using Foreword.Models;
using Foreword.Settings;
using Foreword.Tokenization;

namespace Foreword.Weights;

/// <summary>
/// A stored model, opened but not read: its architecture and its parameters by our names, whatever the format. The files stay
/// open, mapped into memory, until this object is disposed.
/// </summary>
public sealed class ModelWeights : IDisposable
{
    private readonly OpenFiles _files;
    private readonly Dictionary<string, WeightTensor> _byName;

    /// <exception cref="InvalidDataException">A parameter of the configuration is missing or misshapen, or there is one more.</exception>
    internal ModelWeights(string path, WeightsFormat format, GptConfig config, IEnumerable<WeightTensor> tensors, OpenFiles files)
    {
        (Path, Format, Config, _files) = (path, format, config, files);
        ILookup<bool, WeightTensor> byUse = tensors.ToLookup(tensor => TaskHeadNames.Contains(tensor.Name));
        LeftOut = [.. byUse[true]];
        _byName = byUse[false].ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        Tensors = [.. GptParameter.Of(config).Select(parameter => _byName.TryGetValue(parameter.Name, out WeightTensor? tensor) && tensor.Shape.AsSpan().SequenceEqual(parameter.Shape)
            ? tensor
            : throw new InvalidDataException($"{path}: {parameter.Name} is {(tensor is null ? "missing" : TensorInfo.Format(tensor.Shape))}; the configuration asks for {TensorInfo.Format(parameter.Shape)}"))];
        if (_byName.Count > Tensors.Count)
            throw new InvalidDataException($"{path}: holds {_byName.Count} parameters, the configuration has {Tensors.Count}");
    }

    /// <summary>The model's directory or file.</summary>
    public string Path { get; }

    /// <summary>The directory that the model lies in: itself, or the one of its file.</summary>
    public string Directory => File.Exists(Path) ? System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))! : Path;

    /// <summary>The format.</summary>
    public WeightsFormat Format { get; }

    /// <summary>The architecture.</summary>
    public GptConfig Config { get; }

    /// <summary>Every parameter, in the order of <see cref="GptParameter.Of"/>.</summary>
    public IReadOnlyList<WeightTensor> Tensors { get; }

    /// <summary>Tensors of a task's head that the same files hold; the language model does without them.</summary>
    public IReadOnlyList<WeightTensor> LeftOut { get; }

    /// <summary>The element type of all parameters where they have one in common, else null.</summary>
    public string? CommonType => Tensors.All(tensor => tensor.Type == Tensors[0].Type) ? Tensors[0].Type : null;

    /// <summary>Whether a tokenizer lies with the model.</summary>
    public bool HasTokenizer => Format.HasTokenizer(Path);

    /// <summary>The parameter of our name.</summary>
    /// <exception cref="ArgumentException">The architecture has no such parameter; the message names the nearest.</exception>
    public WeightTensor Tensor(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _byName.TryGetValue(name, out WeightTensor? tensor)
            ? tensor
            : throw new ArgumentException($"{Path} has no parameter '{name}'{NearestName.Suggestion(name, _byName.Keys)}");
    }

    /// <summary>The tokenizer that lies with the model, checked to be able to be this model's.</summary>
    /// <exception cref="FileNotFoundException">There is none.</exception>
    /// <exception cref="InvalidDataException">It is malformed, or has another number of ids than the model.</exception>
    /// <exception cref="NotSupportedException">It asks for something that Foreword does not do.</exception>
    public Tokenizer LoadTokenizer()
    {
        Tokenizer tokenizer = Format.LoadTokenizer(Path);
        ModelDirectory.CheckVocabulary(Path, tokenizer, Config);
        return tokenizer;
    }

    /// <summary>Closes the files.</summary>
    public void Dispose() => _files.Dispose();
}
