using Foreword.Data.Tables;

namespace Foreword.Data.Datasets.Entailment;

/// <summary>Reads SNLI's development and test pairs in lower case without punctuation. The development pairs are for training.</summary>
internal static class SnliSubsetSet
{
    private static readonly TextTable Table = new() { Texts = ["0", "1"], Label = "2", Values = ["0", "1", "2"], Names = NliClasses.Names, Options = new TableOptions { Header = false } };

    public static Dataset Dataset { get; } = new PublishedDataset("snli-subset", "textual entailment without punctuation, 3 classes", "Bowman et al. 2015", "snli_dev.tsv (for training), snli_test.tsv without a header: premise, hypothesis, 0 entailment | 1 neutral | 2 contradiction")
    {
        Kind = "entailment",
        Names = NliClasses.Names,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 9842, [DatasetPart.Test] = 9824 },
        Content = parts => new DatasetContent(parts.Train(Table.Read, "snli_dev.tsv"), parts.Validation(Table.Read), parts.Test(Table.Read, "snli_test.tsv")),
    };
}
