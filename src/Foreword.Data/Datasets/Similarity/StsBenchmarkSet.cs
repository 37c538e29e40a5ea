using Foreword.Data.Tables;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Datasets.Similarity;

/// <summary>
/// Reads the Semantic Textual Similarity Benchmark: scores from 0 to 5. The original files are called <c>.csv</c>, but have tabs, no header and no quoting.
/// </summary>
internal static class StsBenchmarkSet
{
    private static readonly TextTable Glue = new() { Texts = ["sentence1", "sentence2"], Label = "score" };
    private static readonly TextTable Original = new() { Texts = ["5", "6"], Label = "4", Options = new TableOptions { Format = TableFormat.Tsv, Header = false } };

    public static Dataset Whole { get; } = new PublishedDataset("sts-b", "similarity of two sentences, score 0 to 5", "Cer et al. 2017", "GLUE's train.tsv, dev.tsv, test.tsv with index, sentence1, sentence2, score; or sts-train.csv, sts-dev.csv, sts-test.csv without a header: genre, file, year, id, score, sentence1, sentence2")
    {
        Kind = "similarity",
        MeasuredBy = TaskMetric.Pearson,
        OtherFolders = ["sts-b", "stsbenchmark"],
        Results = [PaperResult.Gpt1("pearson", 82.0, 4)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 5749, [DatasetPart.Validating] = 1500, [DatasetPart.Test] = 1379 },
        Submitted = SubmissionFormat.OfScores(0, 5),
        Content = parts => parts.Files.Optional("train.tsv").Count > 0
            ? new DatasetContent(
                parts.Train(Glue.Read, "train.tsv"), parts.Validation(Glue.Read, "dev.tsv"),
                GlueTable.Tests(parts.Test(Original.Read, "sts-test.csv"), parts.Test((Glue with { Label = null, Id = GlueTable.Index }).Read, "test.tsv")))
            : new DatasetContent(parts.Train(Original.Read, "train.tsv", "sts-train.csv"), parts.Validation(Original.Read, "sts-dev.csv"), parts.Test(Original.Read, "sts-test.csv")),
    };

    public static Dataset Images { get; } = new PublishedDataset("sts-images", "similarity of image captions, score 0 to 5", "Cer et al. 2017, the captions", "sts-train.tsv, sts-dev.tsv, sts-test.tsv without a header: genre, file, year, id, score, sentence1, sentence2; sts2016-postediting.tsv: score, sentence1, sentence2")
    {
        Kind = "similarity",
        MeasuredBy = TaskMetric.Pearson,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 1000, [DatasetPart.Validating] = 375, [DatasetPart.Test] = 375, ["test_postediting"] = 244 },
        Content = parts => new DatasetContent(
            parts.Train(Original.Read, "sts-train.tsv"), parts.Validation(Original.Read, "sts-dev.tsv"),
            [.. parts.Test(Original.Read, "sts-test.tsv"), .. parts.Test("test_postediting", (Original with { Texts = ["1", "2"], Label = "0" }).Read, "sts2016-postediting.tsv")]),
    };
}
