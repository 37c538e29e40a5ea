using System.Text.Json;
using Foreword.Tasks.Metrics;
using static Foreword.Tests.GoldenMetrics;

namespace Foreword.Tests.Tasks.Metrics;

public class TaskMetricTests
{
    public static TheoryData<string> Classifications => Names("classification");

    public static TheoryData<string> Correlations => Names("correlation");

    [Theory]
    [MemberData(nameof(Classifications))]
    public void TheMetricsOfClassesEqualTheReference(string name)
    {
        JsonElement golden = Case("classification", name), expected = golden.GetProperty("expected");
        int classes = golden.GetProperty("n_class").GetInt32();
        TaskOutcomes outcomes = Outcomes.OfClasses(Array<int>(golden, "y_true"), Array<int>(golden, "y_pred"), classes);
        AssertNear(expected.GetProperty("accuracy").GetDouble(), TaskMetric.Accuracy.Of(outcomes));
        AssertNear(expected.GetProperty("f1_macro").GetDouble(), TaskMetric.MacroF1.Of(outcomes));
        AssertNear(expected.GetProperty("matthews").GetDouble(), TaskMetric.Matthews.Of(outcomes));
        AssertNear(expected.GetProperty(classes == 2 ? "f1_binary" : "f1_macro").GetDouble(), TaskMetric.F1.Of(outcomes));

        IReadOnlyList<ClassRow> rows = TaskEvaluation.Compute("classification", outcomes, [TaskMetric.Accuracy], resamples: 1).Classes!;
        double[] f1 = Array<double>(expected, "f1_per_class");
        Assert.Equal(classes, f1.Length);
        for (int c = 0; c < classes; c++)
            AssertNear(f1[c], rows[c].F1);
        if (classes == 2)
        {
            AssertNear(expected.GetProperty("precision").GetDouble(), rows[1].Precision);
            AssertNear(expected.GetProperty("recall").GetDouble(), rows[1].Recall);
        }
    }

    [Theory]
    [MemberData(nameof(Correlations))]
    public void TheCorrelationsEqualTheReference(string name)
    {
        JsonElement golden = Case("correlation", name), expected = golden.GetProperty("expected");
        double[] x = Array<double>(golden, "x");
        TaskOutcomes.OfScores outcomes = new(x, Array<double>(golden, "y"));
        foreach (TaskMetric metric in new[] { TaskMetric.Pearson, TaskMetric.Spearman })
        {
            if (expected.GetProperty(metric.Name).ValueKind == JsonValueKind.Null)
                Assert.Equal(double.NaN, metric.Of(outcomes));
            else
                AssertNear(expected.GetProperty(metric.Name).GetDouble(), metric.Of(outcomes));
        }

        // Pearson's correlation of ranks is Spearman's correlation of any values that have these ranks.
        double[] ranks = Array<double>(expected, "ranks_x");
        Assert.Equal(TaskMetric.Spearman.Of(new TaskOutcomes.OfScores(x, x)), TaskMetric.Pearson.Of(new TaskOutcomes.OfScores(ranks, ranks)));
        Assert.Equal(0, TaskMetric.Rmse.Of(new TaskOutcomes.OfScores(x, x)));
    }

    [Fact]
    public void TheRootMeanSquaredErrorIsThatOfItsDefinition() =>
        Assert.Equal(Math.Sqrt((1 + 4 + 0 + 9) / 4.0), TaskMetric.Rmse.Of(new TaskOutcomes.OfScores([1, 2, 3, 4], [2, 0, 3, 1])), 12);

    [Fact]
    public void AMetricIsFoundByItsName()
    {
        Assert.Equal(
            ["accuracy", "macro_f1", "f1", "matthews", "pearson", "spearman", "rmse", "micro_f1", "exact_match", "hamming_loss", "mean_average_precision",
             "entity_f1", "entity_precision", "entity_recall", "token_accuracy", "answer_f1", "has_answer_f1", "has_answer_exact_match", "no_answer_accuracy"], TaskMetric.All.Select(metric => metric.Name));
        Assert.All(TaskMetric.All, metric => Assert.Same(metric, TaskMetric.ByName(metric.Name)));
        Assert.Equal("unknown metric 'acuracy'; did you mean 'accuracy'? (Parameter 'name')", Assert.Throws<ArgumentException>(() => TaskMetric.ByName("acuracy")).Message);
        Assert.Equal(["rmse", "hamming_loss"], TaskMetric.All.Where(metric => !metric.HigherIsBetter).Select(metric => metric.Name));
    }

    [Fact]
    public void AMetricRefusesOutcomesOfTheOtherKind()
    {
        Assert.Equal("pearson is a metric of scores, and the model predicts classes (Parameter 'sample')",
            Assert.Throws<ArgumentException>(() => TaskMetric.Pearson.Of(Outcomes.OfClasses([0], [1], 2))).Message);
        Assert.Equal("f1 is a metric of classes, and the model predicts scores (Parameter 'sample')",
            Assert.Throws<ArgumentException>(() => TaskMetric.F1.Of(new TaskOutcomes.OfScores([0], [1]))).Message);
    }

    [Fact]
    public void OutcomesThatDoNotFitTogetherAreRefused()
    {
        string[] labels = ["a", "b"];
        double[][] even = [[0.5, 0.5]];
        AssertRefused("there is no example", () => new TaskOutcomes.OfClasses([], [], labels, []));
        AssertRefused("1 true values, but 2 predictions", () => new TaskOutcomes.OfClasses([0], [0, 1], labels, even));
        AssertRefused("1 examples, but probabilities for 0", () => new TaskOutcomes.OfClasses([0], [0], labels, []));
        AssertRefused("right class of example 0 is 2", () => new TaskOutcomes.OfClasses([2], [0], labels, even));
        AssertRefused("predicted class of example 0 is -1", () => new TaskOutcomes.OfClasses([0], [-1], labels, even));
        AssertRefused("example 0 has 1 probabilities", () => new TaskOutcomes.OfClasses([0], [0], labels, [[1]]));
        AssertRefused("example 0 has the probability NaN", () => new TaskOutcomes.OfClasses([0], [0], labels, [[double.NaN, 1]]));
        AssertRefused("sum to 1.5", () => new TaskOutcomes.OfClasses([0], [0], labels, [[0.5, 1]]));
        AssertRefused("example 1 has the score 2 and was given NaN", () => new TaskOutcomes.OfScores([1, 2], [1, double.NaN]));
    }

    private static void AssertRefused(string part, Func<TaskOutcomes> make) =>
        Assert.Contains(part, Assert.Throws<ArgumentException>(make).Message, StringComparison.Ordinal);
}
