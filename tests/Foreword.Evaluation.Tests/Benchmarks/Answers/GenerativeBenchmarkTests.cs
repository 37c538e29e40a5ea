using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;

namespace Foreword.Evaluation.Tests.Benchmarks.Answers;

public sealed class GenerativeBenchmarkTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ACoqaPromptHoldsTheStoryAndTheRightAnswersSoFar()
    {
        PreparedBenchmark task = Evaluations.Prepare("coqa");
        Assert.Equal(3, task.Count);
        Assert.EndsWith(" flew away over the river.\n\nQ: What did Anna have?\nA: a kite\nQ: What colour was it?\nA:", Prompt(task, 1), StringComparison.Ordinal);
        Assert.StartsWith("Ben baked bread. It was good.\n\nQ: Who baked?\nA: Ben\nQ: Was it good?\nA: yes\n\n", Prompt(Evaluations.Prepare("coqa", shots: 2), 0, without: "The cat slept on the roof.\n\nQ: Where did the cat sleep?\nA: on the roof\n\n"), StringComparison.Ordinal);
    }

    /// <summary>
    /// The answer is "red". For the first question, two of the three leave-one-out sets contain "a red kite", with which it shares one of two words.
    /// For the second question, every leave-one-out set contains "red".
    /// </summary>
    [Fact]
    public void CoqaAnswersAreMeasuredAsPeopleAre()
    {
        BenchmarkResult result = Evaluations.Run(Evaluations.Saying(" red\n"), Evaluations.Prepare("coqa"));
        Assert.Equal([[2.0 / 3 * (2 * 0.5 / 1.5)], [0]], result.Judgments[0].Statistics, Near);
        Assert.Equal([[1], [1]], result.Judgments[1].Statistics, Near);
        Assert.Equal("red", result.Judgments[1].Prediction);
        Assert.Equal(1.0 / 3, result.Value("exact_match"), 9);
    }

    [Fact]
    public void SquadTakesTheBestOfTheAcceptedAnswers()
    {
        BenchmarkResult result = Evaluations.Run(Evaluations.Saying(" In the 1784.\n"), Evaluations.Prepare("squad", shots: 1));
        Assert.Equal(0.5, result.Value("exact_match"), 9);
        Assert.Equal((1, 0), (result.Judgments[0].Statistics[0][0], result.Judgments[1].Statistics[0][0]));
        Assert.Contains("The mill was built in 1784 by two brothers from Leeds.\n\nQ: When was the mill built?\nA:", Prompt(Evaluations.Prepare("squad"), 0), StringComparison.Ordinal);
    }

    [Fact]
    public void ChineseQuestionsAreComparedByIdeographs()
    {
        PreparedBenchmark task = Evaluations.Prepare("xquad-zh");
        Assert.Matches(@"\n\n问：.+\n答：$", Prompt(task, 0));
        Assert.Equal("308", task.Set.Documents[0].Target);
        BenchmarkResult result = Evaluations.Run(Evaluations.Saying("308。\n"), task);
        Assert.Equal([[1], [1]], result.Judgments[0].Statistics);
        Assert.True(Evaluations.Prepare("xquad-en").Count == task.Count);
    }

    [Fact]
    public void OpenQuestionsAreAskedBehindPairsAndTheSurestAnswersCountApart()
    {
        PreparedBenchmark task = Evaluations.Prepare("nq-open", shots: 2);
        string[] parts = Prompt(task, 0).Split("\n\n");
        Assert.Equal(3, parts.Length);
        Assert.All(parts[..2], pair => Assert.Matches(@"^Q: [^?\n]+\?\nA: .+$", pair));
        Assert.Equal("Q: when was the last time anyone was on the moon?\nA:", parts[2]);
        Assert.Equal(5, task.Benchmark.PaperShots);

        BenchmarkResult result = Evaluations.Run(Evaluations.Saying(" December 1972\n"), task);
        Assert.Equal(1.0 / 12, result.Value("exact_match"), 9);
        Assert.All(result.Judgments.Values, judgment => Assert.InRange(judgment.Statistics[1][1], -1e-3, 0)); // almost certain
        BenchmarkMetric surest = task.Benchmark.Metrics[1];
        Assert.Equal(0.5, surest.Of([.. Enumerable.Range(0, 200).Select(i => new double[] { i is 7 or 50 ? 1 : 0, i == 7 ? -1 : i == 8 ? -1.5 : -100 })])); // the two likeliest of 200: number 7, which is right, and number 8, which is wrong
    }

    [Fact]
    public void AnArticleWithoutWhiteSpaceLosesItsEnd()
    {
        string file = _directory.Write("zh.jsonl", $"{{\"article\":\"{string.Concat(Enumerable.Repeat("市长关闭旧桥。", 40))}\",\"highlights\":\"关桥\"}}\n");
        string prompt = Prompt(Evaluations.Prepare($"cnn-dailymail:file={file}", contextLength: 300), 0);
        Assert.StartsWith("市长关闭旧桥。", prompt, StringComparison.Ordinal);
        Assert.EndsWith("\nTL;DR:", prompt, StringComparison.Ordinal);
        Assert.DoesNotContain('\uFFFD', prompt);
        Assert.InRange(Evaluations.Tokenizer.Encode(prompt).Length, 190, 200);
    }

    [Fact]
    public void ASummaryIsTheFirstThreeSentences()
    {
        PreparedBenchmark task = Evaluations.Prepare("cnn-dailymail", limit: 1);
        GenerationRequest request = Request(task, 0);
        Assert.EndsWith("The mayor called the decision hard but right.\nTL;DR:", request.Prompt, StringComparison.Ordinal);
        Assert.Equal((2, 100), (request.Options.TopK, request.Options.MaxTokens));
        Assert.EndsWith("hard but right.\n", Prompt(Evaluations.Prepare("cnn-dailymail:hint=none"), 0), StringComparison.Ordinal);

        BenchmarkResult result = Evaluations.Run(Evaluations.Saying(" Bridge closes. Use the tunnel! So it is. This is not read."), task);
        Rouge rouge = Rouge.Compute("Bridge closes. Use the tunnel! So it is.", "The old bridge closes in May .\nDrivers must use the tunnel .");
        Assert.Equal([[100 * rouge.Rouge1.F1], [100 * rouge.Rouge2.F1], [100 * rouge.RougeL.F1], [100 * rouge.AverageF1]], result.Judgments[0].Statistics, Near);
        Assert.Equal("Bridge closes. Use the tunnel! So it is.", result.Judgments[0].Prediction);
    }

    [Fact]
    public void AnArticleThatIsTooLongLosesItsEnd()
    {
        string prompt = Prompt(Evaluations.Prepare("cnn-dailymail", contextLength: 300), 1);
        Assert.StartsWith("A storm hit the coast. A storm hit", prompt, StringComparison.Ordinal);
        Assert.EndsWith("\nTL;DR:", prompt, StringComparison.Ordinal);
        Assert.InRange(prompt.Length, 180, 200); // tokens are bytes here
        Assert.Equal("We devise adaptive loss scaling to improve mixed precision training that surpass the state-of-the-art results.", Evaluations.Prepare("scitldr").Set.Documents[0].Target);
    }

    [Fact]
    public void TranslationsGoBothWaysWithEveryReference()
    {
        PreparedBenchmark french = Evaluations.Prepare("tatoeba-en-fr", shots: 2), english = Evaluations.Prepare("tatoeba-fr-en");
        Assert.Matches(@"^[^\n=]+ = [^\n=]+\n[^\n=]+ = [^\n=]+\nGo\. =$", Prompt(french, 0));
        Assert.Equal("Va ! =", Prompt(english, 0).Replace('\u202f', ' ').Replace('\u00a0', ' '));
        BenchmarkResult result = Evaluations.Run(Evaluations.Saying(" Salut. Bonjour.\n"), french);
        Judgment hi = result.Judgments[1];
        Assert.Equal(("Salut.", true), (hi.Prediction, hi.IsRight));
        string[] translations = [.. french.Set.Documents.Select(_ => "Salut.")];
        string[][] references = [.. french.Set.Documents.Select(document => document.Fields["references"]!.AsArray().Select(reference => (string)reference!).ToArray())];
        Assert.True(references[0].Length > 1);
        Assert.Equal(Bleu.Corpus(translations, references).Value, result.Value("bleu"), 9);
        Assert.Contains("nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp|", french.Protocol, StringComparison.Ordinal);
    }

    [Fact]
    public void WmtIsReadAsPlainTextOrSgml()
    {
        Assert.Equal("Le parlement se réunit aujourd'hui.", Evaluations.Prepare("wmt14-en-fr").Set.Documents[0].Target);
        _directory.Write("wmt14/newstest2014-fren-src.fr.sgm", "<srcset><doc><p>\n<seg id=\"1\">A &amp; B.</seg>\n<seg id=\"2\">C.</seg></p></doc></srcset>");
        _directory.Write("wmt14/newstest2014-fren-ref.en.sgm", "<refset><doc><p>\n<seg id=\"1\">A and B.</seg>\n<seg id=\"2\">D.</seg></p></doc></refset>");
        PreparedBenchmark task = Evaluations.Prepare("wmt14-fr-en", directory: _directory.Path);
        Assert.Equal(("A & B. =", "A and B."), (Prompt(task, 0), task.Set.Documents[0].Target));
        _directory.Write("wmt14/newstest2014-fren-ref.en.sgm", "<seg id=\"1\">A and B.</seg>");
        Assert.Contains("has 2 sentences", Assert.Throws<InvalidDataException>(() => Evaluations.Prepare("wmt14-fr-en", directory: _directory.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("xquad-en", "xquad/xquad.en.json", "{\"data\":[{\"paragraphs\":[{\"qas\":[{\"question\":\"q\"}]}]}]}", "there is no 'context'")]
    [InlineData("xquad-en", "xquad/xquad.en.json", "{\"data\":[{\"paragraphs\":[{\"context\":\"c\",\"qas\":[{\"id\":\"7\",\"question\":\"q\",\"answers\":[]}]}]}]}", "question 7 has no answer")]
    [InlineData("coqa", "coqa/coqa-dev-v1.0.json", "[1]", "expected CoQA's JSON")]
    [InlineData("coqa", "coqa/coqa-dev-v1.0.json", "{\"data\"", "expected CoQA's JSON")]
    [InlineData("nq-open", "nq-open/NQ-open.dev.jsonl", "{\"question\":\"q\"}", "dev.jsonl:1: there is no 'answer'")]
    [InlineData("scitldr", "scitldr/dev.jsonl", "{\"source\":[\"a\"],\"target\":[]}", "dev.jsonl:1: 'source' or 'target' holds no text")]
    public void AFileOfTheWrongFormIsNamed(string benchmark, string file, string content, string message)
    {
        string path = _directory.Write(file, content);
        string problem = Assert.Throws<InvalidDataException>(() => Evaluations.Prepare(benchmark, directory: _directory.Path)).Message;
        Assert.StartsWith(path, problem, StringComparison.Ordinal);
        Assert.Contains(message, problem, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("One. Two! Three? Four.", 3, "One. Two! Three?")]
    [InlineData("He said \"stop.\" Then he left.", 1, "He said \"stop.\"")]
    [InlineData("  No end\nNext line", 1, "No end")]
    [InlineData("你好。再见！", 1, "你好。")]
    [InlineData("Va ! Oui.", 1, "Va !")]
    [InlineData("3.5 % more. Yes.", 1, "3.5 % more.")]
    [InlineData("", 2, "")]
    public void SentencesEndAtTheirMarks(string text, int count, string expected) => Assert.Equal(expected, Sentences.First(text, count));

    private static bool Near(double[] a, double[] b) => a.Length == b.Length && a.Zip(b).All(pair => Math.Abs(pair.First - pair.Second) < 1e-9);

    private static GenerationRequest Request(PreparedBenchmark task, int document) =>
        (GenerationRequest)new Evaluator(Evaluations.Saying("\n"), Evaluations.Tokenizer).Run(task).Single(done => done.Id == document).Requests[0];

    private static string Prompt(PreparedBenchmark task, int document, string without = "\0") => Request(task, document).Prompt.Replace(without, "", StringComparison.Ordinal);
}
