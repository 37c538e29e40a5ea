using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;

namespace Foreword.Tests.Tokenization.Catalog;

public sealed class TokenizerFilesTests
{
    private static readonly ByteLevelBpe Small = new BpeTrainer { VocabSize = 280 }.TrainOn(File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt")));

    [Fact]
    public void SavedFilesGiveTheSameTokenizerInEveryFormat()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Gpt2.Tokenizer.Save(directory.Path);
        Same(TokenizerFiles.Load(directory.Path));
        File.Delete(directory.File("tokenizer.json"));
        Same(TokenizerFiles.Load(directory.Path));
        File.Move(directory.File("vocab.json"), directory.File("encoder.json"));
        File.Move(directory.File("merges.txt"), directory.File("vocab.bpe"));
        Same(TokenizerFiles.Load(directory.Path));

        static void Same(Tokenizer loaded)
        {
            Assert.Equal(Gpt2.Tokenizer.Fingerprint, loaded.Fingerprint);
            Assert.Equal(50_256, loaded.EndOfTextId);
            Assert.Equal([15496, 995, 50256], loaded.Encode("Hello world<|endoftext|>", allowSpecial: true));
        }
    }

    [Fact]
    public void SavedMergesAreTheReleasedFileByteForByte()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Gpt2.Tokenizer.Save(directory.Path);
        Assert.Equal(File.ReadAllBytes(Fixtures.Path("gpt2-vocab/vocab.bpe")), File.ReadAllBytes(directory.File("merges.txt")));
        Assert.Equal(["merges.txt", "tokenizer.json", "tokenizer_config.json", "vocab.json"], Directory.GetFiles(directory.Path).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void TokenizerJsonHasThePartsThatHuggingFaceReads()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Small.Save(directory.Path);
        JsonElement json = JsonDocument.Parse(File.ReadAllBytes(directory.File("tokenizer.json"))).RootElement;
        Assert.Equal("BPE", json.GetProperty("model").GetProperty("type").GetString());
        Assert.Equal(280, json.GetProperty("model").GetProperty("vocab").EnumerateObject().Count());
        foreach (string part in (string[])["pre_tokenizer", "decoder"])
        {
            Assert.Equal("ByteLevel", json.GetProperty(part).GetProperty("type").GetString());
            Assert.False(json.GetProperty(part).GetProperty("add_prefix_space").GetBoolean());
        }

        JsonElement added = Assert.Single(json.GetProperty("added_tokens").EnumerateArray().ToArray());
        Assert.Equal((279, "<|endoftext|>", true), (added.GetProperty("id").GetInt32(), added.GetProperty("content").GetString(), added.GetProperty("special").GetBoolean()));
        JsonElement config = JsonDocument.Parse(File.ReadAllBytes(directory.File("tokenizer_config.json"))).RootElement;
        Assert.Equal("GPT2Tokenizer", config.GetProperty("tokenizer_class").GetString());
    }

