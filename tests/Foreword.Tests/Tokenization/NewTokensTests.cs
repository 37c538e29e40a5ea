using Foreword.Tokenization;
using Foreword.Tokenization.Gpt1;
using Foreword.Tokenization.WordPieces;
using Foreword.Tokenization.Words;

namespace Foreword.Tests.Tokenization;

/// <summary>Tests that every kind of tokenizer can be given special tokens, as a chat template needs them.</summary>
public sealed class NewTokensTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public static TheoryData<string> Kinds => [.. Tokenizers.Keys];

    private static Dictionary<string, Tokenizer> Tokenizers => new()
    {
        ["words of BERT"] = new WordPiece(["[UNK]", "[CLS]", "[SEP]", "ab", "c", "##c"]),
        ["cased words of BERT"] = new WordPiece(["[UNK]", "[CLS]", "ab", "c", "##c"], lowerCase: false) { StripAccents = true, SeparateIdeographs = false },
        ["characters of BERT"] = new WordPiece(["[UNK]", "a", "b", "c", " "], units: WordPieceUnits.Characters),
        ["characters"] = new CharTokenizer(["<unk>", "a", "b", "c", " "]),
        ["words"] = new WordTokenizer(["<unk>", "<eos>", "ab", "abc", "c"]),
        ["GPT-1"] = new Gpt1Bpe(["<unk>", "a", "b", "c", "c</w>", "b</w>", "ab</w>", "_start_"], [new(1, 5, 6)], ["_start_"]),
    };

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(Kinds))]
    public void NewTokensHaveTheNextIdsAndOutliveTheFiles(string kind)
    {
        Tokenizer tokenizer = Tokenizers[kind];
        Tokenizer more = tokenizer.WithSpecialTokens(["<|im_start|>", "<|im_end|>"]);
        Assert.Equal(tokenizer.VocabSize + 2, more.VocabSize);
        Assert.NotEqual(tokenizer.Fingerprint, more.Fingerprint);
        Assert.Equal([tokenizer.VocabSize, .. tokenizer.Encode("ab c"), tokenizer.VocabSize + 1], more.Encode("<|im_start|>ab c<|im_end|>", allowSpecial: true));
        Assert.Equal(tokenizer.Encode("a <|im_end|> c"), more.Encode("a <|im_end|> c"));
        Assert.Equal(tokenizer.AddedTokens, more.AddedTokens.SkipLast(2));

        more.Save(_directory.Path);
        Tokenizer read = Tokenizer.Load(_directory.Path);
        Assert.Equal((more.Kind, more.VocabSize, more.Fingerprint), (read.Kind, read.VocabSize, read.Fingerprint));
        Assert.Equal(more.Encode("<|im_start|>ab c<|im_end|>", allowSpecial: true), read.Encode("<|im_start|>ab c<|im_end|>", allowSpecial: true));
        Assert.Equal([read.VocabSize], read.WithSpecialTokens(["<third>"]).Encode("<third>", allowSpecial: true));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void AnOrdinaryTokenCannotBecomeSpecial(string kind) =>
        Assert.Equal("'c' is an ordinary token of this tokenizer; a special token needs a text of its own (Parameter 'texts')",
            Assert.Throws<ArgumentException>(() => Tokenizers[kind].WithSpecialTokens(["c"])).Message);
}
