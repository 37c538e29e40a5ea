using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Benchmarks.LanguageModeling;
using Foreword.Evaluation.Benchmarks.User;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Evaluation.Tests;

public sealed class BenchmarkCatalogTests
{
    public static TheoryData<string> Names => [.. BenchmarkCatalog.All.Select(benchmark => benchmark.Name)];

    public static TheoryData<string> Choices => [.. BenchmarkCatalog.All.Where(benchmark => benchmark.Metrics == MultipleChoice.Metrics).Select(benchmark => benchmark.Name)];

    [Fact]
    public void NamesAreDistinctAndFiguresAreOfPresetsAndMetrics()
    {
        Assert.Equal(BenchmarkCatalog.All.Count, BenchmarkCatalog.All.Select(benchmark => benchmark.Name).Distinct().Count());
        foreach (Benchmark benchmark in BenchmarkCatalog.All)
        {
            Assert.Equal(benchmark.Metrics.Count, benchmark.Metrics.Select(metric => metric.Name).Distinct().Count());
            Assert.All(benchmark.Published, figure => Assert.Contains(figure.Model, GptConfig.Presets.Keys));
            Assert.All(benchmark.Published, figure => Assert.Contains(figure.Metric, benchmark.Metrics.Select(metric => metric.Name)));
        }
    }

    [Fact]
    public void ANameIsRegisteredOnce() =>
        Assert.Contains("a benchmark 'lambada' is registered already", Assert.Throws<ArgumentException>("benchmark", () => BenchmarkCatalog.Register(new Lambada())).Message);

    [Theory]
    [MemberData(nameof(Names))]
    public void EveryBenchmarkReadsItsPublishedLayoutAndRuns(string name)
    {
        PreparedBenchmark task = Evaluations.Prepare(name, limit: 4);
        BenchmarkResult result = Evaluations.Run(Evaluations.Arbitrary(), task);
        Assert.InRange(result.Judgments.Count, 1, 4);
        Assert.All(result.Metrics, metric => Assert.True(double.IsFinite(metric.Value)));
        Assert.NotEmpty(task.Protocol);
        Assert.All(task.Set.Files, file => Assert.True(File.Exists(file)));
    }

    [Theory]
    [MemberData(nameof(Choices))]
    public void AUniformModelScoresChance(string name)
    {
        BenchmarkResult result = Evaluations.Run(Evaluations.Uniform(), Evaluations.Prepare(name));
        double chance = result.Benchmark.Benchmark.Chance!.Value;
        Assert.Equal(chance, result.Value("acc_token"), 1e-9);
        Assert.Equal(chance, result.Value("acc_norm"), 1e-9); // its tokens are bytes
        Assert.Equal(chance, result.Value("acc_uncond"), 1e-9);
    }

    [Theory]
    [InlineData("winograd")]
    [InlineData("dprd")]
    public void AUniformModelResolvesPronounsByChance(string name)
    {
        BenchmarkResult result = Evaluations.Run(Evaluations.Uniform(), Evaluations.Prepare(name));
        Assert.Equal(0.5, result.Value("acc_partial"), 1e-9);
        Assert.Equal(0.5, result.Value("acc_mean"), 1e-9);
    }

    [Fact]
    public void AUniformModelsPerplexityIsTheVocabularysSize()
    {
        Assert.Equal(Math.Log2(Evaluations.VocabSize), Evaluations.Run(Evaluations.Uniform(), Evaluations.Prepare("enwik8", 64, window: 16, stride: 5)).Value("bits_per_byte"), 1e-6);
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string file = directory.Write("letters.txt", string.Concat(Enumerable.Range(0, 500).Select(i => $"{(char)('a' + i % 26)} ")));
        Assert.Equal(Math.Pow(Evaluations.VocabSize, 2), Evaluations.Run(Evaluations.Uniform(), Evaluations.Prepare(file, 64)).Value("word_perplexity"), 1); // a word is two bytes: a letter and its space

        // 13 bytes and 6 characters: 3 + 4 + 1 + 3 + 1 + 1 bytes; each byte is a token
        string chinese = directory.Write("chinese.txt", "你𠀀a。\n\n");
        BenchmarkResult characters = Evaluations.Run(Evaluations.Uniform(), Evaluations.Prepare(chinese, 64, window: 4));
        Assert.Equal(13 * Math.Log2(Evaluations.VocabSize) / 6, characters.Value("bits_per_character"), 1e-6);
        Assert.Equal(Math.Pow(Evaluations.VocabSize, 13.0 / 6), characters.Value("character_perplexity"), 0.5);
        Assert.Equal(Math.Log2(Evaluations.VocabSize), characters.Value("bits_per_byte"), 1e-6);
    }