    [Fact]
    public void MergesMayBePairsOrStrings()
    {
        string asPairs = Edited(json =>
        {
            JsonArray merges = json["model"]!["merges"]!.AsArray();
            for (int i = 0; i < merges.Count; i++)
                merges[i] = new JsonArray([.. merges[i]!.GetValue<string>().Split(' ').Select(part => (JsonNode)part)]);
        });
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("tokenizer.json", asPairs);
        Assert.Equal(Small.Fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
    }

    [Fact]
    public void AddedTokensBeyondTheVocabularyAreRead()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("tokenizer.json", Edited(json => json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = 280, ["content"] = "<|im start|>", ["special"] = true })));
        Tokenizer tokenizer = TokenizerFiles.Load(directory.Path);
        Assert.Equal(281, tokenizer.VocabSize);
        Assert.Equal([280, .. tokenizer.Encode("x")], tokenizer.Encode("<|im start|>x", allowSpecial: true));
        Assert.Equal("<|im start|>", tokenizer.TokenText(280));

        tokenizer.Save(directory.Path);
        Assert.Equal(tokenizer.Fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
        File.Delete(directory.File("tokenizer.json"));
        Assert.Equal(tokenizer.Fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
    }

    [Fact]
    public void ByteOrderMarksAndWindowsLineEndsAreRead()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Small.Save(directory.Path);
        foreach (string name in (string[])["tokenizer.json", "vocab.json", "merges.txt"])
        {
            string text = File.ReadAllText(directory.File(name)).ReplaceLineEndings("\r\n");
            File.WriteAllText(directory.File(name), text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: true));
        }

        Assert.Equal(Small.Fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
        File.Delete(directory.File("tokenizer.json"));
        Assert.Equal(Small.Fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
    }

    [Fact]
    public void SavingReplacesTheFilesThatWereThere()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Gpt2.Tokenizer.Save(directory.Path);
        Small.Save(directory.Path);
        Assert.Equal(Small.Fingerprint, TokenizerFiles.Load(directory.Path).Fingerprint);
    }

    public static TheoryData<string, string> UnsupportedParts => new()
    {
        { """{"normalizer":{"type":"Precompiled"}}""", "tokenizer.json: normalizer: normalizer Precompiled is not supported; supported: NFC, NFD, NFKC, NFKD, Lowercase, StripAccents and their Sequence" },
        { """{"normalizer":{"type":"Sequence","normalizers":[{"type":"NFC"},{"type":"Replace"}]}}""", "normalizer.normalizers[1]: normalizer Replace" },
        { """{"pre_tokenizer":{"type":"Whitespace"}}""", "pre_tokenizer Whitespace" },
        { """{"pre_tokenizer":null}""", "pre_tokenizer null" },
        { """{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits"},{"type":"ByteLevel","add_prefix_space":true}]}}""", "pre_tokenizer.pretokenizers[1]: add_prefix_space = true after another step" },
        { """{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"ByteLevel","add_prefix_space":false},{"type":"Digits"}]}}""", "Digits after ByteLevel" },
        { """{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Whitespace"},{"type":"ByteLevel","add_prefix_space":false}]}}""", "pre_tokenizer Whitespace" },
        { """{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Split","pattern":{"Regex":"\\p{N}{1,3}"},"behavior":"Isolated","invert":false},{"type":"ByteLevel","add_prefix_space":false}]}}""", "Split at '\\p{N}{1,3}'" },
        { """{"pre_tokenizer":{"type":"Sequence","pretokenizers":[{"type":"Digits"}]}}""", "a Sequence without ByteLevel" },
        { """{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false,"use_regex":false}}""", "use_regex = false" },
        { """{"decoder":{"type":"WordPiece"}}""", "decoder WordPiece" },
        { """{"post_processor":{"type":"Whatever"}}""", "post_processor Whatever" },
        { """{"model":{"type":"Unigram"}}""", "model Unigram" },
        { """{"model":{"type":"BPE","byte_fallback":true}}""", "byte_fallback = true" },
        { """{"model":{"type":"BPE","ignore_merges":true}}""", "ignore_merges = true" },
        { """{"model":{"type":"BPE","end_of_word_suffix":"</w>"}}""", "normalizer null" },
        { """{"model":{"type":"BPE","dropout":0.1}}""", "dropout 0.1" },
    };

    [Theory]
    [MemberData(nameof(UnsupportedParts))]
    public void APartThatForewordDoesNotDoIsRefusedByName(string change, string sentence)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("tokenizer.json", Edited(json =>
        {
            foreach ((string part, JsonNode? value) in JsonNode.Parse(change)!.AsObject())
                json[part] = value is JsonObject && part == "model" ? Merged(json[part]!.AsObject(), value.AsObject()) : value?.DeepClone();
        }));
        Assert.Contains(sentence, Assert.Throws<NotSupportedException>(() => TokenizerFiles.Load(directory.Path)).Message);
    }

    [Theory]
    [InlineData("{", "tokenizer.json:1: not valid JSON")]
    [InlineData("", "tokenizer.json:1: not valid JSON")]
    [InlineData("{\n \"model\": tru\n}", "tokenizer.json:2: not valid JSON")]
    [InlineData("[]", "tokenizer.json: is not a JSON object")]
    [InlineData("{}", "has no model")]
    [InlineData("{\"model\":{}}", "pre_tokenizer null is not supported")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false}}""", "tokenizer.json: has no model")]
    [InlineData("""{"model":{},"pre_tokenizer":3}""", "tokenizer.json: pre_tokenizer: is not an object")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"vocab":[],"merges":[]}}""", "model.vocab: is Array; Object is expected")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"vocab":{"a":0},"merges":[5]}}""", "is not a merge; expected \"a b\" or [\"a\", \"b\"]")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"vocab":{"a":0,"b":"x"},"merges":[]}}""", "model.vocab: token 'b' has an id that is not a whole number")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"vocab":{"a":0,"\ud800":1},"merges":[]}}""", "model.vocab: has a name that is not valid Unicode")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"vocab":{"a":0,"b":1},"merges":["a b"]}}""", "model.merges[0]: merge 'a b': its result 'ab' is not in the vocabulary")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"vocab":{"a":0,"b":1},"merges":[["a"]]}}""", "model.merges[0]: is not a merge")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"vocab":{"a":0,"b":1},"merges":[["a",7]]}}""", "model.merges[0][1]: is not a string")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"vocab":{"a":0,"b":1},"merges":[]},"added_tokens":[{"id":5,"content":"a"}]}""", "added_tokens[0]: added token 'a' has id 5, but 0 in the vocabulary")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"vocab":{"a":0,"b":1},"merges":[]},"added_tokens":[{"id":1,"content":"c"}]}""", "added_tokens[0]: tokens 'b' and 'c' share id 1")]
    [InlineData("""{"pre_tokenizer":{"type":"ByteLevel","add_prefix_space":false},"model":{"vocab":{"a":0,"b":1},"merges":[]},"added_tokens":[{"id":1}]}""", "added_tokens[0]: has no content")]
    public void AMalformedTokenizerJsonIsNamedWithItsPlace(string text, string sentence)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("tokenizer.json", text);
        Exception problem = Assert.ThrowsAny<Exception>(() => TokenizerFiles.Load(directory.Path));
        Assert.True(problem is InvalidDataException or NotSupportedException);
        Assert.Contains(sentence, problem.Message);
    }

    [Theory]
    [InlineData("{\"a\": 0,\n\"b\" 1}", "", "vocab.json:2: not valid JSON")]
    [InlineData("{\"a\": 0} x", "", "vocab.json:1: not valid JSON")]
    [InlineData("[]", "", "vocab.json: the vocabulary is not a JSON object")]
    [InlineData("{\"a\": 0,\n\"a\": 1}", "", "vocab.json:2: token 'a' occurs twice; its first id is 0")]
    [InlineData("{\"a\": 0,\n\"b\": 0}", "", "vocab.json:2: tokens 'a' and 'b' share id 0")]
    [InlineData("{\"a\": 0,\n\"b\": 1.5}", "", "vocab.json:2: token 'b' has an id that is not a whole number")]
    [InlineData("{\"a\": 0,\n\"\\ud800\": 1}", "", "vocab.json:2: the token is not valid Unicode")]
    [InlineData("{\"a\": -1}", "", "vocab.json:1: token 'a' has id -1")]
    [InlineData("{\"a\": 0, \"b\": 2}", "", "vocab.json: the vocabulary has 2 tokens, but none has id 1")]
    [InlineData("{\"a\": 0, \"b\": 1}", "", "vocab.json: the vocabulary has no token for byte 0x00 ('\u0100')")]
    [InlineData("{\"a\": 0, \"b\": 1}", "#version: 0.2\na c\n", "merges.txt:2: merge 'a c': 'c' is not in the vocabulary")]
    [InlineData("{\"a\": 0, \"b\": 1}", "#version: 0.2\na b\n", "merges.txt:2: merge 'a b': its result 'ab' is not in the vocabulary")]
    [InlineData("{\"a\": 0, \"b\": 1, \"ab\": 2}", "a b\na b\n", "merges.txt:2: merge 'a b' occurs twice")]
    [InlineData("{\"a\": 0, \"b\": 1, \"ab\": 2}", "#version: 0.2\n\na b\n", "merges.txt:2: '' is not a merge")]
    [InlineData("{\"a\": 0, \"b\": 1, \"ab\": 2}", "a b \n", "merges.txt:1: 'a b ' is not a merge")]
    public void MalformedVocabularyFilesAreNamedWithTheirLine(string vocabulary, string merges, string sentence)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("vocab.json", vocabulary);
        directory.Write("merges.txt", merges);
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => TokenizerFiles.Load(directory.Path)).Message);
    }

    /// <summary>Without the last merges, their tokens could never be produced from text, and the ids would differ.</summary>
    [Fact]
    public void MergesThatAreCutOffAreRefused()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string[] lines = File.ReadAllLines(Fixtures.Path("gpt2-vocab/vocab.bpe"));
        File.Copy(Fixtures.Path("gpt2-vocab/encoder.json"), directory.File("vocab.json"));
        File.WriteAllLines(directory.File("merges.txt"), lines[..20_000]);
        string message = Assert.Throws<InvalidDataException>(() => TokenizerFiles.Load(directory.Path)).Message;
        Assert.StartsWith($"{directory.File("merges.txt")}: no merge makes the token 'Ġ", message);
        Assert.EndsWith("' of vocab.json; the file is incomplete or belongs to another vocabulary", message);
    }

    [Fact]
    public void AMissingDirectoryAndAMissingTokenizerAreTwoErrors()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Assert.Contains("does not exist", Assert.Throws<DirectoryNotFoundException>(() => TokenizerFiles.Load(directory.File("none"))).Message);
        Assert.Contains("is a file", Assert.Throws<DirectoryNotFoundException>(() => TokenizerFiles.Load(directory.Write("f", "x"))).Message);
        string nothing = Assert.Throws<FileNotFoundException>(() => TokenizerFiles.Load(directory.Path)).Message;
        Assert.EndsWith("holds no tokenizer: looked for tokenizer.json, vocab.json + merges.txt, encoder.json + vocab.bpe, encoder_bpe_40000.json + vocab_40000.bpe, vocab.txt", nothing);
        directory.Write("vocab.json", "{}");
        Assert.EndsWith("; only vocab.json is there", Assert.Throws<FileNotFoundException>(() => TokenizerFiles.Load(directory.Path)).Message);
    }

    /// <summary>Returns the small tokenizer's tokenizer.json after a change.</summary>
    private static string Edited(Action<JsonObject> edit)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Small.Save(directory.Path);
        JsonObject json = JsonNode.Parse(File.ReadAllText(directory.File("tokenizer.json")))!.AsObject();
        edit(json);
        return json.ToJsonString();
    }

    private static JsonObject Merged(JsonObject into, JsonObject changes)
    {
        JsonObject merged = into.DeepClone().AsObject();
        foreach ((string name, JsonNode? value) in changes)
            merged[name] = value?.DeepClone();
        return merged;
    }
}
