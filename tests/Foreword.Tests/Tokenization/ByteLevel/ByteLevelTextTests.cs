using System.Text;
using System.Text.Json;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.Normalization;

namespace Foreword.Tests.Tokenization.ByteLevel;

/// <summary>Tests what a byte-level tokenizer does beyond GPT-2's own: spaces before text, normalizers, and added tokens with switches.</summary>
public sealed class ByteLevelTextTests
{
    private const int Space = 220; // its id in GPT-2's order of the bytes

    private static readonly AddedToken Sep = new("<s>", 256), Mark = new("<m>", 257) { Normalized = true };

    /// <summary>A space stands before the text and after each added token, but not before a part that continues the text.</summary>
    [Fact]
    public void APartThatContinuesATextHasNoSpaceBeforeIt()
    {
        ByteLevelBpe tokenizer = With(new ByteLevelText { AddPrefixSpace = true }, Sep, Mark);
        int a = tokenizer.Encode(" a")[^1];
        Assert.Equal([a], Ids("a", continues: true));
        Assert.Equal([Space, a], Ids("a", continues: false));
        foreach (AddedToken token in (AddedToken[])[Sep, Mark])
        {
            Assert.Equal([a, token.Id, Space, a], Ids($"a{token.Text}a", continues: true));
            Assert.Equal([Space, a, token.Id, Space, a], Ids($"a{token.Text}a", continues: false));
            Assert.Equal([token.Id, Space, a], Ids($"{token.Text}a", continues: true));
            Assert.Equal([token.Id, token.Id], Ids($"{token.Text}{token.Text}", continues: false));
        }

        List<int> Ids(string text, bool continues)
        {
            List<int> ids = [];
            tokenizer.Encode(text, ids, allowSpecial: true, continues);
            return ids;
        }
    }

    [Fact]
    public void OnlyItsOwnTextIsTheEndOfADocument()
    {
        Assert.Null(With(ByteLevelText.Gpt2, Sep).EndOfTextId);
        Assert.Equal(257, With(ByteLevelText.Gpt2, Sep, new(AddedToken.EndOfText, 257)).EndOfTextId);
    }

    /// <summary>These fingerprints were computed by an earlier version and must not change, because shards and checkpoints record them.</summary>
    [Fact]
    public void SwitchesKeepTheirFingerprints()
    {
        AddedToken plain = new("<p>", 256, IsSpecial: false), other = new("<q>", 257, IsSpecial: false);
        ByteLevelText lower = new() { Normalizer = Lowercase() };
        (string Name, ByteLevelBpe Tokenizer)[] all =
        [
            ("plain", With(ByteLevelText.Gpt2, plain, other)),
            ("left", With(ByteLevelText.Gpt2, plain with { LeftStrip = true }, other)),
            ("right", With(ByteLevelText.Gpt2, plain with { RightStrip = true }, other)),
            ("word", With(ByteLevelText.Gpt2, plain with { SingleWord = true }, other)),
            ("other word", With(ByteLevelText.Gpt2, plain, other with { SingleWord = true })),
            ("lower", With(lower, plain, other)),
            ("lower normalized", With(lower, plain with { Normalized = true }, other)),
            ("lower other normalized", With(lower, plain, other with { Normalized = true })),
        ];
        string[] fingerprints = [.. all.Select(entry => $"{entry.Name} {entry.Tokenizer.Fingerprint[..16]}")];
        Assert.Equal(
        [
            "plain 4ff26dda25c46bb6",
            "left bc2dbded5feb138a",
            "right 0a52798a5c07e567",
            "word 5253a6fe17746bae",
            "other word f1bf675902845583",
            "lower 66ea16c8207ac885",
            "lower normalized e61026c1b7368ae6",
            "lower other normalized 6c3a15fbf84bbef5",
        ], fingerprints);

        // Without a normalizer, whether a token is searched for before or after it makes no difference.
        Assert.Equal(all[0].Tokenizer.Fingerprint, With(ByteLevelText.Gpt2, plain with { Normalized = true }, other).Fingerprint);
        Assert.Equal(all[1].Tokenizer.Fingerprint, With(ByteLevelText.Gpt2, plain with { LeftStrip = true, Normalized = true }, other).Fingerprint);
    }

    [Fact]
    public void TheAlphabetHasACharacterForEachByteAndNoOthers()
    {
        byte[] bytes = [.. Enumerable.Range(0, 256).Select(value => (byte)value)];
        string text = ByteAlphabet.Write(bytes);
        Assert.Equal(256, text.Distinct().Count());
        Assert.Equal(bytes, ByteAlphabet.Read(text));
        Assert.Equal(('\u0100', '\u0120', '\u0143'), (text[0], text[' '], text[0xAD]));
        foreach (string outside in (string[])[" ", "\n", "\u007F", "\u00A0", "\u00AD", "\u0144", "\u4E2D", "a b"])
            Assert.Null(ByteAlphabet.Read(outside));
    }

    private static ByteLevelBpe With(ByteLevelText text, params AddedToken[] added) => new(
        [.. Enumerable.Range(0, 256).Select(id => new[] { ByteAlphabet.ByteOfId(id, ByteOrder.Gpt2) }), .. added.Select(token => Encoding.UTF8.GetBytes(token.Text))], [], added)
    {
        Text = text,
    };

    private static UnicodeNormalizer Lowercase()
    {
        using JsonDocument part = JsonDocument.Parse("""{"type": "Lowercase"}""");
        return UnicodeNormalizer.Read(new TokenizerField("tokenizer.json", "normalizer", part.RootElement))!;
    }
}
