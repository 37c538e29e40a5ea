using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Tasks.Targets;

namespace Foreword.Tests.Tasks.Targets;

public sealed class ClassSetTargetTests
{
    private static readonly TaskDescription Task = new()
    {
        Kind = "multi-label",
        Target = TargetKind.ClassSet,
        Labels = ["1", "news", "sport"],
        Tokens = TaskTokens.After(300),
        ContextLength = 20,
        Threshold = 0.5,
    };

    private static readonly TaskTarget Target = TaskTarget.Of(TargetKind.ClassSet);

    [Theory]
    [InlineData(new[] { "news|sport" }, "news|sport")]
    [InlineData(new[] { " news | sport |news" }, "news|sport")]
    [InlineData(new[] { "news", "sport" }, "news|sport")]
    [InlineData(new[] { "1.0" }, "1")]
    [InlineData(new[] { "" }, "")]
    [InlineData(new string[0], "")]
    public void ACellNamesAnyNumberOfClasses(string[] cell, string label) => Assert.Equal(label, Target.LabelOf(cell, "label", "a.csv:2"));

    [Fact]
    public void AClassOfAListMustNotHoldTheSeparator() =>
        Assert.Equal("a.jsonl:2: 'label' lists the class 'a|b'; a class must not contain '|', which separates classes",
            Assert.Throws<InvalidDataException>(() => Target.LabelOf(["a|b", "c"], "label", "a.jsonl:2")).Message);

    [Fact]
    public void TheTargetHasA1ForEachClassOfTheSet()
    {
        Assert.Equal([1, 0, 1], Task.TargetOf(new TaskExample(["x"], [], "sport|1")));
        Assert.Equal([0, 0, 0], Task.TargetOf(new TaskExample(["x"], [], "")));
        Assert.Equal("a.csv:2: label 'sprt' is not one of the training labels (1, news, sport); did you mean 'sport'?",
            Assert.Throws<InvalidDataException>(() => Task.TargetOf(new TaskExample(["x"], [], "news|sprt", "a.csv:2"))).Message);
    }

    [Fact]
    public void ClassesAboveTheThresholdAreTheAnswer()
    {
        Prediction answer = Task.Answer([0f, 1f, -1f]);
        Assert.Equal("news", answer.Label);
        Assert.Equal(["news"], answer.Labels!);
        Assert.Equal([0.5, 0.731059, 0.268941], answer.Probabilities, (a, b) => Math.Abs(a - b) < 1e-6);
        Assert.Equal((-1, true, true), (answer.Index, double.IsNaN(answer.Value), double.IsNaN(answer.Probability)));
        Assert.Equal("1|news|sport", (Task with { Threshold = 0.2 }).Answer([0f, 1f, -1f]).Label);
        Assert.Equal("", (Task with { Threshold = 0.8 }).Answer([0f, 1f, -1f]).Label);
    }

    /// <summary>-ln 0.5, -ln 0.7310586 and -ln(1 - 0.2689414), divided by 3.</summary>
    [Fact]
    public void TheLossIsTheMeanBinaryCrossEntropy()
    {
        Assert.Equal((0.6931472 + 0.3132617 + 0.3132617) / 3, Task.Loss([0f, 1f, -1f], [1f, 1f, 0f]), 1e-6);
        Assert.Equal(100.0 / 3, Task.Loss([-100f, 100f, -100f], [1f, 1f, 0f]), 1e-6);
    }

    /// <summary>
    /// Four examples. Class a: right in 0 and 1, predicted in 0 and 2. Class b: right in 1, predicted in 1. Class c occurs nowhere.
    /// Hits 2, right 3, predicted 3; F1 of a is 2 / 4, that of b is 1. Exact are 2 of 4 sets, and 2 of 12 decisions are wrong.
    /// In the order of the probabilities of a, right examples come first and third: (1 + 2/3) / 2.
    /// </summary>
    [Fact]
    public void MetricsAreThoseOfThePairsOfExamplesAndClasses()
    {
        TaskOutcomes.OfClassSets outcomes = new(
            [[true, false, false], [true, true, false], [false, false, false], [false, false, false]],
            [[true, false, false], [false, true, false], [true, false, false], [false, false, false]],
            ["a", "b", "c"],
            [[0.9, 0.1, 0], [0.4, 0.8, 0], [0.6, 0.2, 0], [0.1, 0.1, 0]]);
        Assert.Equal(4.0 / 6, TaskMetric.MicroF1.Of(outcomes), 1e-12);
        Assert.Equal(0.75, TaskMetric.MacroF1.Of(outcomes), 1e-12);
        Assert.Equal(0.5, TaskMetric.ExactMatch.Of(outcomes), 1e-12);
        Assert.Equal(2.0 / 12, TaskMetric.HammingLoss.Of(outcomes), 1e-12);
        Assert.Equal(((1 + 2.0 / 3) / 2 + 1) / 2, TaskMetric.MeanAveragePrecision.Of(outcomes), 1e-12);
        Assert.Equal(1, TaskMetric.F1Of("b").Of(outcomes));
        Assert.Equal("accuracy is a metric of classes, and the model predicts sets of classes (Parameter 'sample')", Assert.Throws<ArgumentException>(() => TaskMetric.Accuracy.Of(outcomes)).Message);
        TaskEvaluation evaluation = TaskEvaluation.Compute("multi-label", outcomes, [TaskMetric.MicroF1], resamples: 50);
        Assert.Equal(new ClassRow("a", 2, 0.5, 0.5, 0.5), evaluation.Classes![0]);
        Assert.Null(evaluation.Confusion);
        Assert.True(evaluation.Metrics[0].Low <= evaluation.Metrics[0].Value && evaluation.Metrics[0].Value <= evaluation.Metrics[0].High);
    }

    [Fact]
    public void EqualProbabilitiesCountTogether()
    {
        TaskOutcomes.OfClassSets outcomes = new([[true], [false]], [[true], [true]], ["a"], [[0.7], [0.7]]);
        Assert.Equal(0.5, TaskMetric.MeanAveragePrecision.Of(outcomes));
        Assert.Equal("all 2 examples the labels 'a'", outcomes.SameAnswer);
        Assert.True(double.IsNaN(TaskMetric.MeanAveragePrecision.Of(new TaskOutcomes.OfClassSets([[false]], [[true]], ["a"], [[0.7]]))));
    }
}
