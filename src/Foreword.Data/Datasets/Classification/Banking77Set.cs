namespace Foreword.Data.Datasets.Classification;

/// <summary>Reads BANKING77: questions to a bank, each with one of 77 intents. The files are CSV with quotes. There is no validation part.</summary>
internal static class Banking77Set
{
    private static readonly TextTable Table = new() { Texts = ["text"], Label = "category" };

    public static Dataset Dataset { get; } = new PublishedDataset("banking77", "intents of questions to a bank, 77 classes", "Casanueva et al. 2020", "train.csv, test.csv with text, category")
    {
        Kind = "classification",
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 10_003, [DatasetPart.Test] = 3080 },
        Content = parts => new DatasetContent(parts.Train(Table.Read, "train.csv"), parts.Validation(Table.Read), parts.Test(Table.Read, "test.csv")),
    };
}
