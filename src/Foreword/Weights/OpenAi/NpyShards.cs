using System.Globalization;
using System.Text;

namespace Foreword.Weights.OpenAi;

/// <summary>
/// A stream that writes float32 numbers to several one-dimensional <c>.npy</c> files. The sizes are those of <c>numpy.array_split</c>: all files have
/// the same length, except that the first ones are longer by one if the numbers do not divide evenly. A write can cross the border between two files.
/// </summary>
internal sealed class NpyShards : Stream
{
    private readonly Func<int, string> _path;
    private readonly long _shortest;
    private readonly long _longer;
    private readonly int _count;
    private FileStream? _file;
    private int _number;
    private long _left; // number of bytes that the open file still needs

    /// <param name="path">Returns the path of a file from its number: 0, 1 ...</param>
    /// <param name="elements">The number of numbers that will be written.</param>
    /// <param name="count">The number of files.</param>
    public NpyShards(Func<int, string> path, long elements, int count) =>
        (_path, _count, _shortest, _longer) = (path, count, elements / count, elements % count);

    public override bool CanRead => false;

    public override bool CanSeek => false;

    public override bool CanWrite => true;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override void Write(ReadOnlySpan<byte> buffer)
    {
        while (!buffer.IsEmpty)
        {
            if (_left == 0)
                Next();
            int count = (int)Math.Min(buffer.Length, _left);
            _file!.Write(buffer[..count]);
            _left -= count;
            buffer = buffer[count..];
        }
    }

    public override void Write(byte[] buffer, int offset, int count) => Write(buffer.AsSpan(offset, count));

    /// <summary>Completes the last file and forces it to the disk. Files for which no numbers are left are written as empty arrays.</summary>
    public override void Flush()
    {
        while (_left == 0 && _number < _count)
            Next();
        Close(_file);
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        _file?.Dispose();
        base.Dispose(disposing);
    }

    private void Next()
    {
        if (_number == _count)
            throw new ArgumentException("more numbers than were declared");
        Close(_file);
        long elements = _shortest + (_number < _longer ? 1 : 0);
        _file = new FileStream(_path(_number++), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1 << 16);
        _file.Write(Header(elements));
        _left = elements * sizeof(float);
    }

    private static void Close(FileStream? file)
    {
        file?.Flush(flushToDisk: true);
        file?.Dispose();
    }

    /// <summary>Returns the header of a file. As in NumPy, it is padded with spaces to a multiple of 64 bytes and ends with a line feed.</summary>
    private static byte[] Header(long elements)
    {
        string fields = string.Create(CultureInfo.InvariantCulture, $"{{'descr': '<f4', 'fortran_order': False, 'shape': ({elements},), }}");
        int length = (10 + fields.Length + 1 + 63) / 64 * 64 - 10;
        return [.. NpyArray.Mark, 1, 0, (byte)length, (byte)(length >> 8), .. Encoding.ASCII.GetBytes(fields.PadRight(length - 1)), (byte)'\n'];
    }
}
