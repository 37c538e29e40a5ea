using Foreword.Data.Tables;
using Foreword.Tasks;

namespace Foreword.Data.Datasets.Choices;

/// <summary>Reads the rows of JSON Lines whose examples have a context and choices.</summary>
internal sealed record ChoiceTable
{
    /// <summary>Gets the column of the context.</summary>
    public required string Context { get; init; }

    /// <summary>Gets the columns of the choices, or one column that holds a list.</summary>
    public required IReadOnlyList<string> Choices { get; init; }

    /// <summary>Gets the column of the right choice; null if the file has no labels.</summary>
    public string? Label { get; init; }

    /// <summary>Gets the column that holds what <see cref="Label"/> calls each choice of the row; null if it is a number from 0.</summary>
    public string? Keys { get; init; }

    /// <summary>Gets the names of the choices, in their order.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>Reads the rows of a file.</summary>
    /// <param name="file">The path of the file.</param>
    /// <exception cref="InvalidDataException">The file is malformed, or lacks a column. The message names file and row.</exception>
    public IEnumerable<DatasetRow> Read(string file)
    {
        string[] columns = [Context, .. Choices, .. new[] { Label, Keys }.OfType<string>()];
        foreach (NamedRow row in NamedRow.Read(file, columns))
        {
            string[] choices = [.. Choices.SelectMany(row.List).Select(choice => choice.Trim())];
            if (choices.Length < 2 || choices.Length > Names.Count)
                throw row.Problem($"there are {choices.Length} choices; expected 2 to {Names.Count}");
            yield return new DatasetRow(row.Where, new TaskExample([row[Context].Trim(), null], choices, Label is null ? null : Names[Right(row, choices.Length)], row.Where));
        }
    }

    private int Right(NamedRow row, int choices) => row.Index(Label!, Keys is null ? [.. Enumerable.Range(0, choices).Select(i => $"{i}")] : row.List(Keys));
}
