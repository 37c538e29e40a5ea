using System.Collections.Concurrent;
using Foreword.Data.FineTuning;
using Foreword.Torch.FineTuning;

namespace Foreword.Studies.Grid;

/// <summary>Opens the models that a study starts from, and hashes their weights, each model once.</summary>
internal static class ModelHashes
{
    private static readonly TrainingFiles Nothing = new() { Train = [], Validation = [] };
    private static readonly ConcurrentDictionary<string, BaseModel> Opened = new();
    private static readonly ConcurrentDictionary<string, string> Known = new();

    /// <summary>Returns a model without its weights.</summary>
    /// <exception cref="InvalidDataException">There is no model.</exception>
    public static BaseModel ModelAt(string path) => Opened.GetOrAdd(Path.GetFullPath(path), _ => BaseModel.Open(path));

    /// <summary>Returns a text that changes with the weights of a model.</summary>
    /// <exception cref="InvalidDataException">There is no model.</exception>
    public static string Of(string path) => Known.GetOrAdd(Path.GetFullPath(path), _ => string.Join('\n', Nothing.WithModel(ModelAt(path).Path).Model.Select(file => file.Sha256)));
}
