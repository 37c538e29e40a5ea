using System.Text.Json;

namespace Foreword.Cli.Tests.Commands;

public sealed class TokenizerCommandTests
{
    private static readonly string Gpt2 = Fixtures.Path("gpt2-vocab");
    private static readonly string Corpus = Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt");

    [Fact]
    public void TextBecomesIdsOnOneLine()
    {
        Cli run = Cli.Run("tokenizer", "encode", Gpt2, "Hello world");
        Assert.Equal((0, "15496 995\n", ""), (run.ExitCode, run.Out, run.Err));
    }

    [Fact]
    public void ATokenizerIsNotWrittenOverAFile()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string file = directory.Write("file", "before");
        Cli run = Cli.Run("tokenizer", "train", file, "--vocab-size", "300", "--out", file);
        Assert.Equal((1, $"error: --out {file} is a file; expected a directory\n"), (run.ExitCode, run.Err));
        Assert.Equal("before", File.ReadAllText(file));
    }

    [Fact]
    public void ARunOrAModelLendsItsTokenizer()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string run = directory.File("run");
        directory.Write("run/checkpoint-20/config.json", "{}");
        foreach (string file in Directory.GetFiles(Gpt2))
            File.Copy(file, Path.Combine(run, "checkpoint-20", Path.GetFileName(file)));
        Assert.Equal("15496 995\n", Cli.Run("tokenizer", "encode", run, "Hello world").Out);
        Assert.Equal("Hello world", Cli.Run("tokenizer", "decode", run, "15496", "995").Out);
        Cli prepared = Cli.Run("prepare", directory.Write("text.txt", "Hello world"), "--tokenizer", run, "--out", directory.File("shards"), "--validation", "0");
        Assert.True(prepared.ExitCode == 0, prepared.Err);
    }

    [Fact]
    public void EmptyTextGivesAnEmptyLine() => Assert.Equal((0, "\n"), (Cli.Run("tokenizer", "encode", Gpt2, "").ExitCode, Cli.Run("tokenizer", "encode", Gpt2, "").Out));

    [Fact]
    public void WhatTheTemplatePutsAroundATextIsPrintedUnlessItIsToBeBare()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        foreach (string file in Directory.GetFiles(Gpt2))
            File.Copy(file, directory.File(Path.GetFileName(file)));
        directory.Write("tokenizer_config.json", """{"add_bos_token": true, "bos_token": "<|endoftext|>"}""");
        Assert.Equal("50256 15496 995\n", Cli.Run("tokenizer", "encode", directory.Path, "Hello world").Out);
        Assert.Equal("15496 995\n", Cli.Run("tokenizer", "encode", directory.Path, "Hello world", "--bare").Out);
    }

    [Fact]
    public void SpecialTokensAreTakenOnlyWhenAllowed()
    {
        Assert.Equal("27 91 437 1659 5239 91 29\n", Cli.Run("tokenizer", "encode", Gpt2, "<|endoftext|>").Out);
        Assert.Equal("50256\n", Cli.Run("tokenizer", "encode", Gpt2, "<|endoftext|>", "--allow-special").Out);
    }

    [Fact]
    public void TextComesFromAFileWithoutItsByteOrderMarkOrFromStandardInput()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string file = directory.Write("text.txt", "\uFEFFHello world\n");
        Assert.Equal("15496 995 198\n", Cli.Run("tokenizer", "encode", Gpt2, "--input", file).Out);
        Assert.Equal("15496 995 198\n", Cli.RunWithInput("Hello world\n", "tokenizer", "encode", Gpt2, "--input", "-").Out);
    }

    [Fact]
    public void JsonHoldsIdsAndTokens() =>
        Assert.Equal("""{"ids":[15496,995],"tokens":["Hello","Ġworld"]}""" + "\n", Cli.Run("tokenizer", "encode", Gpt2, "Hello world", "--json").Out);

    [Theory]
    [InlineData("gpt2.jsonl")]
    [InlineData("gpt2-invalid-surrogates.jsonl")]
    public void EveryLineOfAGoldenJsonLinesFileGivesItsIds(string name)
    {
        string[] golden = File.ReadAllLines(Fixtures.Path($"golden/tokenizers/{name}"));
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string input = directory.Write("input.jsonl", string.Join('\n', golden).Replace("\"utf16\"", "\"text_utf16\""));
        Cli run = Cli.Run("tokenizer", "encode", Gpt2, "--input", input);
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        string[] lines = run.Out.TrimEnd('\n').Split('\n');
        Assert.Equal(golden.Length, lines.Length);
        for (int i = 0; i < golden.Length; i++)
            Assert.Equal(Ids(golden[i]), Ids(lines[i]));
    }

    [Fact]
    public void ALoneSurrogateEscapedInTextIsRepaired()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string input = directory.Write("input.jsonl", """
            {"text":"a\ud83d\n\"b\u00e9"}

            {"text_utf16":[97,55357,10,34,98,233],"other":1}
            {"text":"a\ufffd\n\"bé"}
            """);
        string[] lines = Cli.Run("tokenizer", "encode", Gpt2, "--input", input).Out.TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.Equal(lines[2], lines[0]);
        Assert.Equal(lines[2], lines[1]);
    }

    [Theory]
    [InlineData("{\"text\": 5}", ":2: text is not a string")]
    [InlineData("{\"txt\": \"a\"}", ":2: neither text nor text_utf16")]
    [InlineData("[]", ":2: not a JSON object")]
    [InlineData("{\"text\": \"a", ":2: not valid JSON at byte")]
    [InlineData("{\"text_utf16\": [70000]}", ":2: text_utf16 holds 70000, which is not a UTF-16 code unit")]
    [InlineData("{\"text_utf16\": \"a\"}", ":2: text_utf16 is not an array")]
    public void ABrokenJsonLineIsNamedAfterTheLinesBeforeIt(string line, string sentence)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Cli run = Cli.Run("tokenizer", "encode", Gpt2, "--input", directory.Write("input.jsonl", $"{{\"text\":\"Hello\"}}\n{line}\n"));
        Assert.Equal((1, "{\"ids\":[15496],\"tokens\":[\"Hello\"]}\n"), (run.ExitCode, run.Out));
        Assert.Contains($"input.jsonl{sentence}", run.Err);
        Assert.Single(run.Err.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public void InputThatIsNotUtf8IsNamedWithTheByte()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        File.WriteAllBytes(directory.File("text.txt"), [0xEF, 0xBB, 0xBF, 0x41, 0xFF, 0x42]);
        Cli run = Cli.Run("tokenizer", "encode", Gpt2, "--input", directory.File("text.txt"));
        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("text.txt: byte 4 begins a sequence that is not UTF-8; name another encoding with --encoding, such as gb18030 or utf-16 (data.encoding in a recipe)\n", run.Err);
    }

    [Fact]
    public void IdsBecomeExactlyTheirBytes()
    {
        Assert.Equal("Hello world", Cli.Run("tokenizer", "decode", Gpt2, "15496", "995").Out);
        Assert.Equal("Hello world", Cli.Run("tokenizer", "decode", Gpt2, "15496,995").Out);
        Assert.Equal("Hello world", Cli.RunWithInput("15496\n995\n", "tokenizer", "decode", Gpt2, "--input", "-").Out);
    }

    [Fact]
    public void CharactersThatTheIdsDoNotHoldAreNamed()
    {
        using TemporaryDirectory directory = new();
        Assert.Equal(0, Cli.Run("tokenizer", "train", directory.Write("text.txt", "abc"), "--kind", "char", "--out", directory.File("char")).ExitCode);
        Cli run = Cli.Run("tokenizer", "encode", directory.File("char"), "a漢\u0001b漢");
        Assert.Equal((0, "The ids do not represent 2 of the text's characters: U+0001, 漢 (U+6F22)\n"), (run.ExitCode, run.Err));
        Assert.Equal("", Cli.Run("tokenizer", "encode", Gpt2, "a漢").Err);
    }

    [Fact]
    public void DecodingGivesBackWhatWasEncoded()
    {
        Cli encoded = Cli.Run("tokenizer", "encode", Gpt2, "--input", Corpus);
        Assert.Equal(File.ReadAllText(Corpus), Cli.RunWithInput(encoded.Out, "tokenizer", "decode", Gpt2, "--input", "-").Out);
    }

    [Fact]
    public void AnIdOutsideTheVocabularyIsNamed()
    {
        Cli run = Cli.Run("tokenizer", "decode", Gpt2, "1", "50257");
        Assert.Equal((1, "", "error: token id 50257 is outside the vocabulary of 50257\n"), (run.ExitCode, run.Out, run.Err));
    }

    [Fact]
    public void WhatIsNotAnIdIsWrongUsageAsArgumentAndBadInputInAFile()
    {
        Cli argument = Cli.Run("tokenizer", "decode", Gpt2, "x");
        Assert.Equal((2, "error: 'x' is not a token id\n"), (argument.ExitCode, argument.Err));
        Cli file = Cli.RunWithInput("1 x", "tokenizer", "decode", Gpt2, "--input", "-");
        Assert.Equal((1, "error: -: 'x' is not a token id\n"), (file.ExitCode, file.Err));
    }

    [Fact]
    public void AMisspelledOptionIsNotTakenForText()
    {
        Cli run = Cli.Run("tokenizer", "encode", Gpt2, "--alow-special");
        Assert.Equal((2, ""), (run.ExitCode, run.Out));
        Assert.Contains("unknown option '--alow-special'; did you mean '--allow-special'?", run.Err);
    }

    [Fact]
    public void TextMayBeginWithADashBehindTwoDashesOrWithAnAtSign()
    {
        Assert.Equal("1", Cli.Run("tokenizer", "decode", Gpt2, "16").Out);
        Assert.Equal("--x", Decoded(Cli.Run("tokenizer", "encode", Gpt2, "--", "--x")));
        Assert.Equal("@x", Decoded(Cli.Run("tokenizer", "encode", Gpt2, "@x")));
        Assert.Equal("- x", Decoded(Cli.Run("tokenizer", "encode", Gpt2, "- x")));

        static string Decoded(Cli encoded) => Cli.RunWithInput(encoded.Out, "tokenizer", "decode", Gpt2, "--input", "-").Out;
    }

    [Theory]
    [InlineData("encode")]
    [InlineData("decode")]
    public void NothingToDoOrTwoThingsToDoAreWrongUsage(string command)
    {
        Assert.Equal(2, Cli.Run("tokenizer", command, Gpt2).ExitCode);
        Assert.Equal(2, Cli.Run("tokenizer", command, Gpt2, "1", "--input", "-").ExitCode);
    }

    [Fact]
    public void AMissingTokenizerIsOneSentence()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Cli run = Cli.Run("tokenizer", "encode", directory.Path, "x");
        Assert.Equal(1, run.ExitCode);
        Assert.Contains("holds no tokenizer: looked for tokenizer.json", run.Err);
    }

    [Fact]
    public void ATrainedTokenizerWorksWithTheOtherCommands()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string output = directory.File("a/tokenizer");
        Cli train = Cli.Run("tokenizer", "train", Corpus, "--kind", "byte-bpe", "--vocab-size", "457", "--out", output);
        Assert.Equal((0, ""), (train.ExitCode, train.Out));
        Assert.Contains("byte-bpe, 457 ids", train.Err);
        Assert.Equal("456\n", Cli.Run("tokenizer", "encode", output, "<|endoftext|>", "--allow-special").Out);

        // bpe-train.json, gpt2_id_order
        Assert.Equal("318 355\n", Cli.Run("tokenizer", "encode", output, "the stairs").Out);
        Assert.Equal("the stairs", Cli.Run("tokenizer", "decode", output, "318", "355").Out);
    }

    [Fact]
    public void AFewCharactersAreCountedWhole()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Cli run = Cli.Run("tokenizer", "train", directory.Write("text.txt", "ab ab"), "--vocab-size", "257", "--out", directory.File("t"));
        Assert.Contains("from 1 document (5 characters) in ", run.Err, StringComparison.Ordinal);
    }

    [Fact]
    public void TrainingWithJsonSaysWhatCameOfIt()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Cli run = Cli.Run("tokenizer", "train", Corpus, directory.Write("more.txt", "ab ab"), "--vocab-size", "300", "--out", directory.File("t"), "--json", "--quiet");
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        JsonElement json = JsonDocument.Parse(run.Out).RootElement;
        Assert.Equal((300, 43, 2), (json.GetProperty("vocabulary_size").GetInt32(), json.GetProperty("merges").GetInt32(), json.GetProperty("documents").GetInt32()));
        JsonElement inspected = JsonDocument.Parse(Cli.Run("tokenizer", "inspect", directory.File("t"), "--json").Out).RootElement;
        Assert.Equal(json.GetProperty("fingerprint").GetString(), inspected.GetProperty("fingerprint").GetString());
    }

    [Fact]
    public void ACorpusThatRunsOutOfPairsIsToldSo()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Cli run = Cli.Run("tokenizer", "train", directory.Write("c.txt", "ab ab"), "--vocab-size", "1000", "--out", directory.File("t"));
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("258 ids instead of 1000", run.Err);
    }

    [Fact]
    public void TrainingOnNothingFailsAndWritesNothing()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string output = directory.File("t");
        Assert.Equal(1, Cli.Run("tokenizer", "train", directory.File("none.txt"), "--vocab-size", "300", "--out", output).ExitCode);
        Assert.Equal(1, Cli.Run("tokenizer", "train", directory.Write("empty.txt", ""), "--vocab-size", "300", "--out", output).ExitCode);
        Assert.False(Directory.Exists(output));
    }

    [Theory]
    [InlineData("--vocab-size 256 --out t", "--vocab-size is 256; it must be at least 257")]
    [InlineData("--vocab-size 300 --out t --min-frequency 0", "--min-frequency is 0; it must be at least 1")]
    [InlineData("--vocab-size 300 --out t --max-bytes 0", "--max-bytes is 0; it must be at least 1")]
    [InlineData("--out t", "--vocab-size is missing")]
    [InlineData("--vocab-size 300 --out t --kind byte-bpf", "did you mean 'byte-bpe'?")]
    [InlineData("--vocab-size 300", "--out")]
    [InlineData("--vocab-sise 300 --out t", "did you mean '--vocab-size'?")]
    public void WrongUsageOfTrainIsExitCodeTwo(string options, string sentence)
    {
        Cli run = Cli.Run(["tokenizer", "train", Corpus, .. options.Split(' ')]);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains(sentence, run.Err);
    }

    [Theory]
    [InlineData("gpt1-bpe", "--vocab-size", "60", "--min-frequency", "1")]
    [InlineData("wordpiece", "--vocab-size", "60", "--min-frequency", "1")]
    [InlineData("char")]
    [InlineData("word")]
    public void EveryKindIsTrainedSavedAndUsed(string kind, params string[] options)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Cli train = Cli.Run(["tokenizer", "train", directory.Write("c.txt", "the cat the dog"), "--kind", kind, "--out", directory.File("t"), "--json", .. options]);
        Assert.Equal(0, train.ExitCode);
        Assert.Equal(kind, JsonDocument.Parse(train.Out).RootElement.GetProperty("kind").GetString());
        string ids = Cli.Run("tokenizer", "encode", directory.File("t"), "the dog").Out.Trim();
        Assert.Equal("the dog", Cli.Run(["tokenizer", "decode", directory.File("t"), .. ids.Split(' ')]).Out);
    }

    [Fact]
    public void TrainingReadsJsonLinesAndNamesABrokenOne()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string lines = directory.Write("c.jsonl", "{\"body\":\"ab ab\"}\n{\"body\":\"ab\"}\n");
        Cli run = Cli.Run("tokenizer", "train", lines, "--text-field", "body", "--vocab-size", "300", "--out", directory.File("t"), "--json");
        Assert.Equal(2, JsonDocument.Parse(run.Out).RootElement.GetProperty("documents").GetInt32());
        Assert.Equal("256\n", Cli.Run("tokenizer", "encode", directory.File("t"), "ab").Out);
        Cli broken = Cli.Run("tokenizer", "train", directory.Write("b.jsonl", "{\"body\":\"a\"}\n{"), "--text-field", "body", "--vocab-size", "300", "--out", directory.File("t"));
        Assert.Equal(1, broken.ExitCode);
        Assert.Contains("b.jsonl:2", broken.Err);
        Assert.Equal("256\n", Cli.Run("tokenizer", "encode", directory.File("t"), "ab").Out); // the existing tokenizer is intact
    }

    [Fact]
    public void InspectionNamesKindSizeSpecialTokensAndTheLongest()
    {
        JsonElement json = JsonDocument.Parse(Cli.Run("tokenizer", "inspect", Gpt2, "--json").Out).RootElement;
        Assert.Equal("byte-bpe", json.GetProperty("kind").GetString());
        Assert.Equal(50_257, json.GetProperty("vocabulary_size").GetInt32());
        Assert.Equal(50_000, json.GetProperty("merges").GetInt32());
        Assert.Equal(50_256, json.GetProperty("special_tokens")[0].GetProperty("id").GetInt32());
        Assert.Equal(128, json.GetProperty("longest_tokens")[0].GetProperty("bytes").GetInt32());
        string text = Cli.Run("tokenizer", "inspect", Gpt2).Out;
        Assert.Contains("vocabulary size  50257\n", text);
        Assert.Contains("<|endoftext|> (50256)\n", text);
        Assert.Contains(json.GetProperty("fingerprint").GetString()!, text);
    }

    [Theory]
    [InlineData("train")]
    [InlineData("encode")]
    [InlineData("decode")]
    [InlineData("inspect")]
    public void HelpShowsAnExample(string command) => Assert.Contains($"Example:\n  foreword tokenizer {command}", Cli.Run("tokenizer", command, "--help").Out);

    private static int[] Ids(string line) => [.. JsonDocument.Parse(line).RootElement.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32())];
}
