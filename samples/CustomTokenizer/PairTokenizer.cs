using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Foreword.Tokenization;

namespace CustomTokenizer;

/// <summary>
/// Encodes frequent pairs of characters as one token each, and every other character as its UTF-8 bytes. Ids 0 to 255 are the bytes, and 256 is the end
/// of a text. The pairs follow.
/// </summary>
internal sealed class PairTokenizer : Tokenizer
{
    public const string KindName = "pairs";
    public const string FileName = "pairs.json";
    public const int FirstPair = 257;

    private const int EndOfText = 256;

    private readonly string[] _pairs;
    private readonly byte[][] _bytes;
    private readonly Dictionary<string, int>.AlternateLookup<ReadOnlySpan<char>> _ids;

    /// <summary>Creates the tokenizer from its pairs, in the order of their ids.</summary>
    /// <exception cref="ArgumentException">A text is not a pair of characters, or occurs twice.</exception>
    public PairTokenizer(IReadOnlyList<string> pairs)
    {
        if (pairs.FirstOrDefault(pair => pair.Length != 2) is { } strange)
            throw new ArgumentException($"'{strange}' is not a pair of characters", nameof(pairs));
        _pairs = [.. pairs];
        _bytes = [.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }), Encoding.UTF8.GetBytes(AddedToken.EndOfText), .. pairs.Select(Encoding.UTF8.GetBytes)];
        Dictionary<string, int> ids = new(StringComparer.Ordinal);
        for (int i = 0; i < _pairs.Length; i++)
            ids.Add(_pairs[i], FirstPair + i);
        _ids = ids.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public override string Kind => KindName;

    public override int VocabSize => _bytes.Length;

    public override int? EndOfTextId => EndOfText;

    public override IReadOnlyList<AddedToken> AddedTokens { get; } = [new(AddedToken.EndOfText, EndOfText)];

    public override string Fingerprint => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"pairs 1\0{string.Join('\0', _pairs)}")));

    /// <summary>Reads the tokenizer of a directory.</summary>
    /// <exception cref="InvalidDataException">The file does not hold a list of pairs.</exception>
    public static PairTokenizer Read(string directory)
    {
        string path = Path.Combine(directory, FileName);
        try
        {
            return new PairTokenizer(JsonSerializer.Deserialize<string[]>(File.ReadAllText(path)) ?? []);
        }
        catch (Exception problem) when (problem is JsonException or ArgumentException)
        {
            throw new InvalidDataException($"{path}: {problem.Message}", problem);
        }
    }

    /// <summary>Writes the file under another name first, so that it is there completely or not at all.</summary>
    public override void Save(string directory)
    {
        string path = Path.Combine(directory, FileName);
        File.WriteAllText(path + ".tmp", JsonSerializer.Serialize(_pairs));
        File.Move(path + ".tmp", path, overwrite: true);
    }

    public override ReadOnlySpan<byte> TokenBytes(int id)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(id);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(id, VocabSize);
        return _bytes[id];
    }

    public override string TokenText(int id) => id < EndOfText ? $"<0x{TokenBytes(id)[0]:X2}>" : Encoding.UTF8.GetString(TokenBytes(id));

    /// <summary>Returns nothing: every character has its bytes.</summary>
    public override IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text) => [];

    protected override void EncodePlain(ReadOnlySpan<char> text, List<int> ids)
    {
        Span<byte> bytes = stackalloc byte[4];
        while (!text.IsEmpty)
        {
            if (text.Length >= 2 && _ids.TryGetValue(text[..2], out int pair))
            {
                ids.Add(pair);
                text = text[2..];
                continue;
            }

            _ = Rune.DecodeFromUtf16(text, out Rune rune, out int used); // a lone surrogate becomes U+FFFD
            foreach (byte value in bytes[..rune.EncodeToUtf8(bytes)])
                ids.Add(value);
            text = text[used..];
        }
    }
}
