namespace Foreword.Data.Datasets.Entailment;

/// <summary>
/// Reads QNLI: does a sentence of the article answer the question? GLUE made the pairs from SQuAD. Its current files are the second version. GPT-1 was measured
/// on the first version, whose pairs were split in another way.
/// </summary>
internal static class QnliSet
{
    private static readonly string[] Classes = ["entailment", "not_entailment"];

    public static Dataset Dataset { get; } = new PublishedDataset("qnli", "does a sentence answer a question, 2 classes", "Wang et al. 2019 (GLUE), from SQuAD", "GLUE's train.tsv, dev.tsv, test.tsv with index, question, sentence, label")
    {
        Kind = "entailment",
        OtherFolders = ["qnli", "QNLIv2"],
        Names = Classes,
        Results = [PaperResult.Gpt1("accuracy", 88.1, 2) with { Source = "GPT-1, table 2, first version of QNLI" }],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 104_743, [DatasetPart.Validating] = 5463, [DatasetPart.Test] = 5463 },
        Submitted = SubmissionFormat.OfClasses(Classes),
        Content = GlueTable.Content("question", "sentence", "label", Classes),
    };
}
