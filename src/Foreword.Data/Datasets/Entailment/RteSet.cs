namespace Foreword.Data.Datasets.Entailment;

/// <summary>Reads RTE (Recognizing Textual Entailment), the pairs of RTE1, RTE2, RTE3 and RTE5 as GLUE joined them.</summary>
internal static class RteSet
{
    private static readonly string[] Classes = ["entailment", "not_entailment"];

    public static Dataset Dataset { get; } = new PublishedDataset("rte", "textual entailment in news, 2 classes", "Wang et al. 2019 (GLUE)", "GLUE's train.tsv, dev.tsv, test.tsv with index, sentence1, sentence2, label")
    {
        Kind = "entailment",
        Names = Classes,
        Results = [PaperResult.Gpt1("accuracy", 56.0, 2)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 2490, [DatasetPart.Validating] = 277, [DatasetPart.Test] = 3000 },
        Submitted = SubmissionFormat.OfClasses(Classes),
        Content = GlueTable.Content("sentence1", "sentence2", "label", Classes),
    };
}
