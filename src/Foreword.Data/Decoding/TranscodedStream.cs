using System.Text;

namespace Foreword.Data.Decoding;

/// <summary>
/// A stream that converts text of any encoding to UTF-8, block by block. Invalid bytes are an error that names their position in the file.
/// </summary>
/// <param name="source">The bytes; the caller disposes the stream.</param>
/// <param name="path">The file's name, for error messages.</param>
/// <param name="encoding">The encoding of a text without a byte order mark; null for UTF-8, which is passed through unchecked.</param>
internal sealed class TranscodedStream(Stream source, string path, TextEncoding? encoding) : Stream
{
    /// <summary>Number of bytes in a block. A block grows if it has no position at which it can be cut.</summary>
    private const int BlockLength = 1 << 16;

    /// <summary>In all supported multi-byte encodings, a byte below this value is a whole character. It is never a part of a longer one.</summary>
    private const byte FirstTrailByte = 0x30;

    private byte[] _block = new byte[BlockLength];
    private int _filled; // bytes of the block that were read and are not yet decoded
    private long _position; // position of the block's first byte in the file
    private byte[] _decoded = [];
    private int _next; // first decoded byte that was not yet returned
    private bool _started, _ended;
    private TextEncoding? _encoding = encoding;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override int Read(Span<byte> buffer)
    {
        if (!_started)
            Start();
        if (_next == _decoded.Length && _encoding is null)
            return _ended ? 0 : source.Read(buffer);
        while (_next == _decoded.Length && !(_ended && _filled == 0))
            Decode();
        int count = Math.Min(buffer.Length, _decoded.Length - _next);
        _decoded.AsSpan(_next, count).CopyTo(buffer);
        _next += count;
        return count;
    }

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    private void Start()
    {
        _started = true;
        Fill();
        int mark = 0;
        if (TextEncoding.OfByteOrderMark(_block.AsSpan(0, _filled)) is { } found)
            (_encoding, mark) = found;
        if (_encoding is null)
        {
            _decoded = _block[.._filled];
            _filled = 0;
            return;
        }

        Drop(mark);
    }

    private void Fill()
    {
        int count = source.ReadAtLeast(_block.AsSpan(_filled), _block.Length - _filled, throwOnEndOfStream: false);
        _filled += count;
        _ended |= _filled < _block.Length;
    }

    private void Drop(int count)
    {
        _block.AsSpan(count, _filled - count).CopyTo(_block);
        _filled -= count;
        _position += count;
    }

    /// <summary>Decodes the complete characters of the next block. The bytes after them become the start of the following block.</summary>
    private void Decode()
    {
        Fill();
        int whole = _ended ? _filled : WholeCharacters(_block.AsSpan(0, _filled));
        if (whole == 0 && !_ended)
        {
            Array.Resize(ref _block, 2 * _block.Length);
            return;
        }

        ReadOnlySpan<byte> bytes = _block.AsSpan(0, whole);
        char[] characters;
        try
        {
            characters = new char[_encoding!.Decoding.GetCharCount(bytes)];
            _encoding.Decoding.GetChars(bytes, characters);
        }
        catch (DecoderFallbackException problem)
        {
            throw Wrong(PlaceOf(bytes, character: null), problem);
        }

        if (characters.AsSpan().Contains('\0'))
            throw new InvalidDataException($"{path} is binary, not text in {_encoding.Name}: byte {_position + PlaceOf(bytes, '\0')} is NUL");
        int undefined = Array.FindIndex(characters, _encoding.IsUndefined);
        if (undefined >= 0)
            throw Wrong(PlaceOf(bytes, characters[undefined]), null);
        bool mark = _position == 0 && characters is ['\uFEFF', ..]; // a mark that the encoding has of its own, such as GB18030's
        _decoded = Encoding.UTF8.GetBytes(characters, mark ? 1 : 0, characters.Length - (mark ? 1 : 0));
        _next = 0;
        Drop(whole);
    }

    private InvalidDataException Wrong(int place, Exception? cause) => new($"{path}: byte {_position + place} begins a sequence that is not {_encoding!.Name}", cause);

    /// <summary>Returns the number of bytes at the start that are complete characters; 0 if no position is certain.</summary>
    private int WholeCharacters(ReadOnlySpan<byte> bytes)
    {
        Encoding decoding = _encoding!.Decoding;
        if (decoding.IsSingleByte)
            return bytes.Length;
        if (decoding is UTF32Encoding)
            return bytes.Length & ~3;
        if (decoding is UnicodeEncoding)
        {
            int even = bytes.Length & ~1;
            byte high = decoding.CodePage == Encoding.Unicode.CodePage ? bytes[even - 1] : bytes[even - 2];
            return high is >= 0xD8 and <= 0xDB ? even - 2 : even; // the second half of a surrogate pair follows
        }

        int last = bytes.LastIndexOfAnyInRange((byte)0, (byte)(FirstTrailByte - 1));
        return last + 1;
    }

    /// <summary>
    /// Returns the position of the first invalid sequence, or of the first occurrence of a character, by decoding again byte by byte.
    /// </summary>
    private int PlaceOf(ReadOnlySpan<byte> bytes, char? character)
    {
        Decoder decoder = _encoding!.Decoding.GetDecoder();
        Span<char> decoded = stackalloc char[8];
        int begin = 0;
        for (int i = 0; i < bytes.Length; i++)
        {
            try
            {
                int count = decoder.GetChars(bytes.Slice(i, 1), decoded, flush: i == bytes.Length - 1);
                if (count == 0)
                    continue;
                if (character is { } wanted && decoded[..count].Contains(wanted))
                    return begin;
                begin = i + 1;
            }
            catch (DecoderFallbackException)
            {
                return begin;
            }
        }

        return begin;
    }
}
