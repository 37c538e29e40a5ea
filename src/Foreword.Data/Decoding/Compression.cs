using System.IO.Compression;
using System.Text;
using ZstdSharp;

namespace Foreword.Data.Decoding;

/// <summary>Reads compressed files, whose names end with <c>.gz</c> or <c>.zst</c>.</summary>
internal static class Compression
{
    private const string Gzip = ".gz", Zstandard = ".zst";

    static Compression() => StrictGzip.SwitchOn();

    /// <summary>Gets the extensions, for error messages.</summary>
    public static string Endings => $"{Gzip} or {Zstandard}";

    /// <summary>Returns a file name without the extension of its compression.</summary>
    public static string NameWithout(string name) => IsCompressed(name) ? Path.ChangeExtension(name, null) : name;

    /// <summary>Decompresses a stream, which stays open; returns null if the name is not that of a compressed file.</summary>
    public static Stream? Open(Stream stream, string name) => EndingOf(name) switch
    {
        Gzip => new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true),
        Zstandard => new DecompressionStream(stream, leaveOpen: true),
        _ => null,
    };

    /// <summary>Enumerates items, and adds the file's name to the errors of a decompressor or decoder, which does not know the name.</summary>
    /// <param name="items">The items.</param>
    /// <param name="name">The name of the file.</param>
    /// <param name="advice">What to do about text that is not UTF-8; empty for no advice.</param>
    /// <exception cref="InvalidDataException">The data is damaged or is not UTF-8.</exception>
    public static IEnumerable<T> Named<T>(IEnumerable<T> items, string name, string advice = "")
    {
        string further = advice.Length > 0 ? $"; {advice}" : "";
        using IEnumerator<T> enumerator = items.GetEnumerator();
        while (Next(enumerator, name, further))
            yield return enumerator.Current;
    }

    private static bool Next<T>(IEnumerator<T> items, string name, string advice)
    {
        try
        {
            return items.MoveNext();
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"{name} is not UTF-8 text (it holds the bytes {Convert.ToHexString(problem.BytesUnknown ?? [])}){advice}", problem);
        }
        catch (InvalidDataException problem) when (problem.InnerException is DecoderFallbackException && advice.Length > 0)
        {
            throw new InvalidDataException($"{problem.Message}{advice}", problem);
        }
        catch (Exception problem) when (problem is ZstdException or EndOfStreamException || (problem is InvalidDataException && !problem.Message.Contains(name, StringComparison.Ordinal)))
        {
            throw new InvalidDataException($"{name}: the data is damaged ({problem.Message.TrimEnd('.')})", problem);
        }
    }

    private static bool IsCompressed(string name) => EndingOf(name) is Gzip or Zstandard;

    private static string EndingOf(string name) => Path.GetExtension(name).ToLowerInvariant();
}
