using Foreword.Data.Tables;
using Foreword.Tasks;

namespace Foreword.Data.Datasets.Choices;

/// <summary>
/// Reads the Choice of Plausible Alternatives, from the original XML or SuperGLUE's JSON Lines, and its Chinese translation XCOPA. The question after the
/// premise is COPA's own: what was the cause, or what happened as a result.
/// </summary>
internal static class CopaSet
{
    /// <summary>Last training item in SuperGLUE's split: items 1 to 400 are for training, items 401 to 500 for validation.</summary>
    private const int LastTrainingItem = 400;

    private static readonly string[] English = ["What was the cause of this?", "What happened as a result?"];
    private static readonly string[] Chinese = ["原因是什么？", "结果发生了什么？"];

    public static Dataset Original { get; } = new PublishedDataset("copa", "plausible cause or effect, 2 choices", "Roemmele et al. 2011", "copa-dev.xml (items 1 to 400 for training, 401 to 500 for validation), copa-test.xml; or SuperGLUE's train.jsonl, val.jsonl, test.jsonl with premise, choice1, choice2, question, label, idx")
    {
        Kind = "multiple-choice",
        OtherFolders = ["copa", "copa-resources"],
        Names = ["1", "2"],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 400, [DatasetPart.Validating] = 100, [DatasetPart.Test] = 500 },
        Submitted = SubmissionFormat.OfJsonLines("0", "1"),
        Content = parts => parts.Files.Optional("train.jsonl").Count > 0
            ? new DatasetContent(parts.Train(SuperGlue, "train.jsonl"), parts.Validation(SuperGlue, "val.jsonl"), GlueTable.Submitted(parts.Test(Unlabeled, "test.jsonl")))
            : Xml(parts),
    };

    public static Dataset XcopaChinese { get; } = new PublishedDataset("xcopa-zh", "plausible cause or effect in Chinese, 2 choices", "Ponti et al. 2020", "val.zh.jsonl (for training), test.zh.jsonl with premise, choice1, choice2, question, label")
    {
        Kind = "multiple-choice",
        Names = ["1", "2"],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 100, [DatasetPart.Test] = 500 },
        Content = parts => new DatasetContent(parts.Train(Translated, "val.zh.jsonl"), parts.Validation(Translated), parts.Test(Translated, "test.zh.jsonl")),
    };

    private static DatasetContent Xml(PartReader parts)
    {
        IReadOnlyList<string> files = parts.Files.Required("train.jsonl", "copa-dev.xml", "*dev*.xml");
        DatasetRow[] rows = [.. files.SelectMany(Items)];
        return new DatasetContent(
            parts.Part(DatasetPart.Training, files, rows.Where(row => !IsHeldOut(row))),
            rows.Any(IsHeldOut) ? parts.Validation(rows.Where(IsHeldOut), files, Items) : parts.Validation(Items),
            parts.Test(Items, "copa-test.xml"));
    }

    private static bool IsHeldOut(DatasetRow row) => int.Parse(row.Id!, System.Globalization.CultureInfo.InvariantCulture) > LastTrainingItem;

    private static IEnumerable<DatasetRow> Items(string file) => NamedRow.Read(file, ["id", "asks-for", "p", "a1", "a2", "most-plausible-alternative"]).Select(row => Row(
        row, $"{row.Number("id")}", row["p"], English[row.Index("asks-for", "cause", "effect")], row["a1"], row["a2"], row.Index("most-plausible-alternative", "1", "2")));

    private static IEnumerable<DatasetRow> SuperGlue(string file) => Lines(file, English, isLabeled: true);

    private static IEnumerable<DatasetRow> Unlabeled(string file) => Lines(file, English, isLabeled: false);

    private static IEnumerable<DatasetRow> Translated(string file) => Lines(file, Chinese, isLabeled: true);

    private static IEnumerable<DatasetRow> Lines(string file, string[] questions, bool isLabeled) =>
        NamedRow.Read(file, ["idx", "premise", "question", "choice1", "choice2", .. isLabeled ? ["label"] : Array.Empty<string>()]).Select(row => Row(
            row, row["idx"], row["premise"], questions[row.Index("question", "cause", "effect")], row["choice1"], row["choice2"], isLabeled ? row.Index("label", "0", "1") : null));

    private static DatasetRow Row(NamedRow row, string id, string premise, string question, string first, string second, int? right) =>
        new(row.Where, new TaskExample([premise.Trim(), question], [first.Trim(), second.Trim()], right is { } index ? $"{index + 1}" : null, row.Where), Id: id);
}
