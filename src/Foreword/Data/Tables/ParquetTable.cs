using System.Collections;
using System.Globalization;
using Parquet;
using Parquet.Serialization;

namespace Foreword.Data.Tables;

/// <summary>Apache Parquet, a row group at a time; a column is a field, or a path through structures and lists as in JSON Lines.</summary>
internal sealed class ParquetTable : ITableFormat
{
    public IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions options)
    {
        using Stream? copy = stream.CanSeek ? null : Copied(stream); // the directory of the file stands at its end
        Stream file = copy ?? stream;
        int groups = Checked(() => Groups(file), name);
        long number = 0;
        for (int group = 0; group < groups; group++)
        {
            foreach (IDictionary<string, object> row in Checked(() => Rows(file, group), name))
            {
                number++;
                yield return new TableRow(name, number, [.. columns.Select(column => Cell(row, column, $"{name}:{number}"))]);
            }
        }

        if (number == 0)
            throw new InvalidDataException($"{name}: the file is empty");
    }

    private static MemoryStream Copied(Stream stream)
    {
        MemoryStream copy = new();
        stream.CopyTo(copy);
        copy.Position = 0;
        return copy;
    }

    private static int Groups(Stream file) => Task.Run(async () =>
    {
        await using ParquetReader reader = await ParquetReader.CreateAsync(file, leaveStreamOpen: true).ConfigureAwait(false);
        return reader.RowGroupCount;
    }).GetAwaiter().GetResult();

    private static IEnumerable<IDictionary<string, object>> Rows(Stream file, int group) =>
        Task.Run(() => ParquetSerializer.DeserializeUntypedAsync(file, rowGroupIndex: group)).GetAwaiter().GetResult().Data;

    private static string[] Cell(IDictionary<string, object> row, string path, string where)
    {
        if (!row.ContainsKey(path) && TableColumns.IsNumber(path))
            path = row.Keys.ElementAt(TableColumns.Places([path], row.Count, where)[0]);
        if (row.TryGetValue(path, out object? whole))
            return [.. Texts(whole, path, where)];
        IEnumerable<object?> found = [row];
        foreach (string part in path.Split('.'))
            found = [.. found.SelectMany(value => Step(value, part.EndsWith("[]", StringComparison.Ordinal) ? part[..^2] : part, path, where))];
        return [.. found.SelectMany(value => Texts(value, path, where))];
    }

    private static IEnumerable<object?> Step(object? value, string field, string path, string where)
    {
        if (value is IDictionary<string, object> structure)
        {
            return structure.TryGetValue(field, out object? found)
                ? [found]
                : throw new InvalidDataException($"{where}: there is no column '{field}'; the columns are {string.Join(", ", structure.Keys)}{NearestName.Suggestion(field, structure.Keys)}");
        }

        return value is IEnumerable list and not string
            ? list.Cast<object?>().SelectMany(element => Step(element, field, path, where))
            : throw new InvalidDataException($"{where}: '{path}' looks for '{field}' in {value ?? "null"}");
    }

    private static IEnumerable<string> Texts(object? value, string path, string where) => value switch
    {
        string text => [text],
        ReadOnlyMemory<char> text => [text.ToString()], // how the library hands out texts within lists
        bool flag => [flag ? "true" : "false"],
        byte[] => throw new InvalidDataException($"{where}: '{path}' is binary; expected a text or a number"),
        IDictionary<string, object> or null => throw new InvalidDataException($"{where}: '{path}' is {(value is null ? "null" : "a structure")}; expected a text or a number"),
        IEnumerable list => list.Cast<object?>().SelectMany(element => Texts(element, path, where)),
        IFormattable number => [number.ToString(null, CultureInfo.InvariantCulture)],
        _ => throw new InvalidDataException($"{where}: '{path}' is {value.GetType().Name}; expected a text or a number"),
    };

    private static T Checked<T>(Func<T> read, string name)
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is not OutOfMemoryException) // the library throws whatever its parser meets
        {
            throw new InvalidDataException($"{name}: the file is not Parquet or is damaged ({problem.Message.TrimEnd('.')})", problem);
        }
    }
}
