using System.Text.Json;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// <c>model.safetensors.index.json</c> or <c>pytorch_model.bin.index.json</c>: which file of a directory holds which tensor.
/// </summary>
internal sealed class ShardIndex
{
    private readonly string _path;
    private readonly Dictionary<string, string> _fileOf;

    private ShardIndex(string path, Dictionary<string, string> fileOf) => (_path, _fileOf) = (path, fileOf);

    /// <exception cref="InvalidDataException">The file is no such index, or names a file outside its directory.</exception>
    public static ShardIndex Read(string path)
    {
        Dictionary<string, string> fileOf = WeightsJson.Read(path, JsonValueKind.Object, root => WeightMap(path, root));
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

    /// <summary>The tensors of all files.</summary>
    /// <param name="open">Opens one file, whose path it is given.</param>
    /// <exception cref="InvalidDataException">A file is missing, or does not hold exactly the tensors that the index says.</exception>
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
