using System.Text.Json;
using System.Text.Unicode;
using Foreword.IO;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// Parses the JSON header of a safetensors file. The checks are as strict as in the reference implementation: offsets are in range, tensors neither
/// overlap nor leave gaps, sizes follow from the shape and the element type, and nothing follows the last tensor.
/// </summary>
internal sealed class SafetensorsHeader
{
    /// <summary>The number of bytes of the header length at the start of the file: a little-endian 64-bit number.</summary>
    public const int LengthBytes = 8;

    /// <summary>The largest header in bytes that the reference implementation accepts (MAX_HEADER_SIZE in safetensors/src/tensor.rs).</summary>
    public const int MaxLength = 100_000_000;

    /// <summary>
    /// The largest number of dimensions, as in PyTorch. Without a limit, a header of "1,1,1,..." would need many times its own size in memory.
    /// </summary>
    private const int MaxRank = 64;

    private const string MetadataKey = "__metadata__";

    private readonly string _path;
    private readonly OrderedDictionary<string, TensorInfo> _tensors = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _metadata = new(StringComparer.Ordinal);

    private SafetensorsHeader(string path) => _path = path;

    public IReadOnlyDictionary<string, TensorInfo> Tensors => _tensors;

    public IReadOnlyDictionary<string, string> Metadata => _metadata;

    /// <summary>Parses a header.</summary>
    /// <param name="path">The file, for messages.</param>
    /// <param name="json">The bytes of the header.</param>
    /// <param name="dataLength">The number of bytes that follow the header.</param>
    /// <exception cref="InvalidDataException">
    /// The header is not valid. The message is one sentence with the path, the tensor and the problem.
    /// </exception>
    public static SafetensorsHeader Parse(string path, ReadOnlySpan<byte> json, long dataLength)
    {
        SafetensorsHeader header = new(path);
        try
        {
            header.ReadObject(json, dataLength);
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException) // InvalidOperationException: text with a lone surrogate
        {
            throw header.Broken($"the header is not well-formed JSON ({JsonFile.Reason(problem)})");
        }

        header.CheckLayout(LengthBytes + json.Length, dataLength);
        return header;
    }

    private void ReadObject(ReadOnlySpan<byte> json, long dataLength)
    {
        if (!Utf8.IsValid(json))
            throw Broken("the header is not UTF-8");
        if (json.IsEmpty || json[0] != (byte)'{')
            throw Broken("the header is not a JSON object");
        Utf8JsonReader reader = new(json);
        reader.Read();
        bool sawMetadata = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            reader.Read();
            if (name == MetadataKey)
            {
                if (sawMetadata)
                    throw Broken($"{MetadataKey} occurs twice");
                sawMetadata = true;
                ReadMetadata(ref reader);
            }
            else if (!_tensors.TryAdd(name, ReadTensor(ref reader, name, LengthBytes + json.Length, dataLength)))
            {
                throw Broken(name, "occurs twice");
            }
        }

