using System.Text;
using System.Text.Json;
using CsCheck;
using Foreword.Tests.Tokenization.Bpe;
using Foreword.Tokenization;
using Foreword.Tokenization.Bpe;
using Foreword.Tokenization.ByteLevel;

namespace Foreword.Tests.Tokenization.ByteLevel;

public sealed class ByteLevelBpeTests
{
    private static readonly ByteLevelBpe Tokenizer = Gpt2.Tokenizer;

    [Fact]
    public void EveryGoldenTextHasTheGoldenIdsAndTokensAndComesBack()
    {
        List<JsonElement> lines = Gpt2.Lines("golden/tokenizers/gpt2.jsonl");
        Assert.Equal(447, lines.Count);
        foreach (JsonElement line in lines)
        {
            string text = line.GetProperty("text").GetString()!;
            int[] ids = Tokenizer.Encode(text);
            Assert.Equal(line.GetProperty("ids").Numbers(), ids);
            Assert.Equal(line.GetProperty("tokens").Strings(), ids.Select(Tokenizer.TokenText));
            Assert.Equal(text, Tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void EveryLineOfTheSecondReferenceHasItsIds()
    {
        List<JsonElement> lines = Gpt2.Lines("gpt2-token-ids/examples.jsonl");
        Assert.Equal(49, lines.Count);
        foreach (JsonElement line in lines)
            Assert.Equal(line.GetProperty("ids").Numbers(), Tokenizer.Encode(line.GetProperty("text").GetString()!));
    }

    [Fact]
    public void GoldenIdsThatCutACharacterDecodeToTheGoldenBytesAndText()
    {
        List<JsonElement> lines = Gpt2.Lines("golden/tokenizers/gpt2-decode.jsonl");
        Assert.NotEmpty(lines);
        foreach (JsonElement line in lines)
        {
            int[] ids = line.GetProperty("ids").Numbers();
            Assert.Equal(line.GetProperty("bytes_hex").GetString(), Convert.ToHexStringLower(Tokenizer.DecodeBytes(ids)));
            Assert.Equal(line.GetProperty("text").GetString(), Tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void ALoneSurrogateIsEncodedAsTheReplacementCharacter()
    {
        List<JsonElement> lines = Gpt2.Lines("golden/tokenizers/gpt2-invalid-surrogates.jsonl");
        Assert.NotEmpty(lines);
        foreach (JsonElement line in lines)
        {
            string text = new([.. line.GetProperty("utf16").Numbers().Select(unit => (char)unit)]);
            int[] ids = Tokenizer.Encode(text);
            Assert.Equal(line.GetProperty("ids").Numbers(), ids);
            Assert.Equal(line.GetProperty("text_repaired").GetString(), Tokenizer.Decode(ids));
        }
    }

    [Fact]
    public void DecodingWhatWasEncodedGivesTheTextWithSurrogatesRepaired() =>
        Gpt2.AnyText.Sample(text => Tokenizer.Decode(Tokenizer.Encode(text)) == Gpt2.Repaired(text));

    [Fact]
    public void AnyBytesComeBackFromTheirByteTokens() =>
        Gen.Byte.Array[0, 50].Sample(bytes =>
        {
            int[] ids = [.. bytes.Select(value => Enumerable.Range(0, 256).First(id => Tokenizer.TokenBytes(id)[0] == value))];
            return Tokenizer.DecodeBytes(ids).SequenceEqual(bytes);
        });

    [Fact]
    public void EveryTokenEncodesToItselfWhenItIsOneChunkOfValidUtf8()
    {
        int checkedTokens = 0;
        for (int id = 0; id < Tokenizer.VocabSize - 1; id++)
        {
            string text = Encoding.UTF8.GetString(Tokenizer.TokenBytes(id));
            if (text.Contains('\uFFFD') || Gpt2.Chunks(text).Length != 1)
                continue;
            Assert.Equal([id], Tokenizer.Encode(text));
            checkedTokens++;
        }

        Assert.True(checkedTokens > 49_000);
    }

    [Fact]
    public void TextMayBeCutBeforeASpaceThatFollowsALetter() =>
        Gen.Select(Gpt2.AnyText, Gpt2.AnyText).Sample((before, after) =>
            Tokenizer.Encode($"{before}x y{after}").SequenceEqual([.. Tokenizer.Encode($"{before}x"), .. Tokenizer.Encode($" y{after}")]));

    [Fact]
    public void WhereTheTextLiesInItsBufferDoesNotMatter() =>
        Gen.Select(Gpt2.AnyText, Gpt2.AnyText).Sample((text, around) =>
        {
            List<int> ids = [];
            Tokenizer.Encode($"{around}{text}{around}".AsSpan(around.Length, text.Length), ids);
            return ids.SequenceEqual(Tokenizer.Encode(text));
        });

    [Fact]
    public void ManyThreadsGetTheIdsOfOne()
    {
        string[] texts = [.. Gpt2.Lines("golden/tokenizers/gpt2.jsonl").Select(line => line.GetProperty("text").GetString()!)];
        int[][] expected = [.. texts.Select(text => Tokenizer.Encode(text))];
        ParallelOptions options = new() { CancellationToken = TestContext.Current.CancellationToken };
        Parallel.For(0, 8 * texts.Length, options, i => Assert.Equal(expected[i % texts.Length], Tokenizer.Encode(texts[i % texts.Length])));
    }

    [Fact]
    public void ChunksOfAnyLengthAreMergedAsTheNaiveWayDoes()
    {
        // At 48 bytes the heap replaces the scan, and at 15 bytes the cache ends.
        ByteLevelBpe small = new BpeTrainer { VocabSize = 330, MinFrequency = 1 }.TrainOn("aaaaaaaabababcabcaaa abcabcabcdddd bbbaaabbbaacc");
        Gen.String[Gen.Char['a', 'd'], 1, 200].Sample(chunk => small.Encode(chunk).SequenceEqual(NaiveBpe.EncodeChunk(small, chunk)));
    }

    [Theory]
    [InlineData('a')]
    [InlineData(' ')]
    [InlineData('中')]
    public void AVeryLongChunkIsMergedAsTheNaiveWayDoes(char character)
    {
        string chunk = new(character, 3001);
        Assert.Equal(NaiveBpe.EncodeChunk(Tokenizer, chunk), Tokenizer.Encode(chunk));
    }

    [Fact]
    public void AChunkLargerThanTheKeptMemoryComesBack()
    {
        string chunk = string.Concat(Enumerable.Range(0, 400_000).Select(i => (char)('a' + (uint)i * (uint)i % 26)));
        Assert.Single(Gpt2.Chunks(chunk));
        Assert.Equal(chunk, Tokenizer.Decode(Tokenizer.Encode(chunk)));
        Assert.Equal([15496], Tokenizer.Encode("Hello")); // the encoder still works afterwards
    }

    [Fact]
    public void EncodingAppendsToTheList()
    {
        List<int> ids = [7];
        Tokenizer.Encode("Hello world", ids);
        Assert.Equal([7, 15496, 995], ids);
    }

    [Fact]
    public void AnEmptyTextHasNoIds() => Assert.Empty(Tokenizer.Encode(""));

    [Fact]
    public void EndOfTextIsTheLastIdAndPlainTextUnlessSpecialTokensAreAllowed()
    {
        Assert.Equal(50_257, Tokenizer.VocabSize);
        Assert.Equal(50_256, Tokenizer.EndOfTextId);
        Assert.Equal([64, 27, 91, 437, 1659, 5239, 91, 29, 65], Tokenizer.Encode("a<|endoftext|>b"));
        Assert.Equal([64, 50256, 65], Tokenizer.Encode("a<|endoftext|>b", allowSpecial: true));
        Assert.Equal([50256, 50256], Tokenizer.Encode("<|endoftext|><|endoftext|>", allowSpecial: true));
        Assert.Equal("a<|endoftext|>b", Tokenizer.Decode([64, 50256, 65]));
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(50_257)]
    public void AnIdOutsideTheVocabularyIsNamed(int id)
    {
        ArgumentOutOfRangeException problem = Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.DecodeBytes([1, id]));
        Assert.Equal($"token id {id} is outside the vocabulary of 50257 (Parameter 'id')", problem.Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.TokenText(id));
    }

    [Fact]
    public void OfTwoAddedTokensTheLeftmostThenTheLongestIsFound()
    {
        ByteLevelBpe tokenizer = WithAdded(("<a>", true), ("<a><b>", true), ("b>", true));
        Assert.Equal([257], tokenizer.Encode("<a><b>", allowSpecial: true));
        Assert.Equal([256, 258], tokenizer.Encode("<a>b>", allowSpecial: true));
    }

    [Fact]
    public void AnAddedTokenThatIsNotSpecialIsAlwaysFound()
    {
        ByteLevelBpe tokenizer = WithAdded(("  ", false), ("<s>", true));
        int a = tokenizer.Encode("a")[0];
        Assert.Equal([a, 256, .. tokenizer.Encode("<"), .. tokenizer.Encode("s"), .. tokenizer.Encode(">")], tokenizer.Encode("a  <s>"));
        Assert.Equal([a, 256, 257], tokenizer.Encode("a  <s>", allowSpecial: true));
    }

    [Fact]
    public void AVocabularyThatDoesNotFitTogetherIsRefused()
    {
        byte[][] bytes = [.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value })];
        Refused("no token for byte 0xFF", bytes[..255], []);
        Refused("tokens 97 and 256 are both written 'a'", [.. bytes, "a"u8.ToArray()], []);
        Refused("names an id outside the vocabulary of 256", bytes, [new(97, 98, 256)]);
        Refused("does not make its result's bytes", [.. bytes, "ab"u8.ToArray()], [new(98, 97, 256)]);
        Refused("joins ids 97 and 98 a second time", [.. bytes, "ab"u8.ToArray()], [new(97, 98, 256), new(97, 98, 256)]);
        Refused("has id 256, which the vocabulary gives to 'ab'", [.. bytes, "ab"u8.ToArray()], [], new AddedToken("<s>", 256));
        Refused("has no text", bytes, [], new AddedToken("", 0));

        static void Refused(string reason, byte[][] tokens, BpeMerge[] merges, params AddedToken[] added) =>
            Assert.Contains(reason, Assert.Throws<ArgumentException>(() => new ByteLevelBpe(tokens, merges, added)).Message);
    }

    [Fact]
    public void TheFingerprintChangesWithTokensMergesAndAddedTokens()
    {
        byte[][] tokens = [.. Enumerable.Range(0, 256).Select(value => new[] { (byte)value }), "ab"u8.ToArray(), "abc"u8.ToArray(), "bc"u8.ToArray()];
        BpeMerge[] merges = [new(97, 98, 256), new(256, 99, 257), new(98, 99, 258)];
        string[] fingerprints =
        [
            new ByteLevelBpe(tokens, merges, []).Fingerprint,
            new ByteLevelBpe(tokens, [merges[1], merges[0], merges[2]], []).Fingerprint,
            new ByteLevelBpe(tokens, merges[..2], []).Fingerprint,
            new ByteLevelBpe(tokens, merges[..2], [new("bc", 258)]).Fingerprint,
            new ByteLevelBpe(tokens, merges[..2], [new("bc", 258, IsSpecial: false)]).Fingerprint,
            new ByteLevelBpe([.. tokens[..256], tokens[257], tokens[256], tokens[258]], [new(97, 98, 257)], []).Fingerprint,
        ];
        Assert.Equal(fingerprints.Length, fingerprints.Distinct().Count());
        Assert.All(fingerprints, fingerprint => Assert.Matches("^[0-9a-f]{64}$", fingerprint));
        Assert.Equal(fingerprints[0], new ByteLevelBpe(tokens, merges, []).Fingerprint);
    }

    private static ByteLevelBpe WithAdded(params (string Text, bool IsSpecial)[] added) => new(
        [.. Enumerable.Range(0, 256).Select(id => new[] { ByteAlphabet.ByteOfId(id, ByteOrder.Gpt2) }), .. added.Select(a => Encoding.UTF8.GetBytes(a.Text))],
        [],
        [.. added.Select((a, i) => new AddedToken(a.Text, 256 + i, a.IsSpecial))]);
}
