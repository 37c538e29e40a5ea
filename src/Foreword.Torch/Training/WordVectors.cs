using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using Foreword.Data.Decoding;

namespace Foreword.Torch.Training;

/// <summary>
/// The word vectors, read from a file of GloVe or word2vec. GloVe writes text: a word and its numbers on each line. word2vec writes a line with
/// two counts (words, width) first. The same text follows, or binary data: a word, a space, and its numbers as little-endian float32. Each
/// file may be compressed (<c>.gz</c> or <c>.zst</c>).
/// </summary>
/// <param name="Width">Number of values of each vector.</param>
/// <param name="Vectors">The vectors of the requested words that the file contains. If a word occurs twice, the first vector counts.</param>
internal sealed record WordVectors(int Width, IReadOnlyDictionary<string, float[]> Vectors)
{
    /// <summary>Bytes of the longest word. If a word is longer, the file has another format.</summary>
    private const int LongestWord = 4096;

    /// <summary>Reads the vectors of the requested words. The memory needed grows with the number of words found, not with the file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="words">The requested words.</param>
    /// <param name="cancellationToken">Cancels the reading.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file has another format or is damaged. The message names the file and the line or word.</exception>
    public static WordVectors Read(string path, IReadOnlySet<string> words, CancellationToken cancellationToken = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(words);
        if (!File.Exists(path))
            throw new FileNotFoundException($"there is no file of word vectors {path}", path);
        (bool binary, bool hasCounts) = KindOf(path);
        using FileStream file = File.OpenRead(path);
        using Stream? unpacked = Compression.Open(file, path);
        using BufferedStream source = new(unpacked ?? file, 1 << 16);
        return binary ? ReadBinary(source, path, words, cancellationToken) : ReadText(source, path, hasCounts, words, cancellationToken);
    }

    /// <summary>Detects the format from the first two lines: whether there are two counts, and whether numbers as text follow them.</summary>
    private static (bool Binary, bool HasCounts) KindOf(string path)
    {
        using FileStream file = File.OpenRead(path);
        using Stream? unpacked = Compression.Open(file, path);
        using BufferedStream source = new(unpacked ?? file, 1 << 12);
        string[] first = Line(source).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (first.Length != 2 || !first.All(word => int.TryParse(word, NumberStyles.None, CultureInfo.InvariantCulture, out _)))
            return (false, false);
        string[] second = Line(source).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        int width = int.Parse(first[1], CultureInfo.InvariantCulture);
        bool text = second.Length == width + 1 && second[1..].All(number => float.TryParse(number, NumberStyles.Float, CultureInfo.InvariantCulture, out _));
        return (!text, true);
    }

    private static string Line(Stream source)
    {
        List<byte> bytes = [];
        for (int value; (value = source.ReadByte()) is >= 0 and not '\n' && bytes.Count < 1 << 20;)
            bytes.Add((byte)value);
        return Encoding.UTF8.GetString([.. bytes]).TrimEnd('\r');
    }

    private static WordVectors ReadText(Stream source, string path, bool hasCounts, IReadOnlySet<string> words, CancellationToken cancellationToken)
    {
        using StreamReader reader = new(source, new UTF8Encoding(false), detectEncodingFromByteOrderMarks: true, 1 << 16, leaveOpen: true);
        Dictionary<string, float[]> vectors = new(StringComparer.Ordinal);
        int width = 0;
        long number = 0;
        while (reader.ReadLine() is { } line)
        {
            cancellationToken.ThrowIfCancellationRequested();
            number++;
            if ((number == 1 && hasCounts) || line.Length == 0)
                continue;
            string[] fields = line.TrimEnd(' ').Split(' ');
            if (width == 0)
                width = fields.Length - 1;
            // A word may itself contain spaces (some in GloVe 840B do), so the numbers are the last fields of the line.
            if (width < 1 || fields.Length < width + 1)
                throw new InvalidDataException($"{path}:{number}: the line has {Math.Max(0, fields.Length - 1)} numbers after its word; expected {(width < 1 ? "at least one" : $"{width}")}");
            string word = string.Join(' ', fields[..^width]);
            if (words.Contains(word) && !vectors.ContainsKey(word))
                vectors.Add(word, Numbers(fields[^width..], path, number));
        }

        return width > 0 ? new WordVectors(width, vectors) : throw new InvalidDataException($"{path} holds no word vectors");
    }

    private static float[] Numbers(string[] fields, string path, long line) => [.. fields.Select(field =>
        float.TryParse(field, NumberStyles.Float, CultureInfo.InvariantCulture, out float value) && float.IsFinite(value)
            ? value
            : throw new InvalidDataException($"{path}:{line}: '{field}' is not a number"))];

    private static WordVectors ReadBinary(Stream source, string path, IReadOnlySet<string> words, CancellationToken cancellationToken)
    {
        int[] counts = [.. Line(source).Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(count => int.Parse(count, CultureInfo.InvariantCulture))];
        (int count, int width) = (counts[0], counts[1]);
        if (width is < 1 or > 1 << 16)
            throw new InvalidDataException($"{path}:1: {width} numbers per word are not possible; expected 1 to 65536");
        Dictionary<string, float[]> vectors = new(StringComparer.Ordinal);
        byte[] numbers = new byte[width * sizeof(float)];
        for (int i = 0; i < count; i++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            string word = Word(source, path, i);
            if (source.ReadAtLeast(numbers, numbers.Length, throwOnEndOfStream: false) < numbers.Length)
                throw new InvalidDataException($"{path}: the file ends inside the vector of word {i + 1} of {count}, '{word}'");
            if (words.Contains(word) && !vectors.ContainsKey(word))
                vectors.Add(word, [.. Enumerable.Range(0, width).Select(n => BinaryPrimitives.ReadSingleLittleEndian(numbers.AsSpan(n * sizeof(float))))]);
        }

        return new WordVectors(width, vectors);
    }

    private static string Word(Stream source, string path, int number)
    {
        List<byte> bytes = [];
        while (true)
        {
            int value = source.ReadByte();
            if (value < 0 || bytes.Count > LongestWord)
                throw new InvalidDataException($"{path}: word {number + 1} {(value < 0 ? "is missing: the file ends" : $"is longer than {LongestWord} bytes: the file is not a word2vec file")}");
            if (value == ' ')
                return Encoding.UTF8.GetString([.. bytes]);
            if (value != '\n' || bytes.Count > 0) // word2vec ends each vector with a line feed; other programs do not
                bytes.Add((byte)value);
        }
    }
}
