namespace Foreword.Data.Tables;

/// <summary>What a table's file is.</summary>
public enum TableFormat
{
    /// <summary>Its name decides: <c>.csv</c>, <c>.tsv</c>, <c>.txt</c> (tabs), <c>.jsonl</c>, <c>.ndjson</c>, <c>.parquet</c>, <c>.xml</c> (COPA); <c>.gz</c> and <c>.zst</c> are taken off first.</summary>
    Auto,

    /// <summary>Fields parted by commas (RFC 4180).</summary>
    Csv,

    /// <summary>Fields parted by tabs.</summary>
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
    /// <summary>Whether the first row of CSV and TSV holds names; null means it does when any wanted column is given by name, not by number.</summary>
    public bool? Header { get; init; }

    /// <summary>
    /// Whether quotes in CSV and TSV are quotes (RFC 4180). Without, a quote is a character like any other and only a line feed ends a row.
    /// </summary>
    public bool Quoting { get; init; } = true;

    /// <summary>What the file is.</summary>
    public TableFormat Format { get; init; } = TableFormat.Auto;
}

/// <summary>The wanted columns of one row.</summary>
/// <param name="File">The file.</param>
/// <param name="Number">The line on which the row begins, from 1; the row where the format has no lines.</param>
/// <param name="Cells">One entry for each wanted column: one text, or several where the column holds a list.</param>
public sealed record TableRow(string File, long Number, IReadOnlyList<IReadOnlyList<string>> Cells)
{
    /// <summary>File and row, for messages.</summary>
    public string Where => $"{File}:{Number}";
}
