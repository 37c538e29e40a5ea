using Foreword.Settings;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foreword.Data.Tables;

/// <summary>The format of a table file.</summary>
[ChoiceName(nameof(JsonLines), "jsonl", AlsoCalled = "json_lines")]
public enum TableFormat
{
    /// <summary>
    /// The file extension decides: <c>.csv</c>, <c>.tsv</c>, <c>.tab</c>, <c>.txt</c> (tabs), <c>.jsonl</c>, <c>.ndjson</c>, <c>.parquet</c>,
    /// <c>.xml</c> (COPA), <c>.conll</c> or <c>.json</c> (SQuAD). A final <c>.gz</c> or <c>.zst</c> is ignored. Any other file is read as CSV if a delimiter is set.
    /// </summary>
    Auto,

    /// <summary>Fields separated by commas (RFC 4180).</summary>
    Csv,

    /// <summary>Fields separated by tabs. A quote is an ordinary character.</summary>
    Tsv,

    /// <summary>One JSON object per line.</summary>
    JsonLines,

    /// <summary>Apache Parquet.</summary>
    Parquet,

    /// <summary>The XML of COPA (Roemmele, Bejan and Gordon 2011). Each <c>item</c> is a row.</summary>
    Copa,

    /// <summary>A word with its columns on each line and a blank line between sentences, as in the shared tasks of CoNLL. Each sentence is a row.</summary>
    Conll,

    /// <summary>The JSON of SQuAD 1.1 and 2.0 (Rajpurkar et al. 2016 and 2018). Each question is a row.</summary>
    Squad,
}

/// <summary>The options for reading a table.</summary>
public sealed record TableOptions
{
    /// <summary>
    /// Gets whether the first row of CSV and TSV is a header with names. If null, it is a header if any column is requested by name. If all columns
    /// are requested by number, it is a header if it looks like one, and <see cref="Logger"/> then receives a warning.
    /// </summary>
    public bool? Header { get; init; }

    /// <summary>
    /// Gets whether quotes in CSV and TSV enclose fields (RFC 4180). If false, a quote is an ordinary character, and only a line feed ends a row.
    /// Null means true, except if tabs separate the fields.
    /// </summary>
    public bool? Quoting { get; init; }

    /// <summary>
    /// Gets the character that separates the fields of CSV and TSV; null means the format's comma or tab. JSON Lines, Parquet and XML have no
    /// delimiter.
    /// </summary>
    public char? Delimiter { get; init; }

    /// <summary>Gets the format of the file.</summary>
    public TableFormat Format { get; init; } = TableFormat.Auto;

    /// <summary>
    /// Gets whether a row that cannot be read is returned with its <see cref="TableRow.Fault"/>. If false, such a row ends the reading with an error.
    /// </summary>
    public bool KeepsFaultyRows { get; init; }

    /// <summary>Gets whether rows are returned with all their columns, see <see cref="TableRow.Input"/>.</summary>
    public bool KeepsInput { get; init; }

    /// <summary>Gets the log that receives a warning about each thing that was read but is possibly not intended.</summary>
    public ILogger Logger { get; init; } = NullLogger.Instance;

    /// <summary>
    /// Returns the character that a text stands for: the text itself, or the character for <c>tab</c>, <c>\t</c>, <c>comma</c>, <c>semicolon</c> or
    /// <c>pipe</c>.
    /// </summary>
    /// <param name="text">The text.</param>
    /// <exception cref="ArgumentException">The text is not a single character, or it is a character that cannot separate fields.</exception>
    public static char DelimiterOf(string text) => text switch
    {
        "tab" or "\\t" => '\t',
        "comma" => ',',
        "semicolon" => ';',
        "pipe" => '|',
        [not ('"' or '\r' or '\n') and var only] => only,
        _ => throw new ArgumentException($"delimiter is '{text}'; expected one character, or tab | comma | semicolon | pipe", nameof(text)),
    };
}

/// <summary>The requested columns of one row.</summary>
/// <param name="File">The path of the file.</param>
/// <param name="Number">The line on which the row begins, from 1; the number of the row, from 1, if the format has no lines.</param>
/// <param name="Cells">
/// One entry for each requested column: one text, or several if the column holds a list. The entry is empty if the column could not be read.
/// </param>
public sealed record TableRow(string File, long Number, IReadOnlyList<IReadOnlyList<string>> Cells)
{
    /// <summary>Gets the file and the row, for messages.</summary>
    public string Where => $"{File}:{Number}";

    /// <summary>
    /// Gets the reason why the row could not be read, as one sentence that begins with <see cref="Where"/>; null if it could be read.
    /// </summary>
    public string? Fault { get; init; }

    /// <summary>
    /// Gets all columns of the row by name, or by number if the file has no names; empty without <see cref="TableOptions.KeepsInput"/>.
    /// </summary>
    public IReadOnlyList<KeyValuePair<string, string>> Input { get; init; } = [];
}
