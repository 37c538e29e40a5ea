using Foreword.Data.Tables;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Datasets.Classification;

/// <summary>
/// Reads the Corpus of Linguistic Acceptability. The training and validation files have no header, and the test file has one.
/// </summary>
internal static class ColaSet
{
    private static readonly TextTable Table = new() { Texts = ["3"], Label = "1", Values = ["0", "1"], Names = ["unacceptable", "acceptable"], Options = new TableOptions { Header = false } };

    public static Dataset Dataset { get; } = new PublishedDataset("cola", "is a sentence acceptable, 2 classes", "Warstadt et al. 2018", "train.tsv, dev.tsv (or in_domain_train.tsv, in_domain_dev.tsv) without a header: source, label, mark, sentence; GLUE's test.tsv with index, sentence")
    {
        Kind = "classification",
        MeasuredBy = TaskMetric.Matthews,
        Names = Table.Names,
        Results = [PaperResult.Gpt1("matthews", 45.4, 4)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 8551, [DatasetPart.Validating] = 1043, [DatasetPart.Test] = 1063 },
        Submitted = SubmissionFormat.OfClasses("0", "1"),
        Content = parts => new DatasetContent(
            parts.Train(Table.Read, "train.tsv", "in_domain_train.tsv"),
            parts.Validation(Table.Read, "dev.tsv", "in_domain_dev.tsv"),
            GlueTable.Submitted(parts.Test(new TextTable { Texts = ["sentence"], Id = GlueTable.Index }.Read, "test.tsv"))),
    };
}
