namespace Foreword.Data.Datasets.Entailment;

/// <summary>
/// Reads Winograd schemas as pairs: does the sentence entail itself with the pronoun replaced? The validation pairs contradict training pairs, so accuracy
/// below one half is usual.
/// </summary>
internal static class WnliSet
{
    public static Dataset Dataset { get; } = new PublishedDataset("wnli", "Winograd schemas as entailment, 2 classes", "Wang et al. 2019 (GLUE)", "GLUE's train.tsv, dev.tsv, test.tsv with index, sentence1, sentence2, label 0 | 1")
    {
        Kind = "entailment",
        Names = ["not_entailment", "entailment"],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 635, [DatasetPart.Validating] = 71, [DatasetPart.Test] = 146 },
        Submitted = SubmissionFormat.OfClasses("0", "1"),
        Content = GlueTable.Content("sentence1", "sentence2", "label", ["0", "1"], ["not_entailment", "entailment"]),
    };
}
