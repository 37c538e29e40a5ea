using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Words;

namespace Foreword.Tests.Tokenization.Files;

/// <summary>
/// Tests the files next to a vocabulary: added tokens, tokens with roles, and switches. Unless noted otherwise, ids are those of Hugging Face's
/// tokenizers.
/// </summary>
public sealed class TokenizerCompanionsTests : IDisposable
{
    private const string Decoder = """
        {"added_tokens_decoder": {
            "50256": {"content":"<|endoftext|>","lstrip":false,"normalized":true,"rstrip":false,"single_word":false,"special":true},
            "50257": {"content":"<|pad|>","lstrip":false,"normalized":false,"rstrip":false,"single_word":false,"special":true},
            "50258": {"content":"<speaker1>","lstrip":false,"normalized":true,"rstrip":false,"single_word":false,"special":false}},
         "additional_special_tokens": ["<speaker2>"], "pad_token": "<|pad|>", "mask_token": "<mask>"}
        """;

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TheOlderFilesOfAddedTokensCountBesideGpt2sVocabulary()
    {
        Gpt2Vocabulary();
        _directory.Write("added_tokens.json", """{"<|pad|>": 50257, "<speaker1>": 50258}""");
        _directory.Write("special_tokens_map.json", """{"pad_token": "<|pad|>", "additional_special_tokens": ["<speaker1>"]}""");
        Tokenizer tokenizer = Load();
        Assert.Equal([50258, 15496, 995, 50257, 50256], tokenizer.Encode("<speaker1>Hello world<|pad|><|endoftext|>", allowSpecial: true));
        Assert.Equal(50_259, tokenizer.VocabSize);
        Assert.Equal([50256, 50257, 50258], tokenizer.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Id));
        Assert.DoesNotContain(50258, tokenizer.Encode("<speaker1>"));
        StaysTheSame(tokenizer);
    }

    [Fact]
    public void ATokenWithoutARoleIsFoundAlways()
    {
        Gpt2Vocabulary();
        _directory.Write("added_tokens.json", """{"<speaker1>": 50257}""");
        Tokenizer tokenizer = Load();
        Assert.Equal([50257, 15496], tokenizer.Encode("<speaker1>Hello"));
        StaysTheSame(tokenizer);
    }

    /// <summary>
    /// A decoder in tokenizer_config.json replaces the older files. A token without an id gets the next id, in transformers' order of the roles.
    /// </summary>
    [Fact]
    public void TheDecoderInTokenizerConfigWins()
    {
        Gpt2Vocabulary();
        _directory.Write("tokenizer_config.json", Decoder);
        _directory.Write("added_tokens.json", """{"<other>": 50257}""");
        Tokenizer tokenizer = Load();
        Assert.Equal([50258, 50260, 50257], tokenizer.Encode("<speaker1><speaker2><|pad|>", allowSpecial: true).Where(id => id > 50256));
        Assert.Equal("<mask>", tokenizer.TokenText(50_259));
        StaysTheSame(tokenizer);
        Assert.Contains("\"<speaker2>\"", File.ReadAllText(_directory.File("saved/tokenizer_config.json")));
    }

    /// <summary>Padding never occurs in text. A model whose embedding was not enlarged for it must remain readable.</summary>
    [Fact]
    public void PaddingAndMasksWithoutAnIdGetNone()
    {
        Gpt2Vocabulary();
        _directory.Write("special_tokens_map.json", """{"pad_token": "[PAD]", "mask_token": "<mask>", "eos_token": "<|endoftext|>"}""");
        Assert.Equal(50_257, Load().VocabSize);
    }

    [Fact]
    public void Gpt1AndBertDirectoriesHaveAddedTokensToo()
    {
        foreach (string file in (string[])["encoder_bpe_40000.json", "vocab_40000.bpe"])
            File.Copy(Fixtures.Path($"gpt1-vocab/{file}"), _directory.File(file));
        _directory.Write("added_tokens.json", """{"<speaker1>": 40478}""");
        Tokenizer gpt1 = Load();
        Assert.Equal([40478, .. gpt1.Encode("hello"), 40478], gpt1.Encode("<speaker1>hello<speaker1>"));
        StaysTheSame(gpt1);

        foreach (string file in Directory.GetFiles(_directory.Path))
            File.Delete(file);
        BertVocabulary();
        _directory.Write("added_tokens.json", """{"covid": 21128, "[speaker1]": 21129}""");
        _directory.Write("special_tokens_map.json", """{"additional_special_tokens": [{"content": "[speaker1]", "lstrip": true}]}""");
        Tokenizer bert = Load();
        Assert.Equal([21128, 161], bert.Encode("covids"));
        Assert.Equal([21129, 161], bert.Encode("  [speaker1]s", allowSpecial: true));
        Assert.Equal("covid s", bert.Decode([21128, 161]));
        StaysTheSame(bert);
        Assert.Equal(File.ReadAllBytes(Fixtures.Path("bert-chinese-vocab/vocab.txt")), File.ReadAllBytes(_directory.File("saved/vocab.txt")));
    }

    [Fact]
    public void WordLevelVocabulariesFindTheirAddedTokens()
    {
        Tokenizer words = new WordTrainer().Train(["a b\nc a"], cancellationToken: TestContext.Current.CancellationToken);
        words.Save(_directory.Path);
        string path = _directory.File("tokenizer.json"), json = File.ReadAllText(path);
        File.WriteAllText(path, json.Replace("\"added_tokens\": [", "\"added_tokens\": [{\"id\": 5, \"content\": \"<pad>\", \"special\": true},", StringComparison.Ordinal));
        Tokenizer tokenizer = Load();
        int a = words.Encode("a")[0];
        Assert.Equal([a, 5, a], tokenizer.Encode("a<pad>a", allowSpecial: true));
        Assert.Equal([0], tokenizer.Encode("a<pad>a"));
    }

    [Theory]
    [InlineData("added_tokens.json", """{"Hello": 3}""", "added_tokens.json: added token 'Hello' has id 3, but 15496 in the vocabulary")]
    [InlineData("added_tokens.json", """{"<x>": 15496}""", "added_tokens.json: tokens 'Hello' and '<x>' share id 15496")]
    [InlineData("added_tokens.json", """{"<x>": 50300}""", "none has id 50257")]
    [InlineData("added_tokens.json", "[]", "added_tokens.json: is not a JSON object")]
    [InlineData("added_tokens.json", """{"<x>": "y"}""", "token '<x>' has an id that is not a whole number")]
    [InlineData("special_tokens_map.json", """{"eos_token": 3}""", "special_tokens_map.json: eos_token: is not an object")]
    [InlineData("special_tokens_map.json", """{"additional_special_tokens": [""]}""", "special_tokens_map.json: additional_special_tokens[0]: is empty")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"x": {"content": "y"}}}""", "tokenizer_config.json: added_tokens_decoder.x: 'x' is not an id")]
    [InlineData("tokenizer_config.json", """{"added_tokens_decoder": {"50257": {}}}""", "added_tokens_decoder.50257: has no content")]
    [InlineData("tokenizer_config.json", """{"add_prefix_space": "yes"}""", "tokenizer_config.json: add_prefix_space: is \"yes\"; it must be true or false")]
    [InlineData("tokenizer_config.json", """{"add_eos_token": true, "eos_token": "<|endoftext|>", "add_bos_token": 1}""", "add_bos_token: is 1")]
    [InlineData("config.json", """{"n_embd": 8, "eos_token_id": "x"}""", "config.json: eos_token_id: is \"x\"; it must be an id or a list of ids")]
    public void WhatDoesNotFitIsNamedWithItsFile(string file, string content, string sentence)
    {
        Gpt2Vocabulary();
        _directory.Write(file, content);
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(Load).Message);
    }

    [Fact]
    public void APrefixSpaceIsReadWhereTheConfigurationAsksForIt()
    {
        Gpt2Vocabulary();
        _directory.Write("tokenizer_config.json", """{"add_prefix_space": true}""");
        Tokenizer tokenizer = Load();
        Assert.Equal([18435, 995], tokenizer.Encode("Hello world"));
        Assert.Equal([18435, 995], tokenizer.Encode(" Hello world"));
        Assert.NotEqual(Gpt2.Tokenizer.Fingerprint, tokenizer.Fingerprint);
        StaysTheSame(tokenizer);
        File.WriteAllText(_directory.File("saved/tokenizer_config.json"), """{"add_prefix_space": false}""");
        Assert.Equal([15496, 995], TokenizerFiles.Load(_directory.File("saved")).Encode("Hello world")); // overrides tokenizer.json, as in transformers
    }

    [Theory]
    [InlineData("""{"do_lower_case": false, "strip_accents": true}""", "café", new[] { 8377 })]
    [InlineData("""{"tokenize_chinese_chars": false}""", "北京ABC", new[] { 1266, 13833, 12072 })]
    [InlineData("""{"do_lower_case": false, "never_split": ["[MASK]"], "do_basic_tokenize": true}""", "北京", new[] { 1266, 776 })]
    public void BertsSwitchesAreRead(string config, string text, int[] ids)
    {
        BertVocabulary();
        _directory.Write("tokenizer_config.json", config);
        Tokenizer tokenizer = Load();
        Assert.Equal(ids, tokenizer.Encode(text));
        StaysTheSame(tokenizer);
    }

    [Theory]
    [InlineData("bert", """{"never_split": ["covid"]}""", "tokenizer_config.json: never_split[0]: 'covid' is not supported")]
    [InlineData("bert", """{"do_basic_tokenize": false}""", "do_basic_tokenize = false")]
    [InlineData("bert", """{"wordpieces_prefix": "@@"}""", "wordpieces_prefix '@@'")]
    [InlineData("bert", """{"unk_token": "<unk>"}""", "unk_token '<unk>' is not supported; it is [UNK]")]
    [InlineData("gpt1", """{"do_lower_case": false}""", "do_lower_case = false is not supported; GPT-1's text is lower case")]
    [InlineData("gpt1", """{"unk_token": {"content": "[UNK]"}}""", "unk_token '[UNK]'")]
    public void ASwitchThatIsNotDoneIsRefusedByName(string kind, string config, string sentence)
    {
        if (kind == "bert")
            BertVocabulary();
        else
            TokenizerFiles.Load(Fixtures.Path("gpt1-vocab")).Save(_directory.Path);
        _directory.Write("tokenizer_config.json", config);
        Assert.Contains(sentence, Assert.Throws<NotSupportedException>(Load).Message);
    }

    [Theory]
    [InlineData("\"</s>\"")]
    [InlineData("""{"__type": "AddedToken", "content": "</s>", "lstrip": false, "rstrip": false, "single_word": false, "normalized": true}""")]
    public void TheEndOfATextIsTheTokenThatTheFilesName(string token)
    {
        Gpt2Vocabulary();
        _directory.Write("added_tokens.json", """{"<s>": 50257, "</s>": 50258}""");
        _directory.Write("tokenizer_config.json", $$"""{"eos_token": "<|endoftext|>", "bos_token": "<s>"}""");
        _directory.Write("special_tokens_map.json", $$"""{"eos_token": {{token}}}""");
        Tokenizer tokenizer = Load();
        Assert.Equal((50_258, 50_257), (tokenizer.EndOfTextId, tokenizer.StartOfTextId));
        Assert.Equal([50258], tokenizer.StopIds);
        StaysTheSame(tokenizer);
    }

    /// <summary>
    /// generation_config.json overrides config.json. The tokenizer's own end of text always counts. Ids outside the vocabulary never count.
    /// </summary>
    [Theory]
    [InlineData("""{"eos_token_id": 50258}""", null, new[] { 50256, 50258 })]
    [InlineData("""{"eos_token_id": [50258, 198, 50256]}""", null, new[] { 50256, 50258, 198 })]
    [InlineData("""{"eos_token_id": 50258}""", """{"eos_token_id": [198, 99999]}""", new[] { 50256, 198 })]
    [InlineData("""{"eos_token_id": 50258}""", """{"bos_token_id": 7}""", new[] { 50256, 50258 })]
    [InlineData("""{"eos_token_id": null}""", """{"eos_token_id": -1}""", new[] { 50256 })]
    public void TheModelsFilesNameFurtherEnds(string config, string? generation, int[] stops)
    {
        Gpt2Vocabulary();
        _directory.Write("added_tokens.json", """{"<s>": 50257, "</s>": 50258}""");
        _directory.Write("config.json", config.Replace("{", """{"model_type": "gpt2", """, StringComparison.Ordinal));
        if (generation is not null)
            _directory.Write("generation_config.json", generation);
        Tokenizer tokenizer = Load();
        Assert.Equal(50_256, tokenizer.EndOfTextId);
        Assert.Equal(stops, tokenizer.StopIds);
    }

    /// <summary>
    /// If the tokenizer names no end of text and has no &lt;|endoftext|&gt;, the model's is used, provided that text cannot contain it.
    /// </summary>
    [Fact]
    public void TheModelsEndIsTheTokenizersWhereThatHasNone()
    {
        string gpt1 = Fixtures.Path("gpt1-vocab");
        foreach (string file in Directory.GetFiles(gpt1))
            File.Copy(file, _directory.File(Path.GetFileName(file)));
        Assert.Null(Load().EndOfTextId);
        _directory.Write("added_tokens.json", """{"</s>": 40478}""");
        _directory.Write("config.json", """{"model_type": "openai-gpt", "eos_token_id": [5, 40478]}""");
        Tokenizer tokenizer = Load();
        Assert.Equal(40_478, tokenizer.EndOfTextId);
        Assert.Equal([40478, 5], tokenizer.StopIds);
        StaysTheSame(tokenizer);
    }

    [Fact]
    public void TheTokenThatBeginsATextStandsBeforeItWhereTheConfigurationAsksForIt()
    {
        Gpt2Vocabulary();
        _directory.Write("tokenizer_config.json", """{"add_bos_token": true, "bos_token": "<s>"}""");
        Tokenizer tokenizer = Load();
        Assert.Equal([50257, 15496], tokenizer.EncodeWithTemplate("Hello"));
        Assert.Equal([15496], tokenizer.Encode("Hello"));
        StaysTheSame(tokenizer);
    }

    [Theory]
    [InlineData("\"</x>\"")]
    [InlineData("""{"content": "</x>", "lstrip": false, "normalized": false, "rstrip": false, "single_word": false}""")]
    public void AnEndWithoutAnIdGetsTheNext(string token)
    {
        Gpt2Vocabulary();
        _directory.Write("special_tokens_map.json", $$"""{"eos_token": {{token}}}""");
        Tokenizer tokenizer = Load();
        Assert.Equal((50_258, 50_257), (tokenizer.VocabSize, tokenizer.EndOfTextId));
        StaysTheSame(tokenizer);
    }

    [Fact]
    public void TheTokenThatEndsATextStandsAfterItWhereTheConfigurationAsksForIt()
    {
        Gpt2Vocabulary();
        _directory.Write("tokenizer_config.json", """{"add_eos_token": true, "eos_token": "</s>"}""");
        Tokenizer tokenizer = Load();
        Assert.Equal([15496, 50257], tokenizer.EncodeWithTemplate("Hello"));
        StaysTheSame(tokenizer);
    }

    /// <summary>
    /// Such a token occurs once between documents, as the end of the previous document. Shards of the tokenizer without the switch therefore stay
    /// valid.
    /// </summary>
    [Fact]
    public void ATokenThatEndsADocumentAnywayIsNotPartOfTheFingerprint()
    {
        Gpt2Vocabulary();
        _directory.Write("tokenizer_config.json", """{"add_bos_token": true, "add_eos_token": true, "bos_token": "<|endoftext|>", "eos_token": "<|endoftext|>"}""");
        Tokenizer tokenizer = Load();
        Assert.Equal([50256, 15496, 50256], tokenizer.EncodeWithTemplate("Hello"));
        Assert.Equal(Gpt2.Tokenizer.Fingerprint, tokenizer.Fingerprint);
    }

    /// <summary>Older versions of transformers write normalized = true for special tokens.</summary>
    [Theory]
    [InlineData("true")]
    [InlineData("false")]
    public void ASpecialTokenIsTheSameNormalizedOrNot(string normalized)
    {
        BertVocabulary();
        string plain = Load().Fingerprint;
        _directory.Write("tokenizer_config.json", $$"""{"added_tokens_decoder": {"0": {"content": "[PAD]", "special": true, "normalized": {{normalized}} } } }""");
        Assert.Equal(plain, Load().Fingerprint);
    }

    [Theory]
    [InlineData("""{"added_tokens_decoder": []}""", "added_tokens_decoder: is not an object")]
    [InlineData("""{"added_tokens_decoder": "x"}""", "added_tokens_decoder: is not an object")]
    [InlineData("""{"extra_special_tokens": "x"}""", "extra_special_tokens: is not an array")]
    public void AFieldOfAnotherKindIsNamed(string config, string sentence)
    {
        Gpt2Vocabulary();
        string path = _directory.Write("tokenizer_config.json", config);
        Assert.Equal($"{path}: {sentence}", Assert.Throws<InvalidDataException>(Load).Message);
    }

    [Theory]
    [InlineData("vocab.txt")]
    [InlineData("merges.txt")]
    public void APointerOfGitLfsIsNamed(string file)
    {
        if (file == "merges.txt")
            Gpt2Vocabulary();
        string path = _directory.Write(file, "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 665\n");
        Assert.StartsWith($"{path} is a Git LFS pointer", Assert.Throws<InvalidDataException>(Load).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ARoleWithAnEmptyTextIsAbsent()
    {
        Gpt2Vocabulary();
        _directory.Write("tokenizer_config.json", """{"unk_token": "", "bos_token": ""}""");
        Assert.Equal((50_257, 50_256), (Load().VocabSize, Load().StartOfTextId));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("// settings of another program\n{\"port\": 80}")]
    [InlineData("""{"eos_token_id": "</s>"}""")]
    public void AConfigurationOfAnotherProgramSaysNothing(string config)
    {
        Gpt2Vocabulary();
        _directory.Write("config.json", config);
        Assert.Equal([50256], Load().StopIds);
    }

    /// <summary>Saving a tokenizer removes the files of an earlier one.</summary>
    [Fact]
    public void SavingRemovesTheCompanionsOfAnEarlierTokenizer()
    {
        _directory.Write("added_tokens.json", """{"<other>": 7}""");
        _directory.Write("special_tokens_map.json", """{"eos_token": "<other>"}""");
        Gpt2.Tokenizer.Save(_directory.Path);
        Assert.Equal(Gpt2.Tokenizer.Fingerprint, Load().Fingerprint);
    }

    [Fact]
    public void ATokenizerThatCannotBeWrittenLeavesTheCompanionsOfTheEarlierOne()
    {
        _directory.Write("added_tokens.json", "{}");
        _directory.Write("special_tokens_map.json", "{}");
        Directory.CreateDirectory(_directory.File("tokenizer_config.json")); // no file can take this name
        Assert.ThrowsAny<SystemException>(() => Gpt2.Tokenizer.Save(_directory.Path));
        Assert.True(File.Exists(_directory.File("added_tokens.json")) && File.Exists(_directory.File("special_tokens_map.json")));
    }

    private Tokenizer Load() => TokenizerFiles.Load(_directory.Path);

    private void Gpt2Vocabulary()
    {
        foreach (string file in (string[])["encoder.json", "vocab.bpe"])
            File.Copy(Fixtures.Path($"gpt2-vocab/{file}"), _directory.File(file == "encoder.json" ? "vocab.json" : "merges.txt"));
    }

    private void BertVocabulary() => File.Copy(Fixtures.Path("bert-chinese-vocab/vocab.txt"), _directory.File("vocab.txt"));

    /// <summary>Checks that the tokenizer and its roles are the same after saving and loading, with tokenizer.json and without.</summary>
    private void StaysTheSame(Tokenizer tokenizer)
    {
        string saved = Directory.CreateDirectory(_directory.File("saved")).FullName;
        foreach (string file in Directory.GetFiles(saved))
            File.Delete(file);
        tokenizer.Save(saved);
        Same();
        File.Delete(Path.Combine(saved, "tokenizer.json"));
        Same();
        tokenizer.Save(saved);

        void Same()
        {
            Tokenizer again = TokenizerFiles.Load(saved);
            Assert.Equal(tokenizer.Fingerprint, again.Fingerprint);
            Assert.Equal((tokenizer.StartOfTextId, tokenizer.EndOfTextId), (again.StartOfTextId, again.EndOfTextId));
            Assert.Equal(tokenizer.AddedTokens, again.AddedTokens);
            Assert.Equal(tokenizer.TemplateStart, again.TemplateStart);
            Assert.Equal(tokenizer.TemplateEnd, again.TemplateEnd);
        }
    }
}
