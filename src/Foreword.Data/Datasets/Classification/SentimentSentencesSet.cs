using Foreword.Data.Tables;

namespace Foreword.Data.Datasets.Classification;

/// <summary>Reads Sentiment Labelled Sentences: reviews of products, restaurants and films. It has only one part, of which a share is held out.</summary>
internal static class SentimentSentencesSet
{
    private static readonly TextTable Table = new() { Texts = ["0"], Label = "1", Values = ["0", "1"], Names = ["negative", "positive"], Options = new TableOptions { Header = false } };

    public static Dataset Dataset { get; } = new PublishedDataset("sentiment-sentences", "sentiment of review sentences, 2 classes", "Kotzias et al. 2015", "*_labelled.txt without a header: sentence, label 0 | 1")
    {
        Kind = "classification",
        OtherFolders = ["sentiment-sentences", "sentiment labelled sentences"],
        Names = Table.Names,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 3000 },
        Content = parts => new DatasetContent(parts.Train(Table.Read, "*_labelled.txt"), parts.Validation(Table.Read), []),
    };
}
