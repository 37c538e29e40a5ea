namespace Foreword.Data.Datasets.Classification;

/// <summary>Reads the Stanford Sentiment Treebank with two classes, as GLUE has it. The training rows include the phrases of the sentences.</summary>
internal static class Sst2Set
{
    public static Dataset Dataset { get; } = new PublishedDataset("sst-2", "sentiment of film reviews, 2 classes", "Socher et al. 2013, as in GLUE", "GLUE's train.tsv, dev.tsv with sentence, label 0 | 1, and test.tsv with index, sentence")
    {
        Kind = "classification",
        OtherFolders = ["sst-2", "sst2"],
        Names = ["negative", "positive"],
        Results = [PaperResult.Gpt1("accuracy", 91.3, 4)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 67_349, [DatasetPart.Validating] = 872, [DatasetPart.Test] = 1821 },
        Submitted = SubmissionFormat.OfClasses("0", "1"),
        Content = GlueTable.Content("sentence", null, "label", ["0", "1"], ["negative", "positive"]),
    };
}
