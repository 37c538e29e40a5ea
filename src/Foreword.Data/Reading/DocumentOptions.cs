using Foreword.Data.Decoding;
using Foreword.Settings;

namespace Foreword.Data.Reading;

/// <summary>Specifies which unit of a text file is one document.</summary>
[ChoiceName(nameof(BlankLine), "blank-line")]
public enum DocumentUnit
{
    /// <summary>The whole file.</summary>
    File,

    /// <summary>A line that is not blank.</summary>
    Line,

    /// <summary>The lines up to the next blank line.</summary>
    BlankLine,
}

/// <summary>
/// Specifies how a <see cref="DocumentReader"/> finds and reads documents. By default, text is UTF-8 and a text file is one document.
/// </summary>
public sealed record DocumentOptions
{
    /// <summary>Gets the field or column that holds the document, if the format has fields.</summary>
    public string TextField { get; init; } = "text";

    /// <summary>
    /// Gets which unit of a text file is one document. A row of a table, a line of JSON Lines and an HTML file are always one document.
    /// </summary>
    public DocumentUnit Document { get; init; } = DocumentUnit.File;

    /// <summary>Gets the encoding of files without a byte order mark; null for UTF-8. Parquet is always UTF-8.</summary>
    public TextEncoding? Encoding { get; init; }

    /// <summary>
    /// Gets the patterns of the files to read in directories, such as <c>*.txt</c> or <c>poems/**</c>. If empty, all files of known formats are read.
    /// A file of an unknown format that matches a pattern is read as text.
    /// </summary>
    public IReadOnlyList<string> Include { get; init; } = [];

    /// <summary>Gets the patterns of the files to skip in directories.</summary>
    public IReadOnlyList<string> Exclude { get; init; } = [];

    /// <summary>Returns the options that decide how a file is divided into documents, for the hash of a preparation.</summary>
    public override string ToString() => $"{Document} {Encoding?.Name ?? TextEncoding.Utf8} {TextField}";
}
