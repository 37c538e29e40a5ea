using Foreword.Data.Tables;
using Foreword.Tasks;

namespace Foreword.Data.Datasets;

/// <summary>Reads the rows of a table whose examples have one or two texts and a label.</summary>
internal sealed record TextTable
{
    /// <summary>Gets the columns of the texts, in the order of the task.</summary>
    public required IReadOnlyList<string> Texts { get; init; }

    /// <summary>Gets the column of the label; null if the table has no labels.</summary>
    public string? Label { get; init; }

    /// <summary>Gets the column with the name of the example on a test server; null if there is none.</summary>
    public string? Id { get; init; }

    /// <summary>Gets the labels as the file writes them. Empty accepts every label.</summary>
    public IReadOnlyList<string> Values { get; init; } = [];

    /// <summary>Gets the class of each of <see cref="Values"/>; empty if the file writes the names of the classes.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Gets the text in place of a label that marks a row without one; null if every row has a label.</summary>
    public string? NoLabel { get; init; }

    /// <summary>Gets the options for reading the files. By default, quotes are ordinary characters between tabs.</summary>
    public TableOptions Options { get; init; } = new();

    /// <summary>Reads the rows of a file.</summary>
    /// <param name="file">The path of the file.</param>
    /// <exception cref="InvalidDataException">The file is malformed, lacks a column, or has an unknown label. The message names file and row.</exception>
    public IEnumerable<DatasetRow> Read(string file)
    {
        string[] columns = [.. new[] { Id, Label }.OfType<string>().Concat(Texts).Distinct()];
        foreach (NamedRow row in NamedRow.Read(file, columns, Options))
        {
            if (row.Fault is { } fault)
                yield return new DatasetRow(row.Where, null, Broken(fault));
            else if (Label is not null && NoLabel is not null && row[Label].Trim() == NoLabel)
                yield return new DatasetRow(row.Where, null, $"have no label ('{NoLabel}')");
            else
                yield return new DatasetRow(row.Where, new TaskExample([.. Texts.Select(column => row[column].Trim())], [], LabelOf(row), row.Where), Id: Id is null ? null : row[Id].Trim());
        }
    }

    /// <summary>Returns the reason for skipping a broken row. Its fields are not counted one by one, so that all such rows have the same reason.</summary>
    private static string Broken(string fault) => fault.Contains("the row has ", StringComparison.Ordinal) ? "have the wrong number of fields" : "cannot be read";

    private string? LabelOf(NamedRow row)
    {
        if (Label is null)
            return null;
        if (Values.Count > 0)
            return (Names.Count == 0 ? Values : Names)[row.Index(Label, Values)];
        return row[Label].Trim() is { Length: > 0 } label ? TaskLabel.Canonical(label) : throw row.Problem($"'{Label}' is empty");
    }
}
