using Foreword.Data.Tables;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Datasets.Extraction;

/// <summary>
/// Reads SQuAD 1.1 and 2.0: questions whose answer is a part of a paragraph. The development part selects the best epoch, and its predictions are
/// written for the official evaluation. XQuAD has only a test part. Whole articles of it are therefore held out.
/// </summary>
internal static class SquadSet
{
    /// <summary>Of XQuAD's articles, in groups of this size, the last is for the test, and the one before it for validation.</summary>
    private const int ArticlesOfGroup = 8;

    private static readonly TableOptions Options = new() { Format = TableFormat.Squad };

    public static Dataset First { get; } = Create("squad-1.1", "questions with an answer in a paragraph", "Rajpurkar et al. 2016", "v1.1", (87_599, 10_570));

    public static Dataset Second { get; } = Create("squad-2.0", "questions, some without an answer in the paragraph", "Rajpurkar et al. 2018", "v2.0", (130_319, 11_873));

    public static Dataset XquadEnglish { get; } = CreateXquad("xquad-en", "questions with an answer in a paragraph, in English", "xquad.en.json");

    public static Dataset XquadChinese { get; } = CreateXquad("xquad-zh", "questions with an answer in a paragraph, in Chinese", "xquad.zh.json");

    private static PublishedDataset Create(string name, string title, string source, string version, (int Train, int Validation) sizes) =>
        new(name, title, source, $"train-{version}.json, dev-{version}.json, SQuAD's JSON")
        {
            Kind = "span",
            OtherFolders = [name, "squad"],
            MeasuredBy = TaskMetric.AnswerF1,
            Counts = new Dictionary<string, int> { [DatasetPart.Training] = sizes.Train, [DatasetPart.Validating] = sizes.Validation, ["dev"] = sizes.Validation },
            Submitted = SubmissionFormat.OfAnswers(),
            Content = parts => new DatasetContent(
                parts.Train(Rows, $"train-{version}.json"), parts.Validation(Rows, $"dev-{version}.json"), GlueTable.Submitted(parts.Test("dev", Rows, $"dev-{version}.json"))),
        };

    private static PublishedDataset CreateXquad(string name, string title, string file) => new(name, title, "Artetxe et al. 2020", $"{file}, SQuAD's JSON; of every 8 articles, 6 are for training, 1 for validation and 1 for the test")
    {
        Kind = "span",
        OtherFolders = ["xquad"],
        MeasuredBy = TaskMetric.AnswerF1,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 912, [DatasetPart.Validating] = 130, [DatasetPart.Test] = 148 },
        Submitted = SubmissionFormat.OfAnswers(),
        Content = parts =>
        {
            IReadOnlyList<string> files = parts.Files.Required(file);
            (int Document, DatasetRow Row)[] rows = [.. files.SelectMany(Numbered)];
            return new DatasetContent(
                parts.Part(DatasetPart.Training, files, Of(rows, place => place < ArticlesOfGroup - 2)),
                parts.Validation(Of(rows, place => place == ArticlesOfGroup - 2), files, Rows),
                GlueTable.Submitted([parts.Part(DatasetPart.Test, files, Of(rows, place => place == ArticlesOfGroup - 1))]));
        },
    };

    private static IEnumerable<DatasetRow> Of((int Document, DatasetRow Row)[] rows, Predicate<int> isTaken) =>
        rows.Where(row => isTaken((row.Document - 1) % ArticlesOfGroup)).Select(row => row.Row);

    private static IEnumerable<DatasetRow> Rows(string file) => Numbered(file).Select(row => row.Row);

    private static IEnumerable<(int Document, DatasetRow Row)> Numbered(string file) =>
        NamedRow.Read(file, ["id", "document", "question", "context", "label"], Options).Select(row =>
            (row.Number("document"), new DatasetRow(row.Where, new TaskExample([row["question"], row["context"]], [], row["label"], row.Where), Id: row["id"])));
}
