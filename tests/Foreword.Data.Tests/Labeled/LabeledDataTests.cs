using Foreword.Data.Labeled;
using Foreword.Tasks;

namespace Foreword.Data.Tests.Labeled;

public class LabeledDataTests
{
    [Fact]
    public void LabelsAreSortedAsNumbersWhereTheyAreAndAsTextsElsewhere()
    {
        Assert.Equal(["2", "10"], Learn(TargetKind.Classes, "10", "2").Labels);
        Assert.Equal(["10", "2", "x"], Learn(TargetKind.Classes, "x", "10", "2").Labels);
    }

    [Fact]
    public void OneNumberWrittenInSeveralWaysIsOneClass()
    {
        TaskDescription task = Learn(TargetKind.Classes, "1", "1.0", "0", "+1", "-0.0", "2.");
        Assert.Equal(["0", "1", "2"], task.Labels);
        Assert.Equal([0, 1, 0], task.TargetOf(Examples("1.00")[0]));
        Assert.Equal(["-1", "0", "1"], Learn(TargetKind.Classes, "1.0", "-1.0", "0").Labels);
        Assert.Equal(["007", "1.5", "1.50", "7"], Learn(TargetKind.Classes, "007", "7", "1.5", "1.50").Labels.Order(StringComparer.Ordinal)); // names, or different numbers
    }

    [Fact]
    public void AModelThatKeptBothClassesAnswersWithEachAndOneThatHasDecimalsReadsNone()
    {
        TaskDescription old = Draft(TargetKind.Classes) with { Labels = ["1.0", "1"] };
        Assert.Equal([0, 1], old.TargetOf(Examples("1")[0]));
        Assert.Equal([0, 1], (Draft(TargetKind.Classes) with { Labels = ["0.0", "1.0"] }).TargetOf(Examples("1")[0]));
    }

    [Theory]
    [InlineData("nan")]
    [InlineData("NaN")]
    [InlineData("<NA>")]
    [InlineData("NULL")]
    public void ALabelThatSaysThereIsNoneIsRefusedUnlessItIsNamed(string label)
    {
        Assert.StartsWith($"train.csv:2: label '{label}' means a missing label; remove the row", Assert.Throws<InvalidDataException>(() => Learn(TargetKind.Classes, "a", label)).Message, StringComparison.Ordinal);
        Assert.Equal(["a", label], LabeledData.Learn(Draft(TargetKind.Classes) with { Labels = ["a", label] }, Examples("a", label), ClassWeighting.None, "train.csv").Labels);
    }

    [Fact]
    public void LabelsThatMayBeAHeaderOrOneClassAreDoubted()
    {
        Assert.Equal(["labels that differ only in case are different classes: No, no"], LabelDoubts.Of(Learn(TargetKind.Classes, "No", "no", "yes"), Examples("No", "no", "yes", "yes")));
        string[] labels = ["intent_name", "a", "b", "a", "b"];
        Assert.Equal(["train.csv:1: only the first row has the label 'intent_name'; if that row is a header, turn the header on (in a recipe, data.header: true)"], LabelDoubts.Of(Learn(TargetKind.Classes, labels), Examples(labels)));
        Assert.Empty(LabelDoubts.Of(Learn(TargetKind.Classes, "a", "b", "a"), Examples("a", "b", "a")));
    }

    [Fact]
    public void LabelsComeFromAFileOfTheirOwn()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string table = directory.Write("train.jsonl", "{\"text\":\"a\"}\n{\"text\":\"b\"}\n"), labels = directory.Write("train-labels.lst", "1\n0.0\n");
        FineTuningTask task = FineTuningTask.OfKind("classification");
        ExampleFiles files = new([table], [labels]);
        Assert.Equal(["a 1", "b 0"], files.Read(files.Columns(task, []), new()).Select(example => $"{example.Texts[0]} {example.Label}"));
        Assert.Equal(["a"], (files with { MaxExamples = 1 }).Read(files.Columns(task, ["text"]), new()).Select(example => example.Texts[0]!));

