using System.Globalization;
using System.Text.Json.Nodes;
using Foreword.Data.Tables;

namespace Foreword.Evaluation;

/// <summary>A row of a benchmark's file, its columns by name.</summary>
internal sealed class BenchmarkRow
{
    private readonly TableRow _row;
    private readonly string[] _columns;

    private BenchmarkRow(TableRow row, string[] columns) => (_row, _columns) = (row, columns);

    /// <summary>File and line, for messages.</summary>
    public string Where => _row.Where;

    /// <summary>The one text of a column.</summary>
    public string this[string column] => List(column) is [var only] ? only : throw Problem($"'{column}' holds {List(column).Count} texts; expected one");

    /// <summary>The columns as they stand, for the samples.</summary>
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

    /// <summary>The rows of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The columns, or numbers where the file has no header.</param>
    /// <param name="options">How it is read.</param>
    /// <exception cref="InvalidDataException">The file is broken or lacks a column; file and row are named.</exception>
    public static IEnumerable<BenchmarkRow> Read(string path, string[] columns, TableOptions? options = null) =>
        TableReader.Read(path, columns, options).Select(row => new BenchmarkRow(row, columns));

    /// <summary>The texts of a column.</summary>
    public IReadOnlyList<string> List(string column) => _row.Cells[Array.IndexOf(_columns, column)];

    /// <summary>The place of a column's text among some.</summary>
    /// <exception cref="InvalidDataException">It is none of them.</exception>
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

    /// <summary>A column's whole number.</summary>
    public int Number(string column) => int.TryParse(this[column], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int number) ? number
        : throw Problem($"'{column}' is '{this[column]}'; expected a whole number");

    /// <summary>An error about this row.</summary>
    public InvalidDataException Problem(string what) => new($"{Where}: {what}");
}
