namespace Foreword.Data.Reading;

/// <summary>Describes skipped files.</summary>
internal static class SkippedFiles
{
    private const int MostNamed = 3;

    /// <summary>
    /// Describes the files grouped by reason, with some of their names: "3 of other kinds (.png, .jpg), README.md (about the corpus)".
    /// </summary>
    /// <param name="files">The files.</param>
    /// <param name="textField">The column that holds the text.</param>
    public static string Describe(IReadOnlyList<SkippedFile> files, string textField)
    {
        ArgumentNullException.ThrowIfNull(files);
        return string.Join("; ", files.GroupBy(file => file.Reason).OrderBy(group => group.Key).Select(group => $"{group.Count()} {Reason(group.Key, textField)} ({Names(group.Key, [.. group])})"));
    }

    private static string Reason(SkipReason reason, string textField) => reason switch
    {
        SkipReason.OtherKind => "of other kinds",
        SkipReason.AboutTheCorpus => "about the corpus",
        SkipReason.Binary => "binary",
        SkipReason.NoTextField => $"without a column '{textField}'",
        _ => "by pattern",
    };

    private static string Names(SkipReason reason, IReadOnlyList<SkippedFile> files)
    {
        string[] names = [.. files.Select(file => reason == SkipReason.OtherKind ? Path.GetExtension(file.Path) : Path.GetFileName(file.Path)).Distinct()];
        return string.Join(", ", names.Take(MostNamed)) + (names.Length > MostNamed ? ", ..." : "");
    }
}
