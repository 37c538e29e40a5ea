using Foreword.Settings;

namespace Foreword.Data.Tables;

/// <summary>What a table's file is.</summary>
[ChoiceName(nameof(JsonLines), "jsonl", AlsoCalled = "json_lines")]
public enum TableFormat
{
    /// <summary>Its name decides: <c>.csv</c>, <c>.tsv</c>, <c>.txt</c> (tabs), <c>.jsonl</c>, <c>.ndjson</c>, <c>.parquet</c>, <c>.xml</c> (COPA); <c>.gz</c> and <c>.zst</c> are taken off first.</summary>
    Auto,

    /// <summary>Fields parted by commas (RFC 4180).</summary>
    Csv,

    /// <summary>Fields parted by tabs; a quote is a character like any other.</summary>
    Tsv,

    /// <summary>One JSON object a line.</summary>
    JsonLines,

    /// <summary>Apache Parquet.</summary>
    Parquet,

    /// <summary>COPA's XML (Roemmele, Bejan and Gordon 2011): an <c>item</c> is a row.</summary>
    Copa,
}

/// <summary>How a table is read.</summary>
public sealed record TableOptions
{
    /// <summary>
    /// Whether the first row of CSV and TSV holds names. Null means it does when any wanted column is given by name, and where columns are given by
    /// number when the first row looks like names. <see cref="Warn"/> is told of the latter.
    /// </summary>
    public bool? Header { get; init; }

    /// <summary>
    /// Whether quotes in CSV and TSV are quotes (RFC 4180). Without, a quote is a character like any other and only a line feed ends a row. Null
    /// means they are, except where tabs part the fields.
    /// </summary>
    public bool? Quoting { get; init; }

    /// <summary>What parts the fields of CSV and TSV; null means the format's comma or tab. JSON Lines, Parquet and XML have no delimiter.</summary>
    public char? Delimiter { get; init; }

    /// <summary>What the file is.</summary>
    public TableFormat Format { get; init; } = TableFormat.Auto;

    /// <summary>Whether a row that cannot be read is given with its <see cref="TableRow.Fault"/>, and reading goes on, or is an error.</summary>
    public bool KeepsFaultyRows { get; init; }

    /// <summary>Whether rows come with all their columns, see <see cref="TableRow.Input"/>.</summary>
    public bool KeepsInput { get; init; }

    /// <summary>Told in one sentence of what was read but may not be what was meant.</summary>
    public Action<string>? Warn { get; init; }

    /// <summary>The character that a text stands for: itself, or <c>tab</c>, <c>\t</c>, <c>comma</c>, <c>semicolon</c>, <c>pipe</c>.</summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">It is not one character, or one that cannot part fields.</exception>
    public static char DelimiterOf(string text) => text switch
    {
        "tab" or "\\t" => '\t',
        "comma" => ',',
        "semicolon" => ';',
        "pipe" => '|',
        [not ('"' or '\r' or '\n') and var only] => only,
        _ => throw new ArgumentException($"delimiter is '{text}'; expected one character, or tab | comma | semicolon | pipe"),
    };
}

/// <summary>The wanted columns of one row.</summary>
/// <param name="File">The file.</param>
/// <param name="Number">The line on which the row begins, from 1; the row where the format has no lines.</param>
/// <param name="Cells">One entry for each wanted column: one text, or several where the column holds a list. A column that could not be read has none.</param>
public sealed record TableRow(string File, long Number, IReadOnlyList<IReadOnlyList<string>> Cells)
{
    /// <summary>File and row, for messages.</summary>
    public string Where => $"{File}:{Number}";

    /// <summary>Why the row could not be read, as one sentence that begins with <see cref="Where"/>; null where it could.</summary>
    public string? Fault { get; init; }

    /// <summary>With <see cref="TableOptions.KeepsInput"/>: all columns of the row by name, or by number where the file has no names.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Input { get; init; } = [];
}
