using System.Globalization;
using Foreword.Tasks;

namespace Foreword.Data.Datasets;

/// <summary>A row of a data set's file: an example, or the reason why there is none.</summary>
/// <param name="Where">The file and the row.</param>
/// <param name="Example">The example; null if the row is skipped.</param>
/// <param name="Skipped">The reason in the form "have no label"; null if the row is an example.</param>
/// <param name="Id">What a test server calls the example; null if the file does not say it.</param>
internal sealed record DatasetRow(string Where, TaskExample? Example, string? Skipped = null, string? Id = null);

/// <summary>Reads the parts of a data set.</summary>
/// <param name="dataset">The data set.</param>
/// <param name="input">The directory and the limits.</param>
internal sealed class PartReader(Dataset dataset, DatasetInput input)
{
    private const string EmptyText = "have an empty text";

    private readonly DatasetFiles _files = input.Files(dataset);

    /// <summary>Gets the files of the data set.</summary>
    public DatasetFiles Files => _files;

    /// <summary>Reads the training part from the files that match the first pattern with any match.</summary>
    public DatasetPart Train(Func<string, IEnumerable<DatasetRow>> rows, params IReadOnlyList<string> patterns) =>
        Part(DatasetPart.Training, _files.Required(patterns), rows);

    /// <summary>
    /// Reads the validation part from the user's own files, or from those that match the first pattern with any match; null if there are none.
    /// </summary>
    public DatasetPart? Validation(Func<string, IEnumerable<DatasetRow>> rows, params IReadOnlyList<string> patterns)
    {
        IReadOnlyList<string> files = input.Validation.Count > 0 ? input.Validation : _files.Optional(patterns);
        return files.Count == 0 ? null : Part(DatasetPart.Validating, files, rows);
    }

    /// <summary>Returns the validation part that was taken from the training files, or reads it from the user's own files.</summary>
    /// <param name="held">The rows of the training files that are held out.</param>
    /// <param name="files">The training files.</param>
    /// <param name="rows">Reads a file of the user.</param>
    public DatasetPart Validation(IEnumerable<DatasetRow> held, IReadOnlyList<string> files, Func<string, IEnumerable<DatasetRow>> rows) =>
        input.Validation.Count > 0 ? Part(DatasetPart.Validating, input.Validation, rows) : Part(DatasetPart.Validating, files, held);

    /// <summary>Reads a part that is evaluated at the end; none if no file matches.</summary>
    public IReadOnlyList<DatasetPart> Test(Func<string, IEnumerable<DatasetRow>> rows, params IReadOnlyList<string> patterns) => Test(DatasetPart.Test, rows, patterns);

    /// <inheritdoc cref="Test(Func{string, IEnumerable{DatasetRow}}, IReadOnlyList{string})"/>
    public IReadOnlyList<DatasetPart> Test(string name, Func<string, IEnumerable<DatasetRow>> rows, params IReadOnlyList<string> patterns) =>
        _files.Optional(patterns) is { Count: > 0 } files ? [Part(name, files, rows)] : [];

    /// <summary>Reads a part from files.</summary>
    public DatasetPart Part(string name, IReadOnlyList<string> files, Func<string, IEnumerable<DatasetRow>> rows) => Part(name, files, files.SelectMany(rows));

    /// <summary>Collects the rows of a part. Rows that are skipped are counted by their reason. An example without a label is never skipped.</summary>
    /// <param name="name">The name of the part.</param>
    /// <param name="files">The files, which are also named in notes.</param>
    /// <param name="rows">The rows of all files.</param>
    public DatasetPart Part(string name, IReadOnlyList<string> files, IEnumerable<DatasetRow> rows)
    {
        int? limit = name == DatasetPart.Training ? input.Limit : input.LimitOfOthers;
        List<TaskExample> examples = [];
        List<string> ids = [];
        Dictionary<string, (int Count, string First)> skipped = [];
        foreach (DatasetRow row in rows)
        {
            input.CancellationToken.ThrowIfCancellationRequested();
            string? reason = row.Skipped ?? (row.Example!.Label is not null && HasEmptyText(row.Example) ? EmptyText : null);
            if (reason is null)
            {
                examples.Add(row.Example!);
                if (row.Id is { } id)
                    ids.Add(id);
                if (examples.Count == limit)
                    break;
                continue;
            }

            (int count, string first) = skipped.GetValueOrDefault(reason, (0, row.Where));
            skipped[reason] = (count + 1, first);
        }

        if (examples.Count == 0)
            throw new InvalidDataException($"{files[0]}: there are no examples; {dataset.Name} has {dataset.Files}");
        return new DatasetPart(name, examples, files)
        {
            Ids = ids.Count == examples.Count ? ids : [],
            Notes = [.. skipped.Select(pair => string.Create(CultureInfo.InvariantCulture, $"{name}: {pair.Value.Count:N0} of {examples.Count + skipped.Values.Sum(s => s.Count):N0} rows {pair.Key} and are skipped, the first at {pair.Value.First}"))],
        };
    }

    private static bool HasEmptyText(TaskExample example) => example.Texts.Any(text => text?.Length == 0) || example.Choices.Any(choice => choice.Length == 0);
}
