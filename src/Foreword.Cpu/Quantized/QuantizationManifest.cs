using System.Buffers;
using System.Collections.Concurrent;
using System.IO.Hashing;
using System.Text.Json;
using Foreword.IO;
using Foreword.Progress;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;
using Foreword.Weights.Quantized;
using Microsoft.Win32.SafeHandles;

namespace Foreword.Cpu.Quantized;

/// <summary>
/// Represents <c>quantization.json</c>, which describes how a model is quantized and holds a checksum of every tensor. Without checksums, a damaged
/// weight could not be distinguished from any other.
/// </summary>
internal sealed class QuantizationManifest
{
    private const int FormatVersion = 2;

    /// <summary>Number of bytes that are hashed at a time.</summary>
    private const int ChunkLength = 1 << 18;

    private readonly IReadOnlyDictionary<string, string> _checksums;

    private QuantizationManifest(string path, WeightType type, IReadOnlyDictionary<string, string> checksums)
    {
        Path = path;
        Type = type;
        _checksums = checksums;
    }

    /// <summary>Gets the path of the manifest.</summary>
    public string Path { get; }

    /// <summary>Gets the weight type: Int8 or Int4.</summary>
    public WeightType Type { get; }

    /// <summary>Writes the manifest of weights that are already in the directory.</summary>
    public static void Write(string directory, WeightType type)
    {
        string path = System.IO.Path.Combine(directory, QuantizedModelFormat.WeightsFile);
        using SafeFileHandle handle = MappedFile.OpenHandle(path);
        using SafetensorsFile weights = SafetensorsFile.Open(path, handle);
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
            foreach (TensorInfo tensor in weights.Tensors.Values)
                json.WriteString(tensor.Name, Checksum(handle, tensor));
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    /// <summary>Reads a directory's manifest.</summary>
    /// <exception cref="InvalidDataException">The manifest is malformed. The message names the path and the field.</exception>
    public static QuantizationManifest Read(string directory)
    {
        string path = PathIn(directory);
        return JsonFile.Read(path, JsonValueKind.Object, root =>
        {
            if (!root.TryGetProperty("version", out JsonElement version) || version.ValueKind != JsonValueKind.Number || !version.TryGetInt32(out int number) || number != FormatVersion)
                throw new InvalidDataException($"{path}: version is missing or not {FormatVersion}; quantize the model again");
            string? type = root.TryGetProperty("type", out JsonElement text) && text.ValueKind == JsonValueKind.String ? text.GetString() : null;
            if (type is not ("int8" or "int4"))
                throw new InvalidDataException($"{path}: type is {(type is null ? "missing" : $"'{type}'")}; expected int8 or int4");
            if (!root.TryGetProperty("xxh3", out JsonElement checksums) || checksums.ValueKind != JsonValueKind.Object)
                throw new InvalidDataException($"{path}: xxh3, the checksums, is missing or not an object");
            Dictionary<string, string> read = new(StringComparer.Ordinal);
            foreach (JsonProperty checksum in checksums.EnumerateObject())
                read[checksum.Name] = checksum.Value.ValueKind == JsonValueKind.String ? checksum.Value.GetString()! : throw new InvalidDataException($"{path}: xxh3 of '{checksum.Name}' is not a string");
            return new QuantizationManifest(path, type == "int8" ? WeightType.Int8 : WeightType.Int4, read);
        });
    }

    /// <summary>Compares every tensor with its checksum.</summary>
    /// <param name="weights">The weights in the manifest's directory.</param>
    /// <param name="handle">The same file. Tensors that do not stay mapped are read from it, which takes no pages of the mapping.</param>
    /// <param name="staysMapped">Returns whether a tensor is used directly in the mapping.</param>
    /// <param name="progress">Receives the number of bytes that were checked; null for none.</param>
    /// <param name="cancellationToken">Cancels the work between two tensors.</param>
    /// <exception cref="InvalidDataException">A tensor does not match its checksum. The message names the first such tensor.</exception>
    public void Verify(SafetensorsFile weights, SafeFileHandle handle, Func<string, bool> staysMapped, IProgress<LoadingProgress>? progress, CancellationToken cancellationToken)
    {
        LoadingCounter counter = new(weights.Tensors.Values.Sum(tensor => tensor.Length), progress, cancellationToken);
        HashSet<string> damaged = [];
        TensorInfo[] largestFirst = [.. weights.Tensors.Values.OrderByDescending(tensor => tensor.Length)]; // the embeddings take one thread as long as the rest takes the others
        // Without buffers, this thread learns of each tensor as soon as it is checked.
        foreach ((TensorInfo tensor, bool isWhole) in Partitioner.Create(largestFirst, loadBalance: true).AsParallel().WithMergeOptions(ParallelMergeOptions.NotBuffered).WithCancellation(cancellationToken)
            .Select(tensor => (tensor, _checksums.TryGetValue(tensor.Name, out string? checksum) && checksum == (staysMapped(tensor.Name) ? Checksum(weights, tensor) : Checksum(handle, tensor)))))
        {
            if (!isWhole)
                damaged.Add(tensor.Name);
            counter.Add(tensor.Length);
        }

        if (damaged.Count > 0)
            throw new InvalidDataException($"{weights.Path}: tensor '{weights.Tensors.Keys.First(damaged.Contains)}'{(damaged.Count > 1 ? $" and {damaged.Count - 1} more differ" : " differs")} from the checksum in {QuantizedModelFormat.ManifestFile}: the file is damaged or another model's");
    }

    private static string PathIn(string directory) => System.IO.Path.Combine(directory, QuantizedModelFormat.ManifestFile);

    private static string Checksum(SafetensorsFile weights, TensorInfo tensor)
    {
        XxHash3 hash = new();
        for (long at = 0; at < tensor.Length; at += ChunkLength)
            hash.Append(weights.Bytes(tensor.Name, at, (int)Math.Min(ChunkLength, tensor.Length - at)));
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }

    private static string Checksum(SafeFileHandle file, TensorInfo tensor)
    {
        XxHash3 hash = new();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(ChunkLength);
        for (long at = 0; at < tensor.Length;)
        {
            int count = RandomAccess.Read(file, buffer.AsSpan(0, (int)Math.Min(ChunkLength, tensor.Length - at)), tensor.Offset + at);
            if (count == 0)
                break; // the file was cut, and the checksum says so
            hash.Append(buffer.AsSpan(0, count));
            at += count;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return Convert.ToHexStringLower(hash.GetCurrentHash());
    }
}