    [Theory]
    [InlineData("the cat sat 在 the mat\n", true)]
    [InlineData("春眠不觉晓，处处闻啼鸟。\n夜来风雨声 GPT\n", false)]
    [InlineData("吾輩は猫である\n", false)]
    [InlineData("ภาษาไทย\n", false)]
    [InlineData("고양이는 자고 있다\n", true)]
    public void OnlyATextWithSpacesBetweenWordsHasAPerplexityOfWords(string text, bool hasWords)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        TextFile file = new(directory.Write("text.txt", text));
        BenchmarkInput input = new() { Directory = directory.Path, Tokenizer = new FakeTokenizer(257), ContextLength = 64 };
        Assert.Equal(hasWords, file.Metrics.Any(metric => metric.Name == "word_perplexity"));
        Assert.Equal(hasWords, file.Protocol(input).Contains("word_perplexity", StringComparison.Ordinal));
    }

    /// <summary>A model of GPT2-Chinese's articles has seen [SEP] where a line ends. The tokenizer itself leaves line breaks out.</summary>
    [Theory]
    [InlineData("[MASK]", "[CLS]", 7)] // 春 [SEP] 夏 [SEP] 春 夏 [SEP]
    [InlineData("[CLS]", "[SEP]", 4)]
    public void LinesOfArticlesAreDividedByTheirToken(string begin, string end, int tokens)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("vocab.txt", "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n春\n夏\n");
        directory.Write("tokenizer_config.json", $$"""{"bos_token": "{{begin}}", "eos_token": "{{end}}", "add_bos_token": true, "add_eos_token": true}""");
        TextFile file = new(directory.Write("text.txt", "春\r\n夏\n春夏\n"));
        BenchmarkInput input = new() { Directory = directory.Path, Tokenizer = Tokenizer.Load(directory.Path), ContextLength = 64 };
        Assert.Equal(tokens, file.Read(input).Documents.Sum(document => (int)document.Fields["tokens"]!));
        Assert.Equal(begin == "[MASK]", file.Protocol(input).Contains("; line breaks are [SEP];", StringComparison.Ordinal));
    }

    [Fact]
    public void WindowsAddUpToTheWholeWhateverTheirSize()
    {
        BenchmarkResult whole = Evaluations.Run(Evaluations.Arbitrary(), Evaluations.Prepare("wikitext2"));
        Assert.Single(whole.Judgments);
        foreach ((int window, int stride) in new[] { (64, 64), (200, 77), (50, 1) })
        {
            PreparedBenchmark task = Evaluations.Prepare("wikitext2", window: window, stride: stride);
            Assert.True(task.Count > 10);
            Assert.Equal(whole.Judgments[0].Statistics[0][1], Evaluations.Run(Evaluations.Uniform(), task).Judgments.Values.Sum(j => j.Statistics[0][1]), 1e-6);
        }

        // Each probability depends on two tokens. Every window contains both, unless it has only a single token.
        Assert.Equal(whole.Value("word_perplexity"), Evaluations.Run(Evaluations.Arbitrary(), Evaluations.Prepare("wikitext2", window: 64, stride: 32)).Value("word_perplexity"), whole.Value("word_perplexity") * 1e-5);
    }

    [Fact]
    public void WordsAreThoseOfThePublishedText()
    {
        string[] lines = File.ReadAllLines(Fixtures.Path("benchmarks/wikitext-2-raw/wiki.test.raw"));
        double words = lines.Sum(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length);
        Assert.Equal(words + lines.Length, Evaluations.Run(Evaluations.Uniform(), Evaluations.Prepare("wikitext2")).Judgments[0].Statistics[0][1], 1e-6);
        Assert.Equal(words, Evaluations.Run(Evaluations.Uniform(), Evaluations.Prepare("wikitext2:units=words")).Judgments[0].Statistics[0][1], 1e-6);
    }

    [Fact]
    public void ACorruptFileIsNamedWithItsLine()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string file = directory.Write("lambada/broken.jsonl", "{\"text\": \"two words\"}\n{\"words\": 1}\n");
        Assert.Contains($"{file}:2", Assert.Throws<InvalidDataException>(() => Evaluations.Prepare("lambada", directory: directory.Path)).Message, StringComparison.Ordinal);
        Assert.Contains("copa/*.xml", Assert.Throws<InvalidDataException>(() => Evaluations.Prepare("copa", directory: directory.Path)).Message, StringComparison.Ordinal);
        Assert.Throws<DirectoryNotFoundException>(() => Evaluations.Prepare("copa", directory: directory.File("nowhere")));
    }
}
