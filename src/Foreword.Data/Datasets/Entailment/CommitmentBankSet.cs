namespace Foreword.Data.Datasets.Entailment;

/// <summary>Reads the CommitmentBank as SuperGLUE has it: does a text commit its author to an embedded clause?</summary>
internal static class CommitmentBankSet
{
    private static readonly string[] Classes = ["entailment", "contradiction", "neutral"];
    private static readonly TextTable Table = new() { Texts = ["premise", "hypothesis"], Label = "label", Values = Classes };

    public static Dataset Dataset { get; } = new PublishedDataset("cb", "CommitmentBank, textual entailment, 3 classes", "de Marneffe et al. 2019", "SuperGLUE's train.jsonl, val.jsonl, test.jsonl with premise, hypothesis, label, idx")
    {
        Kind = "entailment",
        Names = Classes,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 250, [DatasetPart.Validating] = 56, [DatasetPart.Test] = 250 },
        Submitted = SubmissionFormat.OfJsonLines(Classes),
        Content = parts => new DatasetContent(
            parts.Train(Table.Read, "train.jsonl"), parts.Validation(Table.Read, "val.jsonl"), GlueTable.Submitted(parts.Test((Table with { Label = null, Id = "idx" }).Read, "test.jsonl"))),
    };
}
