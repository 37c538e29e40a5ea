using Foreword.Tasks.Metrics;

namespace Foreword.Data.Datasets.Entailment;

/// <summary>
/// Reads the Multi-Genre Natural Language Inference corpus. The matched pairs have the genres of the training set, and the mismatched pairs have others.
/// The diagnostic set of GLUE (AX) has only test pairs, which a model that was trained on MNLI answers.
/// </summary>
internal static class MnliSet
{
    private const string Matched = "test_matched", Mismatched = "test_mismatched", MismatchedValidation = "validation_mismatched";

    private static readonly TextTable Labeled = new() { Texts = ["sentence1", "sentence2"], Label = "gold_label", Values = NliClasses.Names, NoLabel = "-" };
    private static readonly TextTable Unlabeled = Labeled with { Label = null, Id = GlueTable.Index };
    private static readonly TextTable Diagnosed = new() { Texts = ["Premise", "Hypothesis"], Label = "Label", Values = NliClasses.Names };

    public static Dataset Mnli { get; } = new PublishedDataset("mnli", "textual entailment in many genres, 3 classes", "Williams et al. 2018", "GLUE's train.tsv, dev_matched.tsv, dev_mismatched.tsv, test_matched.tsv, test_mismatched.tsv (or multinli_1.0_train.jsonl, _dev_matched, _dev_mismatched) with gold_label, sentence1, sentence2")
    {
        Kind = "entailment",
        OtherFolders = ["mnli", "multinli_1.0"],
        Names = NliClasses.Names,
        Results = [PaperResult.Gpt1("accuracy", 82.1, 2, Matched), PaperResult.Gpt1("accuracy", 81.4, 2, Mismatched)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 392_702, [DatasetPart.Validating] = 9815, [MismatchedValidation] = 9832, [Matched] = 9796, [Mismatched] = 9847 },
        Submitted = SubmissionFormat.OfClasses(NliClasses.Names),
        Content = parts => new DatasetContent(
            Train(parts, ""),
            Validation(parts, ""),
            [
                .. parts.Test(MismatchedValidation, Labeled.Read, Names("dev_mismatched")),
                .. GlueTable.Submitted(parts.Test(Matched, Unlabeled.Read, "test_matched.tsv"), "-m"),
                .. GlueTable.Submitted(parts.Test(Mismatched, Unlabeled.Read, "test_mismatched.tsv"), "-mm"),
            ]),
    };

    public static Dataset Diagnostic { get; } = new PublishedDataset("ax", "GLUE's diagnostic pairs, for a model trained on MNLI, 3 classes", "Wang et al. 2019 (GLUE)", "the files of mnli in MNLI/, and diagnostic/diagnostic-full.tsv with Premise, Hypothesis, Label, or diagnostic/diagnostic.tsv with index, sentence1, sentence2 (both also in MNLI/)")
    {
        Kind = "entailment",
        MeasuredBy = TaskMetric.Matthews,
        OtherFolders = ["glue", "glue_data"],
        Names = NliClasses.Names,
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 392_702, [DatasetPart.Validating] = 9815, [DatasetPart.Test] = 1104 },
        Submitted = SubmissionFormat.OfClasses(NliClasses.Names),
        Content = parts => new DatasetContent(Train(parts, "MNLI/"), Validation(parts, "MNLI/"), GlueTable.Submitted(Diagnostics(parts))),
    };

    private static DatasetPart Train(PartReader parts, string folder) => parts.Train(Labeled.Read, Names("train", folder));

    private static DatasetPart? Validation(PartReader parts, string folder) => parts.Validation(Labeled.Read, Names("dev_matched", folder));

    /// <summary>Reads the pairs with labels, which were published later; without them, those of the test server.</summary>
    private static IReadOnlyList<DatasetPart> Diagnostics(PartReader parts) => parts.Test(Diagnosed.Read, "diagnostic/diagnostic-full.tsv", "MNLI/diagnostic-full.tsv", "diagnostic-full.tsv") is { Count: > 0 } labeled
        ? labeled
        : parts.Test(Unlabeled.Read, "diagnostic/diagnostic.tsv", "MNLI/diagnostic.tsv", "diagnostic.tsv");

    /// <summary>Returns GLUE's name of a file, then the original names.</summary>
    private static string[] Names(string name, string folder = "") => [$"{folder}{name}.tsv", $"{folder}multinli_1.0_{name}.jsonl", $"{folder}multinli_1.0_{name}.txt"];
}
