using System.Text;
using Foreword.Tokenization;

namespace Foreword.Data.Tests;

/// <summary>A tokenizer with one id per byte, and 256 as the end of a text. Its ids are easy to read.</summary>
internal sealed class ByteTokenizer(int? endOfText = ByteTokenizer.EndOfText) : Tokenizer
{
    public const int EndOfText = 256;

    public override string Kind => "bytes";

    public override int VocabSize => 257;

    public override int? EndOfTextId => endOfText;

    public override string Fingerprint => "bytes";

    public override IReadOnlyList<AddedToken> AddedTokens => [];

    public override IReadOnlyList<Rune> LostCharacters(ReadOnlySpan<char> text) => [];

    protected override void EncodePlain(ReadOnlySpan<char> text, List<int> ids)
    {
        foreach (byte b in Encoding.UTF8.GetBytes(text.ToArray()))
            ids.Add(b);
    }

    public override ReadOnlySpan<byte> TokenBytes(int id) => id < 256 ? new[] { (byte)id } : [];

    public override string TokenText(int id) => id == EndOfText ? "<end>" : $"{id:x2}";

    public override void Save(string directory) => File.WriteAllText(Path.Combine(directory, "bytes.txt"), "bytes");
}
