using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Data.Tables;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Tests.Labeled;

/// <summary>A fine-tuning task of a program's own is known by its name.</summary>
public sealed class CustomTaskTests
{
    [Fact]
    public void ARegisteredTaskIsReadFromTablesAndNamedInRecipes()
    {
        FineTuningTask.Register(new TitleLabel());
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string path = directory.Write("train.csv", "title,label\na,x\n");
        TaskExample example = Assert.Single(TaskColumnMap.Create(FineTuningTask.OfKind("title_label"), []).Read([path], new TableOptions()));
        Assert.Equal(["a"], example.Texts);
        Assert.DoesNotContain(new TaskSection { Kind = "title-label" }.Problems(), problem => problem.Key == "kind");
        Assert.Throws<ArgumentException>("task", () => FineTuningTask.Register(new TitleLabel()));
        Assert.Contains("use a hyphen", Assert.Throws<ArgumentException>("task", () => FineTuningTask.Register(new TitleLabel { Name = "a_b" })).Message);
    }

    private sealed class TitleLabel : FineTuningTask
    {
        public override string Kind => Name;

        public string Name { get; init; } = "title-label";

        public override IReadOnlyList<TaskColumn> Columns { get; } = [new("title")];

        public override IReadOnlyList<TargetKind> Targets { get; } = [TargetKind.Classes];

        public override IReadOnlyList<TaskMetric> Metrics(TargetKind target) => [TaskMetric.Accuracy];

        public override TaskSequences Transform(TaskExample example, TaskEncoder encoder)
        {
            (int[] sequence, bool isTruncated) = encoder.Join([encoder.Ids(example.Texts[0]!)]);
            return new TaskSequences([sequence], isTruncated);
        }
    }
}