        directory.Write("train-labels.lst", "1\n0\n1\n");
        Assert.Equal($"{table} has 2 rows, but {labels} has 3 labels", Assert.Throws<InvalidDataException>(() => files.Read(files.Columns(task, []), new())).Message);
        directory.Write("train-labels.lst", "1\n\n0\n");
        Assert.Equal($"{labels}:2: the label is empty", Assert.Throws<InvalidDataException>(() => files.Read(files.Columns(task, []), new())).Message);
        Assert.Equal("columns: 'label' is one column too many; classification reads text; no label is needed here", Assert.Throws<ArgumentException>(() => files.Columns(task, ["text", "label"])).Message);
    }

    [Fact]
    public void OneLabelForAllIsRefused() => Assert.Equal(
        "train.csv: all 2 examples have the label 'spam'; there is nothing to learn",
        Assert.Throws<InvalidDataException>(() => Learn(TargetKind.Classes, "spam", "spam")).Message);

    [Fact]
    public void ALabelOutsideThoseGivenNamesItsRow()
    {
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() =>
            LabeledData.Learn(Draft(TargetKind.Classes) with { Labels = ["yes", "no"] }, Examples("yes", "no", "nO"), ClassWeighting.None, "train.csv"));
        Assert.Equal("train.csv:3: label 'nO' is not one of the training labels (yes, no); did you mean 'no'?", problem.Message);
    }

    [Fact]
    public void BalancedWeightsGiveEveryClassTheSameSum()
    {
        TaskDescription task = LabeledData.Learn(Draft(TargetKind.Classes), Examples("a", "a", "a", "b"), ClassWeighting.Balanced, "train.csv");
        Assert.Equal([4 / 6.0, 2], task.ClassWeights);
        Assert.Equal(2, task.WeightOf(Examples("b")[0]));
    }

    [Fact]
    public void ScoresAreStandardizedAndReadBack()
    {
        TaskDescription task = Learn(TargetKind.Score, "10", "20", "30");
        Assert.Equal(20, task.ScoreMean, 1e-12);
        float[] target = task.TargetOf(Examples("30")[0]);
        Assert.Equal(Math.Sqrt(1.5), target[0], 1e-6);
        Assert.Equal(30, task.Answer(target).Value, 1e-5);
        Assert.Equal("train.csv:1: label 'warm' is not a number", Assert.Throws<InvalidDataException>(() => task.TargetOf(Examples("warm")[0])).Message);
    }

    [Fact]
    public void SoftLabelsCoverTheRangeOfTheScoresAndRefuseOthers()
    {
        TaskDescription task = Learn(TargetKind.SoftLabels, "0", "2.4", "4.6");
        Assert.Equal(["0", "1", "2", "3", "4", "5"], task.Labels);
        Assert.Equal([0, 0, 0.6f, 0.4f, 0, 0], task.TargetOf(Examples("2.4")[0]).Select(x => MathF.Round(x, 5)));
        Assert.Equal(2.4, task.Answer([-1000, -1000, MathF.Log(0.6f), MathF.Log(0.4f), -1000, -1000]).Value, 1e-6);
        Assert.Equal("train.csv:1: label 5.1 is outside 0 to 5", Assert.Throws<InvalidDataException>(() => task.TargetOf(Examples("5.1")[0])).Message);
    }

    [Fact]
    public void AStratifiedSplitTakesItsShareOfEveryLabel()
    {
        TaskExample[] examples = Examples([.. Enumerable.Repeat("a", 90), .. Enumerable.Repeat("b", 10), "c"]);
        (IReadOnlyList<TaskExample> train, IReadOnlyList<TaskExample> held) = LabeledData.Split(examples, 0.2, stratified: true, seed: 1);
        Assert.Equal((18, 2, 0), (held.Count(e => e.Label == "a"), held.Count(e => e.Label == "b"), held.Count(e => e.Label == "c")));
        Assert.Equal(examples.Select(e => e.Where).Order(), train.Concat(held).Select(e => e.Where).Order());
        Assert.Equal(held, LabeledData.Split(examples, 0.2, stratified: true, seed: 1).HeldOut);
        Assert.NotEqual(held, LabeledData.Split(examples, 0.2, stratified: true, seed: 2).HeldOut);
    }

    [Fact]
    public void ALabelOfAMissingChoiceNamesItsRow()
    {
        TaskDescription task = Draft(TargetKind.Choice) with { Kind = "multiple-choice", Labels = ["A", "B", "C"] };
        TaskExample example = new(["context", null], ["x", "y"], "C", "train.jsonl:4");
        Assert.Equal("train.jsonl:4: label 'C' names choice 3, but the example has 2", Assert.Throws<InvalidDataException>(() => task.TargetOf(example)).Message);
    }

    [Fact]
    public void ADescriptionIsReadBackAsItWasWritten()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        TaskDescription task = Learn(TargetKind.Classes, "täglich", "<b>") with { Columns = ["text=frage", "label=2"], Header = true, Quoting = false };
        task.Save(directory.Path);
        TaskDescription read = TaskDescription.Read(directory.Path);
        Assert.Equal(task.Labels, read.Labels);
        Assert.Equal(task.Columns, read.Columns);
        Assert.Equal(task, read with { Labels = task.Labels, Columns = task.Columns, ClassWeights = task.ClassWeights });
    }

    [Fact]
    public void ADirectoryWithoutADescriptionIsNoFineTunedModel()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Assert.Contains("is not a fine-tuned model: it has no task.json", Assert.Throws<InvalidDataException>(() => TaskDescription.Read(directory.Path)).Message, StringComparison.Ordinal);
        directory.Write("task.json", "{\"kind\": \"clasification\", \"target\": \"classes\", \"labels\": [\"a\", \"b\"], \"tokens\": {\"start\":1,\"delimiter\":2,\"extract\":3}, \"context_length\": 8}");
        Assert.Contains("kind is 'clasification'; expected classification", Assert.Throws<InvalidDataException>(() => TaskDescription.Read(directory.Path)).Message, StringComparison.Ordinal);
    }

    private static TaskDescription Learn(TargetKind target, params string[] labels) => LabeledData.Learn(Draft(target), Examples(labels), ClassWeighting.None, "train.csv");

    private static TaskDescription Draft(TargetKind target) => new()
    {
        Kind = target is TargetKind.Score or TargetKind.SoftLabels ? "regression" : "classification",
        Target = target,
        Labels = [],
        Tokens = TaskTokens.After(10),
        ContextLength = 16,
    };

    private static TaskExample[] Examples(params string[] labels) => [.. labels.Select((label, i) => new TaskExample(["text"], [], label, $"train.csv:{i + 1}"))];
}
