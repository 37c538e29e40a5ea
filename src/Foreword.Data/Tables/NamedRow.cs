using System.Globalization;
using System.Text.Json.Nodes;

namespace Foreword.Data.Tables;

/// <summary>A row of a table, with columns accessed by name.</summary>
internal sealed class NamedRow
{
    private readonly TableRow _row;
    private readonly string[] _columns;

    private NamedRow(TableRow row, string[] columns) => (_row, _columns) = (row, columns);

    /// <summary>Gets the file and the line, for error messages.</summary>
    public string Where => _row.Where;

    /// <summary>
    /// Gets the reason why the row could not be read; null if it could be read. Without <see cref="TableOptions.KeepsFaultyRows"/>, reading ends with
    /// an error at such a row.
    /// </summary>
    public string? Fault => _row.Fault;

    /// <summary>Gets the only text of a column.</summary>
    public string this[string column] => List(column) is [var only] ? only : throw Problem($"'{column}' holds {List(column).Count} texts; expected one");

    /// <summary>Gets the columns unchanged, for the samples log.</summary>
    public JsonObject Fields
    {
        get
        {
            JsonObject fields = [];
            for (int i = 0; i < _columns.Length; i++)
                fields[_columns[i]] = _row.Cells[i] is [var only] ? only : new JsonArray([.. _row.Cells[i].Select(text => (JsonNode)text)]);
            return fields;
        }
    }

    /// <summary>Reads the rows of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The names of the columns, or their numbers if the file has no header.</param>
    /// <param name="options">The options for reading the table; null for the defaults.</param>
    /// <exception cref="InvalidDataException">The file is malformed or lacks a column; the message names the file and the row.</exception>
    public static IEnumerable<NamedRow> Read(string path, string[] columns, TableOptions? options = null) =>
        TableReader.Read(path, columns, options).Select(row => new NamedRow(row, columns));

    /// <summary>Reads the rows of a stream, see <see cref="TableReader.Read(Stream, string, IReadOnlyList{string}, TableOptions)"/>.</summary>
    public static IEnumerable<NamedRow> Read(Stream stream, string name, string[] columns, TableOptions? options = null) =>
        TableReader.Read(stream, name, columns, options).Select(row => new NamedRow(row, columns));

    /// <summary>Returns the texts of a column.</summary>
    public IReadOnlyList<string> List(string column) => _row.Cells[Array.IndexOf(_columns, column)];

    /// <summary>Returns the index of a column's text in a list of expected texts.</summary>
    /// <exception cref="InvalidDataException">The text is not in the list.</exception>
    public int Index(string column, params IReadOnlyList<string> among)
    {
        string text = this[column].Trim();
        for (int i = 0; i < among.Count; i++)
        {
            if (among[i] == text)
                return i;
        }

        throw Problem($"'{column}' is '{text}'; expected {string.Join(" or ", among)}");
    }

    /// <summary>Parses the whole number in a column.</summary>
    public int Number(string column) => int.TryParse(this[column], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number
        : throw Problem($"'{column}' is '{this[column]}'; expected a whole number");

    /// <summary>Creates an error about this row.</summary>
    public InvalidDataException Problem(string what) => new($"{Where}: {what}");
}
