using System.Runtime.InteropServices;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Unicode;
using Foreword.Data.Tables;
using Foreword.IO;

namespace Foreword.Data.Reading.Formats;

/// <summary>
/// Reads a JSON file with one list. Each element is a document: a string, as in GPT2-Chinese's <c>train.json</c>, or an object with the text field. The
/// elements are read one by one, so memory does not grow with the list. Empty texts are skipped. A lone surrogate becomes U+FFFD.
/// </summary>
internal sealed class JsonListFormat : IDocumentFormat
{
    public IReadOnlyList<string> Extensions { get; } = [".json"];

    public IEnumerable<TextChunk> Read(Stream stream, string path, string textField)
    {
        using Utf8Stream bytes = new(stream, path);
        if (bytes.FirstByte() != '[')
            throw MissingColumnException.Of($"{path}: expected one list of texts, [\"...\", \"...\"]; for an object per line, use .jsonl");
        using IEnumerator<JsonElement> elements = JsonSerializer.DeserializeAsyncEnumerable(bytes, JsonElementJson.Default.JsonElement).ToBlockingEnumerable().GetEnumerator();
        for (long i = 0; MoveNext(elements, path); i++)
        {
            if (TextOf(elements.Current, $"{path}[{i}]", textField) is { Length: > 0 } text)
                yield return new TextChunk(text, EndsDocument: true);
        }
    }

    private static bool MoveNext(IEnumerator<JsonElement> elements, string path)
    {
        try
        {
            return elements.MoveNext();
        }
        catch (JsonException problem)
        {
            throw JsonFile.Broken(path, problem);
        }
    }

    private static string TextOf(JsonElement element, string place, string textField)
    {
        if (element.ValueKind == JsonValueKind.Object)
            element = element.TryGetProperty(textField, out JsonElement text) ? text : throw MissingColumnException.Of($"{place}: no field \"{textField}\"");
        if (element.ValueKind != JsonValueKind.String)
            throw new InvalidDataException($"{place} is {Name(element.ValueKind)}, not a text");
        ReadOnlySpan<byte> raw = JsonMarshal.GetRawUtf8Value(element);
        return Utf8.IsValid(raw) ? JsonText.Repair(JsonText.Unescape(element.GetRawText().AsSpan()[1..^1])) : throw new InvalidDataException($"{place}: the text is not UTF-8");
    }

    private static string Name(JsonValueKind kind) => kind switch
    {
        JsonValueKind.Array => "a list",
        JsonValueKind.Object => "an object",
        JsonValueKind.Number => "a number",
        JsonValueKind.Null => "null",
        _ => "true or false",
    };

    /// <summary>A stream over <see cref="Utf8Bytes"/>, whose first byte can be looked at.</summary>
    private sealed class Utf8Stream(Stream stream, string path) : Stream
    {
        private readonly Utf8Bytes _bytes = new(stream, path);
        private readonly byte[] _buffer = new byte[1 << 16];
        private int _start, _end;

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        /// <summary>Returns the first byte that is not white space; null if there is none. It remains to be read.</summary>
        public byte? FirstByte()
        {
            while (Fill())
            {
                int at = _buffer.AsSpan(_start, _end - _start).IndexOfAnyExcept(" \t\r\n"u8);
                if (at >= 0)
                    return _buffer[_start += at];
                _start = _end;
            }

            return null;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override int Read(Span<byte> buffer)
        {
            if (!Fill())
                return 0;
            int count = Math.Min(buffer.Length, _end - _start);
            _buffer.AsSpan(_start, count).CopyTo(buffer);
            _start += count;
            return count;
        }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private bool Fill()
        {
            if (_start == _end)
                (_start, _end) = (0, _bytes.Read(_buffer));
            return _start < _end;
        }
    }
}

[JsonSerializable(typeof(JsonElement))]
internal sealed partial class JsonElementJson : JsonSerializerContext;
