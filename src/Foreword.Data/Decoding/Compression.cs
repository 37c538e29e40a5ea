using System.IO.Compression;
using System.Text;
using ZstdSharp;

namespace Foreword.Data.Decoding;

/// <summary>Files that end with <c>.gz</c> or <c>.zst</c>.</summary>
internal static class Compression
{
    private const string Gzip = ".gz", Zstandard = ".zst";

    static Compression() => StrictGzip.SwitchOn();

    /// <summary>What messages say about the endings.</summary>
    public static string Endings => $"{Gzip} or {Zstandard}";

    /// <summary>The name without the ending of its compression.</summary>
    public static string NameWithout(string name) => IsCompressed(name) ? Path.ChangeExtension(name, null) : name;

    /// <summary>The bytes within, read from a stream that stays open; null where the name says that they are not compressed.</summary>
    public static Stream? Open(Stream stream, string name) => EndingOf(name) switch
    {
        Gzip => new GZipStream(stream, CompressionMode.Decompress, leaveOpen: true),
        Zstandard => new DecompressionStream(stream, leaveOpen: true),
        _ => null,
    };

    /// <summary>The items, with the file's name in what a decompressor or decoder says, which does not know it.</summary>
    /// <exception cref="InvalidDataException">The data is damaged or not UTF-8.</exception>
    public static IEnumerable<T> Named<T>(IEnumerable<T> items, string name)
    {
        using IEnumerator<T> enumerator = items.GetEnumerator();
        while (Next(enumerator, name))
            yield return enumerator.Current;
    }

    private static bool Next<T>(IEnumerator<T> items, string name)
    {
        try
        {
            return items.MoveNext();
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"{name} is not UTF-8 text: {problem.Message.TrimEnd('.')}", problem);
        }
        catch (Exception problem) when (problem is ZstdException or EndOfStreamException || (problem is InvalidDataException && !problem.Message.Contains(name, StringComparison.Ordinal)))
        {
            throw new InvalidDataException($"{name}: the data is damaged ({problem.Message.TrimEnd('.')})", problem);
        }
    }

    private static bool IsCompressed(string name) => EndingOf(name) is Gzip or Zstandard;

    private static string EndingOf(string name) => Path.GetExtension(name).ToLowerInvariant();
}
