namespace Foreword.Data.Reading;

/// <summary>Why a file of a directory is left out.</summary>
public enum SkipReason
{
    /// <summary>Its extension is not that of a text format.</summary>
    OtherKind,

    /// <summary>Its name is one that files about a corpus have, such as README or LICENSE.</summary>
    AboutTheCorpus,

    /// <summary>It begins with bytes that no text has.</summary>
    Binary,

    /// <summary>It is a table without the column that holds the text.</summary>
    NoTextField,

    /// <summary>A pattern excludes it, or none of the patterns to include fits it.</summary>
    Excluded,
}

/// <summary>A file inside a given directory that is left out.</summary>
/// <param name="Path">The file.</param>
/// <param name="Reason">Why.</param>
public sealed record SkippedFile(string Path, SkipReason Reason);
