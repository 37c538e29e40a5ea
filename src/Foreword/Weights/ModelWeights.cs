using Foreword.IO;
using Foreword.Models;
using Foreword.Settings;

namespace Foreword.Weights;

/// <summary>
/// A stored model that is open but not yet read. It provides the architecture and the parameters under Foreword's names for every format. The
/// files stay open and mapped into memory until this object is disposed.
/// </summary>
public sealed class ModelWeights : IDisposable
{
    private readonly OpenFiles _files;
    private readonly Dictionary<string, WeightTensor> _byName;

    /// <exception cref="InvalidDataException">
    /// A parameter of the configuration is missing or has the wrong shape, or the file holds a parameter that the configuration does not have.
    /// </exception>
    internal ModelWeights(string path, WeightsFormat format, ModelConfig config, IEnumerable<WeightTensor> tensors, OpenFiles files)
    {
        (Path, Format, Config, _files) = (path, format, config, files);
        ILookup<bool, WeightTensor> byUse = tensors.ToLookup(tensor => TaskHeadNames.Contains(tensor.Name));
        LeftOut = [.. byUse[true]];
        _byName = byUse[false].ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        Tensors = [.. GptParameter.Of(config).Select(parameter => _byName.TryGetValue(parameter.Name, out WeightTensor? tensor) && tensor.Shape.AsSpan().SequenceEqual(parameter.Shape)
            ? tensor
            : throw new InvalidDataException($"{path}: {parameter.Name} is {(tensor is null ? "missing" : TensorInfo.Format(tensor.Shape))}; the configuration requires {TensorInfo.Format(parameter.Shape)}"))];
        if (_byName.Count > Tensors.Count)
            throw new InvalidDataException($"{path}: holds {_byName.Count} parameters, the configuration has {Tensors.Count}");
    }

    /// <summary>Gets the directory or the file of the model.</summary>
    public string Path { get; }

    /// <summary>Gets the directory of the model. If the model is a file, this is the directory that contains the file.</summary>
    public string Directory => File.Exists(Path) ? System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(Path))! : Path;

    /// <summary>Gets the format of the stored model.</summary>
    public WeightsFormat Format { get; }

    /// <summary>Gets the architecture of the model.</summary>
    public ModelConfig Config { get; }

    /// <summary>Gets every parameter, in the order of <see cref="GptParameter.Of"/>.</summary>
    public IReadOnlyList<WeightTensor> Tensors { get; }

    /// <summary>Gets the tensors of a task's head that the same files hold. The language model does not use them.</summary>
    public IReadOnlyList<WeightTensor> LeftOut { get; }

    /// <summary>Gets the element type of the parameters, such as <c>BF16</c>, or null if the parameters have different types.</summary>
    public string? CommonType => Tensors.All(tensor => tensor.Type == Tensors[0].Type) ? Tensors[0].Type : null;

    /// <summary>Gets whether a tokenizer is stored with the model.</summary>
    public bool HasTokenizer => Format.HasTokenizer(Path);

    /// <summary>Returns a parameter by its name in Foreword.</summary>
    /// <param name="name">The name, as <see cref="GptParameter.Of"/> returns it.</param>
    /// <exception cref="ArgumentException">The architecture has no such parameter. The message suggests the nearest name.</exception>
    public WeightTensor Tensor(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return _byName.TryGetValue(name, out WeightTensor? tensor)
            ? tensor
            : throw new ArgumentException($"{Path} has no parameter '{name}'{NearestName.Suggestion(name, _byName.Keys)}", nameof(name));
    }

    /// <summary>Closes the files. The tensors must not be read after that.</summary>
    public void Dispose() => _files.Dispose();
}
