using System.Buffers;
using System.Text.Unicode;
using Foreword.Data.Decoding;

namespace Foreword.Data.Reading.Formats;

/// <summary>Reads the bytes of a file that should be UTF-8 text. It drops a byte order mark and names the file in error messages.</summary>
internal sealed class Utf8Bytes(Stream stream, string path)
{
    private bool _started;

    /// <summary>Gets the number of bytes read so far, including the byte order mark.</summary>
    public long Position { get; private set; }

    /// <summary>Reads until <paramref name="buffer"/> is full or the file ends. Returns the number of bytes.</summary>
    /// <exception cref="InvalidDataException">The file's gzip data is damaged.</exception>
    public int Read(Span<byte> buffer)
    {
        int count = ReadFully(buffer);
        if (_started)
            return count;
        _started = true;
        ReadOnlySpan<byte> first = buffer[..count];
        if (!first.StartsWith<byte>([0xEF, 0xBB, 0xBF]))
            return count;
        first[3..].CopyTo(buffer);
        return count - 3 + ReadFully(buffer[(count - 3)..]);
    }

    private int ReadFully(Span<byte> buffer)
    {
        try
        {
            int count = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            Position += count;
            return count;
        }
        catch (InvalidDataException problem) when (!problem.Message.StartsWith(path, StringComparison.Ordinal)) // thrown by the decompressor, which does not know the file's name
        {
            throw new InvalidDataException($"{path}: damaged gzip data after byte {Position} of the text ({problem.Message.TrimEnd('.')})", problem);
        }
    }
}

/// <summary>Decodes <see cref="Utf8Bytes"/> strictly. Invalid sequences are never replaced, and binary data is an error.</summary>
internal sealed class Utf8Characters(Stream stream, string path)
{
    private readonly Utf8Bytes _source = new(stream, path);
    private readonly byte[] _bytes = new byte[1 << 16];
    private int _start;
    private int _end;
    private bool _sourceEnded;

    /// <summary>Gets whether all characters were returned.</summary>
    public bool AtEnd => _sourceEnded && _start == _end;

    /// <summary>Decodes until the file ends or <paramref name="destination"/> has no room for the next character.</summary>
    /// <returns>The number of UTF-16 code units written.</returns>
    /// <exception cref="InvalidDataException">A byte sequence is not UTF-8, or a byte is NUL.</exception>
    public int Fill(Span<char> destination)
    {
        int written = 0;
        while (true)
        {
            OperationStatus status = Utf8.ToUtf16(
                _bytes.AsSpan(_start, _end - _start), destination[written..], out int bytes, out int characters, replaceInvalidSequences: false, _sourceEnded);
            _start += bytes;
            written += characters;
            if (status == OperationStatus.InvalidData)
                throw new InvalidDataException($"{path}: byte {_source.Position - (_end - _start)} begins a sequence that is not UTF-8; {TextEncoding.OtherEncodings}");
            if (status == OperationStatus.DestinationTooSmall || _sourceEnded)
                return written;
            ReadMore();
        }
    }

    private void ReadMore()
    {
        int rest = _end - _start; // the start of a sequence that the end of the last block cut
        _bytes.AsSpan(_start, rest).CopyTo(_bytes);
        int count = _source.Read(_bytes.AsSpan(rest));
        int nul = _bytes.AsSpan(rest, count).IndexOf((byte)0);
        if (nul >= 0)
            throw new InvalidDataException($"{path} is binary, not text: byte {_source.Position - count + nul} is NUL; {TextEncoding.OtherEncodings}");
        _sourceEnded = rest + count < _bytes.Length;
        (_start, _end) = (0, rest + count);
    }
}