        reader.Read(); // throws if anything other than white space follows the object
    }

    private void ReadMetadata(ref Utf8JsonReader reader)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return; // the reference implementation treats null as no metadata
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Broken($"{MetadataKey} is not an object of strings");
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string key = reader.GetString()!;
            if (!reader.Read() || reader.TokenType != JsonTokenType.String)
                throw Broken($"{MetadataKey} is not an object of strings");
            if (!_metadata.TryAdd(key, reader.GetString()!))
                throw Broken($"{MetadataKey} has the key '{Shown(key)}' twice");
        }
    }

    private TensorInfo ReadTensor(ref Utf8JsonReader reader, string name, long dataStart, long dataLength)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw Broken(name, "is not described by an object");
        TensorDType? dtype = null;
        long[]? shape = null;
        long[]? offsets = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string field = reader.GetString()!;
            reader.Read();
            bool repeated = field switch
            {
                "dtype" => dtype is not null,
                "shape" => shape is not null,
                "data_offsets" => offsets is not null,
                _ => false,
            };
            if (repeated)
                throw Broken(name, $"has '{field}' twice");
            switch (field)
            {
                case "dtype":
                    dtype = ReadDType(ref reader, name);
                    break;
                case "shape":
                    shape = ReadNumbers(ref reader, name, field, MaxRank);
                    break;
                case "data_offsets":
                    offsets = ReadNumbers(ref reader, name, field, 2);
                    break;
                default:
                    reader.Skip(); // the reference implementation ignores unknown fields
                    break;
            }
        }

        if (dtype is not { } type)
            throw Broken(name, "has no 'dtype'");
        if (shape is null)
            throw Broken(name, "has no 'shape'");
        if (offsets is not [long begin, long end])
            throw Broken(name, offsets is null ? "has no 'data_offsets'" : "does not have two 'data_offsets'");
        if (begin > end)
            throw Broken(name, $"begins at byte {begin} and ends before that, at byte {end}");
        if (end > dataLength)
            throw Broken(name, $"ends at byte {end} of the data, but the file has only {dataLength}");
        CheckSize(name, type, shape, end - begin);
        return new TensorInfo(name, type, shape, dataStart + begin, end - begin);
    }

    private TensorDType ReadDType(ref Utf8JsonReader reader, string name)
    {
        if (reader.TokenType != JsonTokenType.String)
            throw Broken(name, "has a 'dtype' that is not a string");
        string text = reader.GetString()!;
        return TensorDTypes.TryParse(text, out TensorDType dtype) ? dtype : throw Broken(name, $"has the unknown dtype '{Shown(text)}'");
    }

    private long[] ReadNumbers(ref Utf8JsonReader reader, string name, string field, int most)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
            throw Broken(name, $"has a '{field}' that is not an array");
        List<long> numbers = [];
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number || !reader.TryGetInt64(out long number))
                throw Broken(name, $"has a '{field}' with an entry that is not a 64-bit integer");
            if (number < 0)
                throw Broken(name, $"has the negative entry {number} in '{field}'");
            if (numbers.Count == most)
                throw Broken(name, $"has more than {most} entries in '{field}'");
            numbers.Add(number);
        }

        return [.. numbers];
    }

    private void CheckSize(string name, TensorDType dtype, long[] shape, long length)
    {
        try
        {
            long needed = dtype.Size();
            foreach (long size in shape)
                needed = checked(needed * size);
            if (needed != length)
                throw Broken(name, $"of shape {TensorInfo.Format(shape)} and dtype {dtype.HeaderName()} needs {needed} bytes, but its offsets give {length}");
        }
        catch (OverflowException)
        {
            throw Broken(name, $"has the shape {TensorInfo.Format(shape)}, whose size in bytes does not fit into 64 bits");
        }
    }

    private void CheckLayout(long dataStart, long dataLength)
    {
        long covered = 0;
        TensorInfo? previous = null;
        foreach (TensorInfo tensor in _tensors.Values.OrderBy(t => t.Offset).ThenBy(t => t.Length))
        {
            long begin = tensor.Offset - dataStart;
            if (begin < covered)
                throw Broken(tensor.Name, $"begins at byte {begin}, inside '{Shown(previous!.Name)}', which ends at {covered}");
            if (begin > covered)
                throw Broken(tensor.Name, $"begins at byte {begin}, but the tensors before it end at {covered}: a hole");
            covered += tensor.Length;
            previous = tensor;
        }

        if (covered < dataLength)
            throw Broken($"{dataLength - covered} bytes follow the last tensor");
    }

    private InvalidDataException Broken(string tensor, string fault) => Broken($"tensor '{Shown(tensor)}' {fault}");

    private InvalidDataException Broken(string fault) => new($"{_path}: {fault}");

    /// <summary>Shortens a name from the file to at most 120 characters, for messages.</summary>
    private static string Shown(string name) => name.Length <= 120 ? name : string.Concat(name.AsSpan(0, 120), "...");
}
