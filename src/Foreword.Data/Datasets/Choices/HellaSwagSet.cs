namespace Foreword.Data.Datasets.Choices;

/// <summary>Reads HellaSwag: how does a text about an everyday activity go on? The test file has no labels.</summary>
internal static class HellaSwagSet
{
    private static readonly ChoiceTable Table = new() { Context = "ctx", Choices = ["endings"], Label = "label", Names = ["0", "1", "2", "3"] };

    public static Dataset Dataset { get; } = new PublishedDataset("hellaswag", "how a text goes on, 4 choices", "Zellers et al. 2019", "hellaswag_train.jsonl, hellaswag_val.jsonl, hellaswag_test.jsonl with ctx, endings, label")
    {
        Kind = "multiple-choice",
        Names = Table.Names,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 39_905, [DatasetPart.Validating] = 10_042, [DatasetPart.Test] = 10_003 },
        Content = parts => new DatasetContent(
            parts.Train(Table.Read, "hellaswag_train.jsonl"), parts.Validation(Table.Read, "hellaswag_val.jsonl"), parts.Test((Table with { Label = null }).Read, "hellaswag_test.jsonl")),
    };
}
