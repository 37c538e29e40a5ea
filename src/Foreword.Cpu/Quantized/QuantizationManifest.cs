using System.IO.Hashing;
using System.Text.Json;
using Foreword.IO;
using Foreword.Weights.HuggingFace;
using Foreword.Weights.Quantized;

namespace Foreword.Cpu.Quantized;

/// <summary><c>quantization.json</c>: how a model is quantised, and a checksum of every tensor, for a damaged weight looks like any other.</summary>
internal sealed class QuantizationManifest
{
    private const int FormatVersion = 2;

    /// <summary>Bytes that are hashed at a time and then handed back to the system.</summary>
    private const int Piece = 1 << 20;

    private readonly IReadOnlyDictionary<string, string> _checksums;

    private QuantizationManifest(string path, WeightType type, IReadOnlyDictionary<string, string> checksums)
    {
        Path = path;
        Type = type;
        _checksums = checksums;
    }

    /// <summary>Where it lies.</summary>
    public string Path { get; }

    /// <summary>Int8 or Int4.</summary>
    public WeightType Type { get; }

    /// <summary>Writes the manifest of weights that lie in the directory already.</summary>
    public static void Write(string directory, WeightType type)
    {
        using SafetensorsFile weights = SafetensorsFile.Open(System.IO.Path.Combine(directory, QuantizedModelFormat.WeightsFile));
        DurableFile.Replace(PathIn(directory), stream =>
        {
            using Utf8JsonWriter json = new(stream, new JsonWriterOptions { Indented = true });
            json.WriteStartObject();
            json.WriteNumber("version", FormatVersion);
            json.WriteString("type", type == WeightType.Int8 ? "int8" : "int4");
            json.WriteString("weights", QuantizedModelFormat.WeightsFile);
            json.WriteNumber("block", type.Format(isHead: false)!.Block);
            json.WriteNumber("bits", type.Format(isHead: false)!.Bits);
            json.WriteNumber("head_block", type.Format(isHead: true)!.Block);
            json.WriteNumber("head_bits", type.Format(isHead: true)!.Bits);
            json.WriteString("activations", "int8, a scale for each token and block");
            json.WriteStartObject("xxh3");
            foreach (string name in weights.Tensors.Keys)
                json.WriteString(name, Checksum(weights, name, release: true));
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    /// <summary>Reads a directory's manifest.</summary>
    /// <exception cref="InvalidDataException">It is broken; path and field are named.</exception>
    public static QuantizationManifest Read(string directory)
    {
        string path = PathIn(directory);
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
            JsonElement root = document.RootElement;
            if (root.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException($"{path}: not a JSON object");
            if (!root.TryGetProperty("version", out JsonElement version) || version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out int number) || number != FormatVersion)
                throw new InvalidDataException($"{path}: version is missing or not {FormatVersion}; quantise the model again");
            string? type = root.TryGetProperty("type", out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
            if (type is not ("int8" or "int4"))
                throw new InvalidDataException($"{path}: type is {(type is null ? "missing" : $"'{type}'")}; expected int8 or int4");
            if (!root.TryGetProperty("xxh3", out JsonElement checksums) || checksums.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException($"{path}: xxh3, the checksums, is missing or not an object");
            Dictionary<string, string> read = new(StringComparer.Ordinal);
            foreach (JsonProperty checksum in checksums.EnumerateObject())
                read[checksum.Name] = checksum.Value.ValueKind == JsonValueKind.String ? checksum.Value.GetString()! : throw new InvalidDataException($"{path}: xxh3 of '{checksum.Name}' is not a string");
            return new QuantizationManifest(path, type == "int8" ? WeightType.Int8 : WeightType.Int4, read);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException) // the latter: text with a lone surrogate
        {
            throw new InvalidDataException($"{path}: not well-formed JSON ({problem.Message})", problem);
        }
    }

    /// <summary>Compares every tensor with its checksum.</summary>
    /// <param name="weights">The weights beside the manifest.</param>
    /// <param name="staysMapped">Whether a tensor's pages are used where they lie; those of others are handed back.</param>
    /// <exception cref="InvalidDataException">Some differ; the first is named.</exception>
    public void Verify(SafetensorsFile weights, Func<string, bool> staysMapped)
    {
        string[] damaged = [.. weights.Tensors.Keys.AsParallel().AsOrdered().Where(name => !_checksums.TryGetValue(name, out string? checksum) || checksum != Checksum(weights, name, release: !staysMapped(name)))];
        if (damaged.Length > 0)
            throw new InvalidDataException($"{weights.Path}: tensor '{damaged[0]}'{(damaged.Length > 1 ? $" and {damaged.Length - 1} more differ" : " differs")} from the checksum in {QuantizedModelFormat.ManifestFile}: the file is damaged or another model's");
    }

    private static string PathIn(string directory) => System.IO.Path.Combine(directory, QuantizedModelFormat.ManifestFile);

    private static string Checksum(SafetensorsFile weights, string name, bool release)
    {
        XxHash3 hash = new();
        long length = weights.Tensor(name).Length;
        for (long at = 0; at < length; at += Piece)
        {
            int count = (int)Math.Min(Piece, length - at);
            hash.Append(weights.Bytes(name, at, count));
            if (release)
                weights.Release(name, at, count);
        }

        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
