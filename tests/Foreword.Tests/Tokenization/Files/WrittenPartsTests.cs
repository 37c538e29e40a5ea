using System.Text.Json.Nodes;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Gpt1;
using Foreword.Tokenization.WordPieces;
using Foreword.Tokenization.Words;

namespace Foreword.Tests.Tokenization.Files;

/// <summary>
/// Tests every part of tokenizer.json that is written, except vocabulary and merges. Foreword itself ignores some of the parts, such as the decoder, but
/// other programs read them.
/// </summary>
public sealed class WrittenPartsTests : IDisposable
{
    private const string Bert = """
        "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,"strip_accents":null,"lowercase":true},"pre_tokenizer":{"type":"BertPreTokenizer"}
        """;

    private const string Bpe = """
        "model":{"type":"BPE","dropout":null,"unk_token":UNK,"continuing_subword_prefix":"","end_of_word_suffix":"END","fuse_unk":false,"byte_fallback":false,"ignore_merges":false}
        """;

    private static readonly System.Text.Json.JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void Gpt1HasTheSuffixOfWords() => Written(
        new Gpt1Bpe(["<unk>", "a</w>"], []),
        $$"""{{Head(Token(0, "<unk>"))}},{{Bert}},"post_processor":null,"decoder":{"type":"BPEDecoder","suffix":"</w>"},{{Bpe.Replace("UNK", "\"<unk>\"").Replace("END", "</w>")}}""");

    [Fact]
    public void WordPieceHasThePrefixOfContinuations() => Written(
        new WordPiece(["[UNK]", "a"]),
        $$"""{{Head(Token(0, "[UNK]"))}},{{Bert}},"post_processor":null,"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100}""");

    [Fact]
    public void WordPieceHasItsOwnSwitches() => Written(
        new WordPiece(["[UNK]", "a"], lowerCase: false) { StripAccents = true, SeparateIdeographs = false },
        $$"""{{Head(Token(0, "[UNK]"))}},"normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":false,"strip_accents":true,"lowercase":false},"pre_tokenizer":{"type":"BertPreTokenizer"},"post_processor":null,"decoder":{"type":"WordPiece","prefix":"##","cleanup":true},"model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##","max_input_chars_per_word":100}""");

    [Fact]
    public void AdditionalSpecialTokensStandInTheConfiguration()
    {
        ByteLevel(new AddedToken("<s>", 256)).With(new TokenRoles { Additional = ["<s>"] }).Save(_directory.Path);
        Assert.Equal("""["<s>"]""", JsonNode.Parse(File.ReadAllText(_directory.File("tokenizer_config.json")))!["additional_special_tokens"]!.AsArray().ToJsonString(Plain));
    }

    [Fact]
    public void CharactersAreIsolated() => Written(
        new CharTokenizer(["a", "<unk>"]),
        $$"""{{Head(Token(1, "<unk>"))}},"normalizer":null,"pre_tokenizer":{"type":"Split","pattern":{"Regex":"[\\s\\S]"},"behavior":"Isolated","invert":false},"post_processor":null,"decoder":{"type":"Fuse"},"model":{"type":"WordLevel","unk_token":"<unk>"}""");

    [Fact]
    public void WordsStandBetweenWhiteSpace() => Written(
        new WordTokenizer(["<unk>", "<eos>"]),
        $$"""{{Head(Token(0, "<unk>"), Token(1, "<eos>"))}},"normalizer":{"type":"Replace","pattern":{"String":"\n"},"content":" <eos> "},"pre_tokenizer":{"type":"WhitespaceSplit"},"post_processor":null,"decoder":null,"model":{"type":"WordLevel","unk_token":"<unk>"}""");

    [Fact]
    public void ByteLevelHasTheSwitchesOfTheReleasedFile() => Written(
        ByteLevel(new AddedToken("<s>", 256)),
        $$"""{{Head(Token(256, "<s>"))}},"normalizer":null,"pre_tokenizer":{{Step(false, true)}},"post_processor":{{Step(false, false)}},"decoder":{{Step(false, true)}},{{Bpe.Replace("UNK", "null").Replace("END", "")}}""");

    /// <summary>The type ids are 0 for the first text and 1 for the second, as in BERT.</summary>
    [Fact]
    public void ATemplateSurroundsEachText()
    {
        Tokenizer tokenizer = ByteLevel(new AddedToken("<s>", 256)).With(new TokenRoles { Before = [256], After = [256] });
        const string Template = """
            {"type":"TemplateProcessing",
             "single":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<s>","type_id":0}}],
             "pair":[{"SpecialToken":{"id":"<s>","type_id":0}},{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"<s>","type_id":0}},
                     {"SpecialToken":{"id":"<s>","type_id":1}},{"Sequence":{"id":"B","type_id":1}},{"SpecialToken":{"id":"<s>","type_id":1}}],
             "special_tokens":{"<s>":{"id":"<s>","ids":[256],"tokens":["<s>"]}}}
            """;
        tokenizer.Save(_directory.Path);
        Same(JsonNode.Parse(Template)!, JsonNode.Parse(File.ReadAllText(_directory.File("tokenizer.json")))!["post_processor"]!);
        Assert.Equal([256, .. tokenizer.Encode("a"), 256], TokenizerFiles.Load(_directory.Path).EncodeWithTemplate("a"));
    }

    private static ByteLevelBpe ByteLevel(AddedToken added) =>
        new([.. Enumerable.Range(0, 256).Select(id => new[] { ByteAlphabet.ByteOfId(id, ByteOrder.Gpt2) }), System.Text.Encoding.UTF8.GetBytes(added.Text)], [], [added]);

    private static string Head(params string[] added) => $"\"version\":\"1.0\",\"truncation\":null,\"padding\":null,\"added_tokens\":[{string.Join(',', added)}]";

    private static string Token(int id, string text) =>
        $$"""{"id":{{id}},"content":"{{text}}","single_word":false,"lstrip":false,"rstrip":false,"normalized":false,"special":true}""";

    private static string Step(bool prefix, bool trims) =>
        $$"""{"type":"ByteLevel","add_prefix_space":{{(prefix ? "true" : "false")}},"trim_offsets":{{(trims ? "true" : "false")}},"use_regex":true}""";

    private void Written(Tokenizer tokenizer, string parts)
    {
        tokenizer.Save(_directory.Path);
        JsonNode written = JsonNode.Parse(File.ReadAllText(_directory.File("tokenizer.json")))!;
        Assert.True(written["model"]!.AsObject().Remove("vocab"));
        written["model"]!.AsObject().Remove("merges");
        Same(JsonNode.Parse($"{{{parts}}}")!, written);
    }

    /// <summary>Compares texts, so that a failure shows both.</summary>
    private static void Same(JsonNode wanted, JsonNode written) => Assert.Equal(wanted.ToJsonString(), written.ToJsonString());
}
