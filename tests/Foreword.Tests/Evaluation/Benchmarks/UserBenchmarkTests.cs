using Foreword.Evaluation;

namespace Foreword.Tests.Evaluation.Benchmarks;

public sealed class UserBenchmarkTests
{
    private const string Table = "{\"q\":\"two and two\",\"options\":[\"four\",\"five\"],\"key\":\"A\"}\n{\"q\":\"one and two\",\"options\":[\"two\",\"three\"],\"key\":\"B\"}\n{\"q\":\"one and one\",\"options\":[\"two\",\"one\"],\"key\":\"A\"}\n";

    [Fact]
    public void ChoicesMayComeFromAListColumn()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("sums.jsonl", Table);
        string recipe = directory.Write("sums.yaml", "name: sums\ndata: sums.jsonl\nprompt: \"Question: {{q}}?\\nAnswer:\"\nchoices: \" {{options}}\"\nanswer: \"{{key}}\"\nchance: 0.5\n");
        PreparedTask task = Evaluations.Prepare(recipe, shots: 1);
        Assert.Equal(["four", "three", "two"], task.Set.Documents.Select(document => document.Target));
        Assert.Equal("Question: one and two?\nAnswer: three", task.Set.Documents[1].Solved);
        Assert.Equal(0.5, Evaluations.Run(Evaluations.Uniform(), task).Value("acc_token"), 1e-9);
    }

    [Fact]
    public void ATargetIsGeneratedOrScored()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("sums.jsonl", Table);
        const string Common = "name: sums\ndata: [sums.jsonl]\nprompt: \"{{q}} make\"\ntarget: \" {{key}}\"\n";
        TaskResult exact = Evaluations.Run(Generation.FakeModel.Saying(Evaluations.VocabularySize, 8192, "two and two make".Length, ' ', 'A', '\n'), Evaluations.Prepare(directory.Write("a.yaml", Common)));
        Assert.Equal(2.0 / 3, exact.Value("exact_match"), 1e-9);
        TaskResult likelihood = Evaluations.Run(Evaluations.Uniform(), Evaluations.Prepare(directory.Write("b.yaml", Common + "metric: likelihood\n")));
        Assert.Equal(Math.Pow(Evaluations.VocabularySize, 2), likelihood.Value("perplexity"), 1);
    }

    [Theory]
    [InlineData("name: x\ndata: t.jsonl\npromt: a\n", ":3: unknown key 'promt'; did you mean 'prompt'?")]
    [InlineData("name: x\ndata: t.jsonl\nprompt: a\n", "target and choices are both missing")]
    [InlineData("name: x\ndata: t.jsonl\nprompt: a\nchoices: [b, c]\n", "answer is missing")]
    public void AMistakeIsNamed(string yaml, string message)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string path = directory.Write("x.yaml", yaml);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => TaskSpecification.Parse(path, BenchmarkCatalogue.All)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AnAnswerThatIsNoChoiceIsNamedWithItsLine()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("sums.jsonl", Table.Replace("\"B\"", "\"C\"", StringComparison.Ordinal));
        string recipe = directory.Write("sums.yaml", "name: sums\ndata: sums.jsonl\nprompt: \"{{q}}\"\nchoices: \" {{options}}\"\nanswer: \"{{key}}\"\n");
        Assert.Contains("sums.jsonl:2: the answer is 'C'", Assert.Throws<InvalidDataException>(() => Evaluations.Prepare(recipe)).Message, StringComparison.Ordinal);
    }
}
