using Foreword.Data.Tables;

namespace Foreword.Data.Datasets.Classification;

/// <summary>Reads AG's news: title and beginning of an article, which are read as one text. The files are CSV with quotes and without a header.</summary>
internal static class AgNewsSet
{
    private static readonly TextTable Table = new() { Texts = ["1+2"], Label = "0", Values = ["1", "2", "3", "4"], Names = ["World", "Sports", "Business", "Sci/Tech"], Options = new TableOptions { Header = false } };

    public static Dataset Dataset { get; } = new PublishedDataset("ag-news", "topics of news, 4 classes", "Zhang et al. 2015", "train.csv, test.csv without a header: class 1 to 4, title, description")
    {
        Kind = "classification",
        OtherFolders = ["ag-news", "ag_news", "ag_news_csv"],
        Names = Table.Names,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 120_000, [DatasetPart.Test] = 7600 },
        Content = parts => new DatasetContent(parts.Train(Table.Read, "train.csv"), parts.Validation(Table.Read), parts.Test(Table.Read, "test.csv")),
    };
}
