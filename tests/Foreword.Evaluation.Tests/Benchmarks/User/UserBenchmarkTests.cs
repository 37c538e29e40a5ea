using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;

namespace Foreword.Evaluation.Tests.Benchmarks.User;

public sealed class UserBenchmarkTests
{
    private const string Table = "{\"q\":\"two and two\",\"options\":[\"four\",\"five\"],\"key\":\"A\"}\n{\"q\":\"one and two\",\"options\":[\"two\",\"three\"],\"key\":\"B\"}\n{\"q\":\"one and one\",\"options\":[\"two\",\"one\"],\"key\":\"A\"}\n";

    [Fact]
    public void ChoicesMayComeFromAListColumn()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("sums.jsonl", Table);
        string recipe = directory.Write("sums.yaml", "name: sums\ndata: sums.jsonl\nprompt: \"Question: {{q}}?\\nAnswer:\"\nchoices: \" {{options}}\"\nanswer: \"{{key}}\"\nchance: 0.5\n");
        PreparedBenchmark task = Evaluations.Prepare(recipe, shots: 1);
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
        BenchmarkResult exact = Evaluations.Run(FakeModel.Saying(Evaluations.VocabSize, 8192, "two and two make".Length, ' ', 'A', '\n'), Evaluations.Prepare(directory.Write("a.yaml", Common)));
        Assert.Equal(2.0 / 3, exact.Value("exact_match"), 1e-9);
        BenchmarkResult likelihood = Evaluations.Run(Evaluations.Uniform(), Evaluations.Prepare(directory.Write("b.yaml", Common + "metric: likelihood\n")));
        Assert.Equal(Math.Pow(Evaluations.VocabSize, 2), likelihood.Value("perplexity"), 1);
    }

    [Theory]
    [InlineData("name: x\ndata: t.jsonl\npromt: a\n", ":3: unknown key 'promt'; did you mean 'prompt'?")]
    [InlineData("name: x\ndata: t.jsonl\nprompt: a\n", "target and choices are both missing")]
    [InlineData("name: x\ndata: t.jsonl\nprompt: a\nchoices: [b, c]\n", "answer is missing")]
    [InlineData("name: x\ndata: t.jsonl\nprompt: a\nanswers: {a: b}\n", "answer is missing")]
    [InlineData("name: x\ndata: t.jsonl\nprompt: a\nanswers: [a, b]\n", ":4: answers is a list; expected a mapping of names to texts")]
    [InlineData("name: x\ndata: t.jsonl\nprompt: a\nanswers:\n  a: [b]\n", ":5: answers.a is a list; expected a text")]
    [InlineData("name: x\ndata: t.jsonl\nprompt: a\ntarget: b\nmetric: mcc\n", ":5: metric is mcc, which needs choices")]
    [InlineData("name: x\ndata: t.jsonl\nprompt: a\nchoices: [b, c]\nanswer: b\nmetric: bleu\n", ":6: metric is bleu, which measures a target")]
    public void AMistakeIsNamed(string yaml, string message)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string path = directory.Write("x.yaml", yaml);
        Assert.Contains(message, Assert.Throws<InvalidDataException>(() => BenchmarkSpecification.Parse(path, BenchmarkCatalog.All)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LabelsOfATableWithoutHeaderStandForChoices()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("rte.tsv", "A cat sat.\tA cat sat down.\tentailment\nA dog.\tA cat.\tnot_entailment\n");
        const string Recipe = "name: rte\ndata: rte.tsv\nprompt: \"{{0}} {{1}} True or False?\"\nanswer: \"{{2}}\"\nanswers: {entailment: \" True\", not_entailment: \" False\"}\nheader: false\n";
        string recipe = directory.Write("rte.yaml", Recipe);
        PreparedBenchmark task = Evaluations.Prepare(recipe);
        Assert.Equal(["True", "False"], task.Set.Documents.Select(document => document.Target));
        Assert.Equal("A dog. A cat. True or False? False", task.Set.Documents[1].Solved);
        Assert.Contains("choices ' True' | ' False', entailment is ' True', not_entailment is ' False'", task.Protocol, StringComparison.Ordinal);
        directory.Write("rte.tsv", "a\tb\tentailment\nc\td\tnot_entailmnet\n");
        Assert.EndsWith("rte.tsv:2: the answer is 'not_entailmnet'; expected entailment or not_entailment, as in answers; did you mean 'not_entailment'?",
            Assert.Throws<InvalidDataException>(() => Evaluations.Prepare(recipe)).Message, StringComparison.Ordinal);
        string other = directory.Write("other.yaml", Recipe + "choices: [\" True\", \" Maybe\"]\n");
        directory.Write("rte.tsv", "a\tb\tnot_entailment\n");
        Assert.EndsWith("rte.tsv:1: the answer is 'False', which is not one of the choices True | Maybe", Assert.Throws<InvalidDataException>(() => Evaluations.Prepare(other)).Message, StringComparison.Ordinal);
    }

    /// <summary>There are 3 true and 2 false positives, and 2 true and 1 false negatives. By hand: (3 * 2 - 2 * 1) / sqrt(5 * 4 * 4 * 3).</summary>
    [Fact]
    public void MatthewsCorrelationIsThatOfTheChoices()
    {
        BenchmarkMetric mcc = BenchmarkMetric.Matthews("mcc");
        double[][] documents = [[1, 1], [1, 1], [1, 1], [0, 1], [1, 0], [1, 0], [0, 0], [0, 0]];
        Assert.Equal(4 / Math.Sqrt(240), mcc.Of(documents), 1e-12);
        Assert.Equal(0, mcc.Of([[1, 1], [1, 0]]));
        Assert.Equal(11 / Math.Sqrt(224), mcc.Of([[0, 0], [1, 1], [2, 2], [0, 1], [0, 0]]), 1e-12); // Gorodkin: (5 * 4 - 9) / sqrt((25 - 11) (25 - 9))

        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("t.csv", "q,label\nA,0\nB,1\n");
        BenchmarkResult result = Evaluations.Run(Evaluations.Arbitrary(), Evaluations.Prepare(directory.Write("t.yaml", "name: t\ndata: t.csv\nprompt: \"{{q}}\"\nchoices: [\" no\", \" yes\"]\nanswer: \"{{label}}\"\nmetric: mcc\n")));
        Assert.Equal(["acc", "acc_token", "acc_norm", "acc_uncond", "mcc"], result.Metrics.Select(metric => metric.Metric.Name));
        Assert.InRange(result.Value("mcc"), -1, 1);
    }

    [Fact]
    public void WhatIsWrittenIsMeasuredByBleuOrRougeAgainstEveryReference()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("t.jsonl", "{\"q\":\"say:\",\"refs\":[\"something else\",\"the cat sat on the mat\"]}\n");
        const string Common = "name: t\ndata: t.jsonl\nprompt: \"{{q}}\"\ntarget: \" {{refs}}\"\n";
        BenchmarkResult bleu = Run("bleu", " the cat sat on the mat\n");
        Assert.Equal(100, bleu.Value("bleu"), 1e-9);
        BenchmarkResult rouge = Run("rouge", " the cat lay on the mat\n");
        Assert.Equal(100 * 5.0 / 6, rouge.Value("rouge1"), 1e-9); // 5 of 6 words
        Assert.Equal(100 * 3.0 / 5, rouge.Value("rouge2"), 1e-9); // the cat, on the, the mat
        Assert.Equal(100 * 5.0 / 6, rouge.Value("rougeL"), 1e-9);
        Assert.Equal(1, Run("exact_match", " the cat sat on the mat\n").Value("exact_match"));

        BenchmarkResult Run(string metric, string words) => Evaluations.Run(
            FakeModel.Saying(Evaluations.VocabSize, 8192, "say:".Length, [.. words.Select(c => (int)c)]), Evaluations.Prepare(directory.Write($"{metric}.yaml", $"{Common}metric: {metric}\n")));
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
