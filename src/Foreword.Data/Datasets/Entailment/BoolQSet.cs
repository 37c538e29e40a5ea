namespace Foreword.Data.Datasets.Entailment;

/// <summary>
/// Reads BoolQ: questions to answer with yes or no from a passage. The passage is read as the premise and the question as the hypothesis. The
/// original files have the column <c>answer</c>, and SuperGLUE's files have <c>label</c>.
/// </summary>
internal static class BoolQSet
{
    private static readonly string[] Classes = ["false", "true"];
    private static readonly TextTable Original = new() { Texts = ["passage", "question"], Label = "answer", Values = Classes };
    private static readonly TextTable SuperGlue = Original with { Label = "label" };

    public static Dataset Dataset { get; } = new PublishedDataset("boolq", "yes or no questions about a passage, 2 classes", "Clark et al. 2019", "train.jsonl, dev.jsonl with question, passage, answer; or SuperGLUE's train.jsonl, val.jsonl, test.jsonl with question, passage, label, idx")
    {
        Kind = "entailment",
        Names = Classes,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 9427, [DatasetPart.Validating] = 3270, [DatasetPart.Test] = 3245 },
        Submitted = SubmissionFormat.OfJsonLines(Classes),
        Content = parts =>
        {
            bool isSuperGlue = parts.Files.Optional("val.jsonl").Count > 0;
            TextTable table = isSuperGlue ? SuperGlue : Original;
            return new DatasetContent(
                parts.Train(table.Read, "train.jsonl"), parts.Validation(table.Read, "val.jsonl", "dev.jsonl"),
                isSuperGlue ? GlueTable.Submitted(parts.Test((SuperGlue with { Label = null, Id = "idx" }).Read, "test.jsonl")) : []);
        },
    };
}
