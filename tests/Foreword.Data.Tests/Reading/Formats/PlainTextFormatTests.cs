using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using Foreword.Data.Reading.Formats;
using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;

namespace Foreword.Data.Tests.Reading.Formats;

public sealed partial class PlainTextFormatTests
{
    /// <summary>
    /// Gets GPT-2's pattern as in the paper's code. It is sufficient here, because the texts stay inside the basic multilingual plane.
    /// </summary>
    [GeneratedRegex(@"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+")]
    private static partial Regex Gpt2Chunks { get; }

    [Fact]
    public void PiecesHaveTheChunksOfTheWholeText() =>
        Gen.OneOf([.. ((string[])["a", "bc", "'s", "'", "1", "!", " ", "  ", "\n", "\r\n", "\t", "\u00a0", "\u3000", "é", "中"]).Select(Gen.Const)])
            .Array[0, 400].Select(string.Concat)
            .Sample(text =>
            {
                TextChunk[] pieces = [.. Pieces(text, 16, 1 << 20)];
                Assert.Equal(text, string.Concat(pieces.Select(p => p.Text)));
                Assert.Equal(Chunks(text), pieces.SelectMany(p => Chunks(p.Text)));
                Assert.Equal(pieces.Select((_, i) => i == pieces.Length - 1), pieces.Select(p => p.EndsDocument));
            });

    [Fact]
    public void PiecesHaveTheIdsOfTheWholeText()
    {
        Tokenizer gpt2 = TokenizerFiles.Load(Fixtures.Path("gpt2-vocab"));
        string text = File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"));
        TextChunk[] pieces = [.. Pieces(text, 256, 1 << 20)];
        Assert.InRange(pieces.Length, text.Length / 256, text.Length);
        Assert.Equal(gpt2.Encode(text), pieces.SelectMany(p => gpt2.Encode(p.Text)));
    }

    [Fact]
    public void OrdinaryTextComesInPiecesOfOrdinaryLength()
    {
        string text = string.Concat(Enumerable.Range(0, 2_000).Select(i => $"Line {i} of a text with windows breaks.\r\n"));
        int[] lengths = [.. Pieces(text, 1_000, 16_000).Select(p => p.Text.Length)];
        Assert.All(lengths[..^1], length => Assert.InRange(length, 501, 1_000));
    }

    [Fact]
    public void TextWithoutWhiteSpaceIsCutBetweenCharacters()
    {
        string text = string.Concat(Enumerable.Repeat("\U0001F600é", 1_001));
        TextChunk[] pieces = [.. Pieces(text, 8, 32)];
        Assert.Equal(text, string.Concat(pieces.Select(p => p.Text)));
        Assert.All(pieces, piece =>
        {
            Assert.InRange(piece.Text.Length, 1, 32);
            Assert.False(char.IsLowSurrogate(piece.Text[0]) || char.IsHighSurrogate(piece.Text[^1]));
        });
    }

    private static IEnumerable<TextChunk> Pieces(string text, int length, int longest) =>
        new PlainTextFormat(length, longest).Read(new MemoryStream(Encoding.UTF8.GetBytes(text)), "memory", "");

    private static IEnumerable<string> Chunks(string text) => Gpt2Chunks.Matches(text).Select(m => m.Value);
}
