using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using Foreword.IO;

namespace Foreword.Weights.OpenAi;

/// <summary>Reads one-dimensional float32 arrays in NumPy's <c>.npy</c> format (numpy.lib.format, versions 1 to 3).</summary>
internal static partial class NpyArray
{
    /// <summary>The largest number of bytes of a header that is read. NumPy writes 118 bytes for such an array.</summary>
    private const int LongestHeader = 4096;

    /// <summary>Gets the bytes that every .npy file begins with.</summary>
    public static ReadOnlySpan<byte> Mark => [0x93, (byte)'N', (byte)'U', (byte)'M', (byte)'P', (byte)'Y'];

    /// <summary>Reads the header and returns the position of the numbers.</summary>
    /// <exception cref="InvalidDataException">The file is not a .npy file, or holds something other than a one-dimensional float32 array.</exception>
    public static StoredElements Read(MappedFile file)
    {
        string path = file.Path;
        if (file.Length < 12 || !file.Bytes(0, 6).SequenceEqual(Mark))
            throw new InvalidDataException($"{path}: not a .npy file");
        byte version = file.Bytes(6, 1)[0];
        if (version is < 1 or > 3)
            throw new InvalidDataException($"{path}: version {version} of the .npy format is not supported");
        int start = version == 1 ? 10 : 12;
        uint length = version == 1 ? BinaryPrimitives.ReadUInt16LittleEndian(file.Bytes(8, 2)) : BinaryPrimitives.ReadUInt32LittleEndian(file.Bytes(8, 4));
        if (length > Math.Min(LongestHeader, file.Length - start))
            throw new InvalidDataException($"{path}: the header claims {length} bytes; the file has {file.Length}");
        string header = Encoding.Latin1.GetString(file.Bytes(start, (int)length)).TrimEnd(' ', '\n');
        if (Header().Match(header) is not { Success: true } match || !long.TryParse(match.Groups["count"].Value, NumberStyles.None, CultureInfo.InvariantCulture, out long count))
            throw new InvalidDataException($"{path}: the header is {header}; only one-dimensional arrays of '<f4' (little-endian float32) are supported");
        long data = start + length;
        return count <= (file.Length - data) / sizeof(float) && data + count * sizeof(float) == file.Length
            ? new StoredElements(file, data, count)
            : throw new InvalidDataException($"{path}: the header declares {count} numbers, but {file.Length - data} bytes follow it");
    }

    /// <summary>Matches a header as NumPy writes it, including the L that Python 2 wrote on Windows.</summary>
    [GeneratedRegex(@"^\{'descr': '<f4', 'fortran_order': (True|False), 'shape': \((?<count>[0-9]+)L?,\), \}$")]
    private static partial Regex Header();
}
