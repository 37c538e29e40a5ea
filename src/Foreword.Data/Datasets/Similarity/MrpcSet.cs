using Foreword.Data.Tables;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Datasets.Similarity;

/// <summary>
/// Reads the Microsoft Research Paraphrase Corpus, from GLUE's files or from the original ones. The original training file has no validation part. GLUE
/// took the pairs of <c>dev_ids.tsv</c> from it. Quotes are ordinary characters.
/// </summary>
internal static class MrpcSet
{
    private const string Ids = "#1 ID+#2 ID"; // both ids, joined by a space

    private static readonly TextTable Table = new() { Texts = ["#1 String", "#2 String"], Label = "Quality", Values = ["0", "1"], Names = ["not_equivalent", "equivalent"] };

    public static Dataset Dataset { get; } = new PublishedDataset("mrpc", "are two sentences paraphrases, 2 classes", "Dolan and Brockett 2005", "GLUE's train.tsv, dev.tsv, test.tsv, or msr_paraphrase_train.txt with dev_ids.tsv, and msr_paraphrase_test.txt, with Quality, #1 ID, #2 ID, #1 String, #2 String")
    {
        Kind = "similarity",
        MeasuredBy = TaskMetric.F1,
        Names = Table.Names,
        Results = [PaperResult.Gpt1("f1", 82.3, 4)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 3668, [DatasetPart.Validating] = 408, [DatasetPart.Test] = 1725 },
        Submitted = SubmissionFormat.OfClasses("0", "1"),
        Content = parts =>
        {
            (DatasetPart train, DatasetPart? validation) = parts.Files.Optional("train.tsv").Count > 0
                ? (parts.Train(Table.Read, "train.tsv"), parts.Validation(Table.Read, "dev.tsv"))
                : Original(parts);
            return new DatasetContent(train, validation, GlueTable.Tests(
                parts.Test(Table.Read, "msr_paraphrase_test.txt"), parts.Test((Table with { Label = null, Id = GlueTable.Index }).Read, "test.tsv")));
        },
    };

    private static (DatasetPart Train, DatasetPart? Validation) Original(PartReader parts)
    {
        IReadOnlyList<string> files = parts.Files.Required("train.tsv", "msr_paraphrase_train.txt");
        HashSet<string> held = [.. parts.Files.Optional("dev_ids.tsv", "mrpc_dev_ids.tsv").SelectMany(file => NamedRow.Read(file, ["0+1"], new TableOptions { Header = false })).Select(row => row["0+1"])];
        if (held.Count == 0)
            return (parts.Part(DatasetPart.Training, files, Table.Read), parts.Validation(Table.Read));
        DatasetRow[] rows = [.. files.SelectMany((Table with { Id = Ids }).Read)];
        return (parts.Part(DatasetPart.Training, files, rows.Where(row => !held.Contains(row.Id!))), parts.Validation(rows.Where(row => held.Contains(row.Id!)), files, Table.Read));
    }
}
