using Foreword.Data.Labeled;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Tests.Labeled;

public class BestMetricTests
{
    private static readonly TaskDescription Task = new()
    {
        Kind = "classification",
        Target = TargetKind.Classes,
        Labels = ["ham", "spam", "phish"],
        Tokens = TaskTokens.After(10),
        ContextLength = 16,
    };

    /// <summary>
    /// The labels are ham ham ham spam spam phish, and the predictions ham ham spam spam ham phish. Computed by hand: F1 is 2/3 for ham, 1/2 for spam
    /// and 1 for phish, and their mean is 13/18. Matthews correlation is (6 * 4 - 14) / sqrt((36 - 14) (36 - 14)) = 10/22.
    /// </summary>
    [Theory]
    [InlineData("accuracy", 4.0 / 6)]
    [InlineData("f1:ham", 2.0 / 3)]
    [InlineData("f1:spam", 0.5)]
    [InlineData("f1:phish", 1)]
    [InlineData("macro_f1", 13.0 / 18)]
    [InlineData("f1_macro", 13.0 / 18)]
    [InlineData("mcc", 10.0 / 22)]
    [InlineData("", 4.0 / 6)]
    public void AnyMetricOfTheTaskMayChoose(string name, double expected)
    {
        int[] truth = [0, 0, 0, 1, 1, 2], predicted = [0, 0, 1, 1, 0, 2];
        TaskOutcomes outcomes = new TaskOutcomes.OfClasses(truth, predicted, Task.Labels, [.. predicted.Select(p => Enumerable.Range(0, 3).Select(c => c == p ? 1.0 : 0).ToArray())]);
        Assert.Equal(expected, BestMetric.Create(Task, name).Metric!.Of(outcomes), 1e-12);
    }

    [Fact]
    public void AMetricThatTheTaskHasNotIsRefusedWithThoseThatItHas()
    {
        Assert.Equal("train.best_metric is 'pearson'; classification has accuracy | macro_f1 | f1 | f1:LABEL | matthews | loss", Refusal(Task, "pearson"));
        Assert.Equal("train.best_metric is 'acuracy'; classification has accuracy | macro_f1 | f1 | f1:LABEL | matthews | loss; did you mean 'accuracy'?", Refusal(Task, "acuracy"));
        Assert.Equal("train.best_metric is 'f1:spm'; the labels are ham, spam, phish; did you mean 'spam'?", Refusal(Task, "f1:spm"));
        Assert.Equal("train.best_metric is 'mcc'; regression has pearson | spearman | rmse | loss", Refusal(Task with { Kind = "regression", Target = TargetKind.Score, Labels = [] }, "mcc"));
        Assert.Equal("train.best_metric is 'f1'; multiple-choice has accuracy | loss", Refusal(Task with { Kind = "multiple-choice", Target = TargetKind.Choice }, "f1"));

        static string Refusal(TaskDescription task, string name) => Assert.Throws<ArgumentException>(() => BestMetric.Create(task, name)).Message;
    }

    [Fact]
    public void HigherCorrelationsLowerErrorsAndLowerLossesAreBetter()
    {
        TaskDescription scores = Task with { Kind = "regression", Target = TargetKind.Score, Labels = [] };
        Assert.True(BestMetric.Create(scores, "spearman").IsBetter(0.6, 2, 0.5, 1));
        Assert.False(BestMetric.Create(scores, "rmse").IsBetter(0.6, 1, 0.5, 2));
        Assert.True(BestMetric.Create(scores, "rmse").IsBetter(0.4, 2, 0.5, 1));
        Assert.True(BestMetric.Create(scores, "rmse").IsBetter(0.5, 1, 0.5, 2)); // a tie: the loss decides
        Assert.True(BestMetric.Create(scores, "eval_loss").IsBetter(double.NaN, 1, double.NaN, 2));
        Assert.False(BestMetric.Create(scores, "loss").IsBetter(double.NaN, 2, double.NaN, 2));
        Assert.False(BestMetric.Create(scores, "pearson").IsBetter(double.NaN, 1, 0.1, 2));
        Assert.True(BestMetric.Create(scores, "pearson").IsBetter(0.1, 2, double.NaN, 1));
    }

    [Fact]
    public void AnF1NamesItsClass()
    {
        Assert.Equal(("f1 of 'yes'", "F1 of 'yes'", "yes"), (TaskMetric.F1.NameAmong(["no", "yes"]), TaskMetric.F1.TitleAmong(["no", "yes"]), TaskMetric.F1.ClassAmong(["no", "yes"])));
        Assert.Equal(("f1 (macro)", "F1 (macro)", null), (TaskMetric.F1.NameAmong(Task.Labels), TaskMetric.F1.TitleAmong(Task.Labels), TaskMetric.F1.ClassAmong(Task.Labels)));
        Assert.Equal(("f1 of 'spam'", "spam"), (TaskMetric.ByName("f1:spam").NameAmong(Task.Labels), TaskMetric.ByName("f1:spam").ClassAmong(Task.Labels)));
        Assert.Equal(("accuracy", "Macro F1"), (TaskMetric.Accuracy.NameAmong(["no", "yes"]), TaskMetric.MacroF1.TitleAmong(Task.Labels)));
    }

    [Fact]
    public void TheSameAnswerForAllIsNamed()
    {
        double[] sure = [1, 0];
        Assert.Equal(("a", "all 2 examples the label 'a'"), Said(new TaskOutcomes.OfClasses([0, 1], [0, 0], ["a", "b"], [sure, sure])));
        Assert.Equal((null, null), Said(new TaskOutcomes.OfClasses([0, 0], [0, 0], ["a", "b"], [sure, sure]))); // the same answer for all, but it is right
        Assert.Equal((null, null), Said(new TaskOutcomes.OfClasses([0, 1], [0, 1], ["a", "b"], [sure, [0, 1]])));
        Assert.Equal(("2.5", "all 3 examples about the same score, 2.5"), Said(new TaskOutcomes.OfScores([1, 2, 5], [2.51, 2.5, 2.49])));
        Assert.Equal((null, null), Said(new TaskOutcomes.OfScores([1, 2, 5], [2.6, 2.5, 2.49])));

        static (string?, string?) Said(TaskOutcomes outcomes) => (outcomes.PredictsOnly, outcomes.SameAnswer);
    }
}
