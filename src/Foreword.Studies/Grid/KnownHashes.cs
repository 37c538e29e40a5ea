using System.Collections.Concurrent;
using Foreword.Data.FineTuning;
using Foreword.IO;
using Foreword.Torch.FineTuning;

namespace Foreword.Studies.Grid;

/// <summary>Opens models and hashes models and files that the cells of a study depend on, each once.</summary>
internal static class KnownHashes
{
    private static readonly TrainingFiles Nothing = new() { Train = [], Validation = [] };
    private static readonly ConcurrentDictionary<string, BaseModel> Opened = new();
    private static readonly ConcurrentDictionary<string, string> Models = new(), Files = new();

    /// <summary>Returns a model without its weights.</summary>
    /// <exception cref="InvalidDataException">There is no model.</exception>
    public static BaseModel ModelAt(string path) => Opened.GetOrAdd(Path.GetFullPath(path), _ => BaseModel.Open(path));

    /// <summary>Returns a text that changes with the weights of a model.</summary>
    /// <exception cref="InvalidDataException">There is no model.</exception>
    public static string OfModel(string path) => Models.GetOrAdd(Path.GetFullPath(path), _ => string.Join('\n', Nothing.WithModel(ModelAt(path).Path).Model.Select(file => file.Sha256)));

    /// <summary>Returns a text that changes with the content of a file.</summary>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static string OfFile(string path) => Files.GetOrAdd(Path.GetFullPath(path), FileHash.Of);
}
