namespace Foreword.Data.Datasets.Entailment;

/// <summary>Reads the Stanford Natural Language Inference corpus. Pairs without a majority label, which is written "-", are left out.</summary>
internal static class SnliSet
{
    private static readonly TextTable Table = new() { Texts = ["sentence1", "sentence2"], Label = "gold_label", Values = NliClasses.Names, NoLabel = "-" };

    public static Dataset Dataset { get; } = new PublishedDataset("snli", "textual entailment of image captions, 3 classes", "Bowman et al. 2015", "snli_1.0_train.jsonl, _dev, _test (or .txt) with gold_label, sentence1, sentence2")
    {
        Kind = "entailment",
        OtherFolders = ["snli", "snli_1.0"],
        Names = NliClasses.Names,
        Results = [PaperResult.Gpt1("accuracy", 89.9, 2)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 549_367, [DatasetPart.Validating] = 9842, [DatasetPart.Test] = 9824 },
        Content = parts => new DatasetContent(
            parts.Train(Table.Read, "snli_1.0_train.jsonl", "snli_1.0_train.txt"),
            parts.Validation(Table.Read, "snli_1.0_dev.jsonl", "snli_1.0_dev.txt"),
            parts.Test(Table.Read, "snli_1.0_test.jsonl", "snli_1.0_test.txt")),
    };
}
