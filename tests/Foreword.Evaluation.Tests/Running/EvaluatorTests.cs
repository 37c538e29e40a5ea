using Foreword.Evaluation.Prompts;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;

namespace Foreword.Evaluation.Tests.Running;

public sealed class EvaluatorTests
{
    [Theory]
    [InlineData("lambada")]
    [InlineData("copa")]
    [InlineData("winograd")]
    [InlineData("enwik8")]
    [InlineData("nq-open")]
    [InlineData("cnn-dailymail")]
    public void TheNumbersDoNotDependOnTheBatchSize(string name)
    {
        PreparedBenchmark task = Evaluations.Prepare(name, window: 8);
        BenchmarkResult[] results = [.. new int?[] { null, 1, 3, 1000 }.Select(size => Evaluations.Run(Evaluations.Arbitrary(), task, size))];
        Assert.All(results, result => Assert.Equal(results[0].Metrics.Select(m => (m.Value, m.StandardError)), result.Metrics.Select(m => (m.Value, m.StandardError))));
    }

    [Fact]
    public void OneCallEvaluatesAModelOnABenchmark()
    {
        using TextModel model = new(Evaluations.Arbitrary(), Evaluations.Tokenizer);
        EvaluationOptions options = new() { Data = Fixtures.Path("benchmarks"), Seed = 1, BatchSize = 4 };
        List<EvaluationProgress> reports = [];
        BenchmarkResult result = BenchmarkRunner.Run(model, "lambada", options, new Collector(reports), TestContext.Current.CancellationToken);
        BenchmarkResult expected = Evaluations.Run(Evaluations.Arbitrary(), Evaluations.Prepare("lambada"));
        Assert.Equal(expected.Metrics.Select(m => (m.Metric.Name, m.Value)), result.Metrics.Select(m => (m.Metric.Name, m.Value)));
        Assert.Equal(Enumerable.Range(1, 12), reports.Select(report => report.Done));
        Assert.All(reports, report => Assert.Equal((12, 0), (report.Count, report.Resumed)));
        Assert.Equal(3, BenchmarkRunner.Run(model, "lambada:target=token", options with { Limit = 3 }, cancellationToken: TestContext.Current.CancellationToken).Judgments.Count);
        Assert.Contains("did you mean 'lambada'?", Assert.Throws<ArgumentException>(() => BenchmarkRunner.Run(model, "lamda", options)).Message, StringComparison.Ordinal);
        Assert.Equal("options", Assert.Throws<ArgumentException>(() => BenchmarkRunner.Run(model, "lambada", options with { Shots = [0, 1] })).ParamName);
    }

    [Fact]
    public void DocumentsThatAreDoneAreSkipped()
    {
        PreparedBenchmark task = Evaluations.Prepare("lambada");
        int[] done = [.. new Evaluator(Evaluations.Uniform(), Evaluations.Tokenizer).Run(task, new HashSet<int> { 0, 3 }).Select(document => document.Id).Order()];
        Assert.Equal(Enumerable.Range(0, 12).Except([0, 3]), done);
    }

    [Fact]
    public void ExamplesComeFromTheTrainingSplitTheFirstOfThemNearestToTheQuestion()
    {
        string one = Prompt(Evaluations.Prepare("copa", shots: 1)), three = Prompt(Evaluations.Prepare("copa", shots: 3));
        Assert.EndsWith(one, three, StringComparison.Ordinal);
        Assert.Equal(3, three.Split("\n\n").Length - 1);
        Assert.EndsWith(Prompt(Evaluations.Prepare("copa")), one, StringComparison.Ordinal);
        Assert.Equal(three, Prompt(Evaluations.Prepare("copa", shots: 3)));
        Assert.NotEqual(three, Prompt(Evaluations.Prepare("copa", shots: 3, seed: 2)));
        Assert.Equal(4, Prompt(Evaluations.Prepare("copa", shots: 4)).Split("\n\n")[..4].Distinct().Count());
        Assert.Contains("has 4 solved examples", Assert.Throws<ArgumentException>(() => Evaluations.Prepare("copa", shots: 5)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WithoutATrainingSplitADocumentIsNeverItsOwnExample()
    {
        PreparedBenchmark task = Evaluations.Prepare("sentiment-sentences", shots: 11);
        foreach (EvaluatedDocument document in new Evaluator(Evaluations.Uniform(), Evaluations.Tokenizer).Run(task))
        {
            string context = ((LikelihoodRequest)document.Requests[0]).Context, own = ((LikelihoodRequest)document.Document.Requests[0]).Context;
            Assert.Equal(1, context.Split(own).Length - 1);
        }
    }

    [Fact]
    public void APromptLongerThanTheContextIsAnErrorThatNamesTheDocumentUnlessItIsCut()
    {
        string message = Assert.Throws<ArgumentException>(() => Evaluations.Prepare("lambada", contextLength: 64)).Message;
        Assert.StartsWith("lambada, document 0: the prompt 'In my palm is a clear stone", message, StringComparison.Ordinal);
        Assert.Contains("context length is 64", message, StringComparison.Ordinal);
        Assert.Equal(12, Evaluations.Run(Evaluations.Uniform(64), Evaluations.Prepare("lambada", contextLength: 64, truncate: true)).Judgments.Count);
    }

    [Fact]
    public void LambadasSwitchesChangeWhatCounts()
    {
        Assert.Equal(1.0 / 12, Evaluations.Run(Evaluations.Saying(" signs"), Evaluations.Prepare("lambada")).Value("acc"), 1e-9);
        PreparedBenchmark token = Evaluations.Prepare("lambada:target=token");
        Assert.True(Evaluations.Run(Evaluations.Uniform(), token).Value("perplexity") is var perplexity && Math.Abs(perplexity - Evaluations.VocabSize) < 0.01);
        Assert.Contains("last token", token.Protocol, StringComparison.Ordinal);
        Assert.Contains("stop words", Evaluations.Prepare("lambada:stop-words=filter").Protocol, StringComparison.Ordinal);
        Assert.StartsWith("\n", ((LikelihoodRequest)Evaluations.Prepare("lambada:text=openai").Set.Documents[0].Requests[0]).Context, StringComparison.Ordinal);
    }

    private static string Prompt(PreparedBenchmark task)
    {
        EvaluatedDocument first = new Evaluator(Evaluations.Uniform(), Evaluations.Tokenizer).Run(task).Single(document => document.Id == 0);
        return ((LikelihoodRequest)first.Requests[0]).Context;
    }

    private sealed class Collector(List<EvaluationProgress> reports) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value) => reports.Add(value);
    }
}
