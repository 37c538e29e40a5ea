using CsCheck;
using Foreword.Data.Cleaning;
using Foreword.Data.Reading.Formats;

namespace Foreword.Data.Tests.Preparing;

/// <summary>Tests the optional steps before documents are tokenized: normalization, the length filter, and the search for duplicates.</summary>
public sealed class CorpusCleaningTests
{
    [Theory]
    [InlineData(TextNormalization.Newlines, "a\r\nb\rc\r\n", "a\nb\nc\n")]
    [InlineData(TextNormalization.Spaces, "a  \n\n \n\t\nb \n c ", "a\n\nb\n c ")]
    [InlineData(TextNormalization.Control, "\uFEFFa\u0000\u0007\tb\n\u0085", "a\tb\n")]
    [InlineData(TextNormalization.Newlines | TextNormalization.Spaces, "a \r\n\r\n\r\n\r\nb", "a\n\nb")]
    [InlineData(TextNormalization.None, "a \r\n", "a \r\n")]
    public void TextsAreMadeAlike(TextNormalization what, string text, string expected)
    {
        Assert.Equal(expected, TextNormalizer.Apply([new TextChunk(text, true)], what).Single().Text);
        Assert.Equal(expected, TextNormalizer.Apply(expected, what)); // a second time changes nothing
    }

    [Fact]
    public void ShortDocumentsAreLeftOutWholeAndLongOnesStreamed()
    {
        TextChunk[] pieces = [new("ab", false), new("c", true), new("ab", false), new("cd", false), new("e", true), new("", true), new("abcd", true)];
        LengthFilter filter = new(4);
        Assert.Equal([new("ab", false), new("cd", false), new("e", true), new("abcd", true)], filter.Apply(pieces));
        Assert.Equal(2, filter.LeftOut);
    }

    [Fact]
    public void OfTheSameTextTheFirstStays() =>
        Gen.Select(Gen.String[Gen.Char['a', 'b'], 0, 3].Array[0, 30], Gen.Int[1, 3]).Sample((texts, cut) =>
        {
            TextChunk[] pieces = [.. texts.SelectMany(text => text.Length > cut ? new[] { new TextChunk(text[..cut], false), new TextChunk(text[cut..], true) } : [new TextChunk(text, true)])];
            Duplicates duplicates = Duplicates.Find(pieces, Deduplication.Exact, 1, TestContext.Current.CancellationToken);
            return Joined(duplicates.Without(pieces)).SequenceEqual(texts.Distinct()) && duplicates.Count == texts.Length - texts.Distinct().Count();
        });

    [Fact]
    public void NearDuplicatesGoAndOthersStay()
    {
        string[] words = [.. Enumerable.Range(0, 4000).Select(i => $"w{(i * 7919) % 4001}")];
        string first = string.Join(' ', words[..1000]), other = string.Join(' ', words[1000..2000]);
        string near = string.Join(",  ", words[..1000].Select((word, i) => i == 500 ? "changed" : word.ToUpperInvariant())); // 5 of 996 sequences differ
        string half = string.Join(' ', words[..500].Concat(words[2000..2500]));
        TextChunk[] pieces = [.. new[] { first, other, near, half, "short", "short", "other" }.Select(text => new TextChunk(text, true))];
        Duplicates duplicates = Duplicates.Find(pieces, Deduplication.MinHash, 0.8, TestContext.Current.CancellationToken);
        Assert.Equal([first, other, half, "short", "other"], Joined(duplicates.Without(pieces)));
    }

    [Fact]
    public void SimilarityEstimatesTheShareOfCommonRuns()
    {
        for (int common = 0; common <= 1000; common += 250)
        {
            string a = string.Join(' ', Enumerable.Range(0, 1000).Select(i => $"a{i}")), b = string.Join(' ', Enumerable.Range(0, 1000).Select(i => i < common ? $"a{i}" : $"b{i}"));
            double share = Math.Max(0, common - 4) / (2.0 * 996 - Math.Max(0, common - 4));
            MinHash hash = new();
            hash.Add(a[..777]);
            hash.Add(a[777..]);
            ushort[] signature = hash.SignatureAndReset();
            hash.Add(b);
            Assert.InRange(MinHash.Similarity(signature, hash.SignatureAndReset()), share - 0.15, share + 0.15); // the standard deviation is 0.044
        }
    }

    private static IEnumerable<string> Joined(IEnumerable<TextChunk> pieces)
    {
        string text = "";
        foreach (TextChunk piece in pieces)
        {
            text += piece.Text;
            if (!piece.EndsDocument)
                continue;
            yield return text;
            text = "";
        }
    }
}
