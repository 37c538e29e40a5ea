using System.Text.Json;
using Foreword.IO;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// Reads an index of shards, which maps each tensor to a file of the directory: <c>model.safetensors.index.json</c> or
/// <c>pytorch_model.bin.index.json</c>.
/// </summary>
internal sealed class ShardIndex
{
    private readonly string _path;
    private readonly Dictionary<string, string> _fileOf;

    private ShardIndex(string path, Dictionary<string, string> fileOf) => (_path, _fileOf) = (path, fileOf);

    /// <summary>Reads an index.</summary>
    /// <exception cref="InvalidDataException">The file is not such an index, or it names a file outside its directory.</exception>
    public static ShardIndex Read(string path)
    {
        Dictionary<string, string> fileOf = JsonFile.Read(path, JsonValueKind.Object, root => WeightMap(path, root));
        return fileOf.Count > 0 ? new ShardIndex(path, fileOf) : throw new InvalidDataException($"{path}: 'weight_map' is empty");
    }

    private static Dictionary<string, string> WeightMap(string path, JsonElement root)
    {
        if (!root.TryGetProperty("weight_map", out JsonElement map) || map.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{path}: has no object 'weight_map'");
        Dictionary<string, string> fileOf = new(StringComparer.Ordinal);
        foreach (JsonProperty entry in map.EnumerateObject())
        {
            string? file = entry.Value.ValueKind == JsonValueKind.String ? entry.Value.GetString() : null;
            if (string.IsNullOrEmpty(file) || file is "." or ".." || file.AsSpan().IndexOfAny('/', '\\', '\0') >= 0)
                throw new InvalidDataException($"{path}: the file of '{entry.Name}' is {entry.Value.GetRawText()}; it must be the name of a file in the same directory");
            fileOf.Add(entry.Name, file);
        }

        return fileOf;
    }

    /// <summary>Returns the tensors of all files.</summary>
    /// <param name="open">Opens the file with a given path and returns its tensors.</param>
    /// <exception cref="InvalidDataException">A file is missing, or its tensors are not exactly those that the index assigns to it.</exception>
    public List<StoredTensor> Tensors(Func<string, IEnumerable<StoredTensor>> open)
    {
        List<StoredTensor> all = [];
        foreach (string file in _fileOf.Values.Distinct().Order(StringComparer.Ordinal))
        {
            string shard = Path.Combine(Path.GetDirectoryName(_path)!, file);
            if (!File.Exists(shard))
                throw new InvalidDataException($"{_path}: the file {file} that it names is missing");
            int before = all.Count;
            foreach (StoredTensor tensor in open(shard))
            {
                if (_fileOf.GetValueOrDefault(tensor.FileName) != file)
                    throw new InvalidDataException($"{shard}: holds '{tensor.FileName}', which {Path.GetFileName(_path)} {(_fileOf.TryGetValue(tensor.FileName, out string? other) ? $"places in {other}" : "does not list")}");
                all.Add(tensor);
            }

            if (_fileOf.Count(entry => entry.Value == file) != all.Count - before)
            {
                HashSet<string> held = [.. all.Skip(before).Select(tensor => tensor.FileName)];
                throw new InvalidDataException($"{shard}: does not hold '{_fileOf.First(entry => entry.Value == file && !held.Contains(entry.Key)).Key}', which {Path.GetFileName(_path)} places there");
            }
        }

        return all;
    }
}
