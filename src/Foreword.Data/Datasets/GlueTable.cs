namespace Foreword.Data.Datasets;

/// <summary>
/// Reads the layout of most of GLUE's data sets: <c>train.tsv</c>, <c>dev.tsv</c> and <c>test.tsv</c> with a header, where quotes are ordinary
/// characters. The test file has no labels.
/// </summary>
internal static class GlueTable
{
    /// <summary>The column of the test file that the server wants back.</summary>
    public const string Index = "index";

    /// <summary>Returns the function that reads all parts.</summary>
    /// <param name="text1">The column of the first text.</param>
    /// <param name="text2">The column of the second text; null if there is one text.</param>
    /// <param name="label">The column of the label.</param>
    /// <param name="values">The labels as the files write them; empty for scores.</param>
    /// <param name="names">The class of each of <paramref name="values"/>; null if the files write the names of the classes.</param>
    public static Func<PartReader, DatasetContent> Content(string text1, string? text2, string label, IReadOnlyList<string> values, IReadOnlyList<string>? names = null)
    {
        TextTable labeled = new() { Texts = text2 is null ? [text1] : [text1, text2], Label = label, Values = values, Names = names ?? [] };
        TextTable test = labeled with { Label = null, Id = Index };
        return parts => new DatasetContent(
            parts.Train(labeled.Read, "train.tsv"), parts.Validation(labeled.Read, "dev.tsv"), Submitted(parts.Test(test.Read, "test.tsv")));
    }

    /// <summary>
    /// Returns the test parts of a data set of which labels were published elsewhere. If both files are there, the one without labels is only for the
    /// submission.
    /// </summary>
    /// <param name="labeled">The part with labels; empty if its file is missing.</param>
    /// <param name="unlabeled">GLUE's part; empty if its file is missing.</param>
    public static IReadOnlyList<DatasetPart> Tests(IReadOnlyList<DatasetPart> labeled, IReadOnlyList<DatasetPart> unlabeled) =>
        [.. labeled, .. Submitted(unlabeled).Select(part => labeled.Count == 0 ? part : part with { Name = "submission" })];

    /// <summary>Marks parts as those that the test server wants.</summary>
    /// <param name="parts">The parts.</param>
    /// <param name="ending">The ending of the name of the submission file.</param>
    public static IReadOnlyList<DatasetPart> Submitted(IReadOnlyList<DatasetPart> parts, string ending = "") => [.. parts.Select(part => part with { SubmissionEnding = ending })];
}
