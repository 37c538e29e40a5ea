using Foreword.Data.Decoding;
using Foreword.Settings;

namespace Foreword.Data.Reading;

/// <summary>What of a text file is one document.</summary>
[ChoiceName(nameof(BlankLine), "blank-line")]
public enum DocumentUnit
{
    /// <summary>The whole file.</summary>
    File,

    /// <summary>A line that is not blank.</summary>
    Line,

    /// <summary>Lines up to the next blank line.</summary>
    BlankLine,
}

/// <summary>How a <see cref="DocumentReader"/> finds and reads documents. The defaults read UTF-8, a text file being one document.</summary>
public sealed record DocumentOptions
{
    /// <summary>The field or column that holds the document, where a format has such.</summary>
    public string TextField { get; init; } = "text";

    /// <summary>What of a text file is one document. Rows of tables and JSON Lines always are one each, and so is an HTML file.</summary>
    public DocumentUnit Document { get; init; } = DocumentUnit.File;

    /// <summary>The encoding of files without a byte order mark; UTF-8 unless set. Parquet is always UTF-8.</summary>
    public TextEncoding? Encoding { get; init; }

    /// <summary>
    /// Patterns of the files to read in directories, such as <c>*.txt</c> or <c>poems/**</c>; all known kinds unless given. A file of an unknown kind that
    /// a pattern fits is read as text.
    /// </summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Patterns of the files to leave out in directories.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Returns what decides how a file is divided into documents, for the hash of a preparation.</summary>
    public override string ToString() => $"{Document} {Encoding?.Name ?? TextEncoding.Utf8} {TextField}";
}
