namespace Foreword.Data.Reading;

/// <summary>Specifies why a file of a directory is skipped.</summary>
public enum SkipReason
{
    /// <summary>The extension is not that of a known format.</summary>
    OtherKind,

    /// <summary>The name is typical of a file about a corpus, such as README or LICENSE.</summary>
    AboutTheCorpus,

    /// <summary>The file begins with bytes that no text has.</summary>
    Binary,

    /// <summary>The file is a table without the column that holds the text.</summary>
    NoTextField,

    /// <summary>A pattern excludes the file, or no include pattern matches it.</summary>
    Excluded,
}

/// <summary>A skipped file inside a given directory.</summary>
/// <param name="Path">The path of the file.</param>
/// <param name="Reason">The reason to skip it.</param>
public sealed record SkippedFile(string Path, SkipReason Reason);
