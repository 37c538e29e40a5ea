using Foreword.Data.Tables;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Datasets.Similarity;

/// <summary>
/// Reads Quora Question Pairs as GLUE has them. A few rows of the training and validation files are broken: they have too few fields, or a question is
/// empty. They are skipped and counted. The test file must be whole, because the server wants an answer for each row.
/// </summary>
internal static class QqpSet
{
    private static readonly TextTable Table = new()
    {
        Texts = ["question1", "question2"],
        Label = "is_duplicate",
        Values = ["0", "1"],
        Names = ["not_duplicate", "duplicate"],
        Options = new TableOptions { KeepsFaultyRows = true },
    };

    public static Dataset Dataset { get; } = new PublishedDataset("qqp", "do two questions ask the same, 2 classes", "Quora 2017, as in GLUE", "GLUE's train.tsv, dev.tsv with question1, question2, is_duplicate, and test.tsv with id, question1, question2")
    {
        Kind = "similarity",
        MeasuredBy = TaskMetric.F1,
        Names = Table.Names,
        Results = [PaperResult.Gpt1("f1", 70.3, 4)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 363_846, [DatasetPart.Validating] = 40_430, [DatasetPart.Test] = 390_965 },
        Submitted = SubmissionFormat.OfClasses("0", "1"),
        Content = parts => new DatasetContent(
            parts.Train(Table.Read, "train.tsv"), parts.Validation(Table.Read, "dev.tsv"),
            GlueTable.Submitted(parts.Test((Table with { Label = null, Id = "id", Options = new TableOptions() }).Read, "test.tsv"))),
    };
}
