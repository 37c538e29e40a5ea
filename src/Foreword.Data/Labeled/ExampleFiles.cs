using Foreword.Data.Tables;
using Foreword.Tasks;

namespace Foreword.Data.Labeled;

/// <summary>Files of labeled examples. Either the tables also hold the labels, or each table has a separate file with one label per line.</summary>
/// <param name="Tables">The paths of the tables.</param>
/// <param name="Labels">The path of a label file for each table, in the same order; empty if the tables hold the labels.</param>
public sealed record ExampleFiles(IReadOnlyList<string> Tables, IReadOnlyList<string> Labels)
{
    /// <summary>Gets the maximum number of examples to read, from the beginning; null reads all.</summary>
    public int? MaxExamples { get; init; }

    /// <summary>Creates the map of the table columns to read.</summary>
    /// <param name="task">The task.</param>
    /// <param name="columns">The columns in the form that <see cref="TaskColumnMap.Create"/> reads.</param>
    /// <exception cref="ArgumentException">The columns do not fit the task.</exception>
    public TaskColumnMap Columns(FineTuningTask task, IReadOnlyList<string> columns) => TaskColumnMap.Create(task, columns, isLabeled: Labels.Count == 0);

    /// <summary>Reads the examples of all files, in order.</summary>
    /// <param name="columns">The map that <see cref="Columns"/> returns.</param>
    /// <param name="options">The options for reading the tables.</param>
    /// <exception cref="InvalidDataException">
    /// A file is malformed, there are no examples, or the numbers of rows and labels differ. The message names the files.
    /// </exception>
    public IReadOnlyList<TaskExample> Read(TaskColumnMap columns, TableOptions options)
    {
        ArgumentNullException.ThrowIfNull(columns);
        if (Labels.Count > 0 && Labels.Count != Tables.Count)
            throw new InvalidDataException($"{Tables.Count} tables ({string.Join(", ", Tables)}) have {Labels.Count} files of labels ({string.Join(", ", Labels)}); expected one for each");
        IEnumerable<TaskExample> examples = Labels.Count == 0 ? columns.Read(Tables, options) : Tables.Zip(Labels).SelectMany(pair => Labeled(columns.Read([pair.First], options), pair.First, pair.Second));
        TaskExample[] read = [.. examples.Take(MaxExamples ?? int.MaxValue)];
        return read.Length > 0 || Tables.Count == 0 ? read : throw new InvalidDataException($"{Tables[0]}: there are no examples");
    }

    private static TaskExample[] Labeled(IEnumerable<TaskExample> examples, string table, string file)
    {
        TaskExample[] unlabeled = [.. examples];
        string[] labels = [.. LabelsOf(file)];
        return unlabeled.Length == labels.Length
            ? [.. unlabeled.Select((example, i) => example with { Label = labels[i] })]
            : throw new InvalidDataException($"{table} has {unlabeled.Length} rows, but {file} has {labels.Length} labels");
    }

    private static IEnumerable<string> LabelsOf(string file)
    {
        TableOptions lines = new() { Format = TableFormat.Tsv, Header = false, Quoting = false };
        foreach (TableRow row in TableReader.Read(file, ["0"], lines))
        {
            string label = row.Cells[0][0].Trim();
            yield return label.Length > 0 ? TaskLabel.Canonical(label) : throw new InvalidDataException($"{row.Where}: the label is empty");
        }
    }
}
