using Parquet;
using Parquet.Schema;

namespace Foreword.Data.Tables;

/// <summary>
/// Reads Apache Parquet, one row group of the requested columns at a time. A column is a field, or a path through structures and lists as in JSON
/// Lines.
/// </summary>
internal sealed class ParquetTable : ITableFormat
{
    public IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions options)
    {
        using Stream? copy = stream.CanSeek ? null : Copied(stream); // the metadata of the file is stored at its end
        ParquetReader reader = Checked(() => Wait(() => ParquetReader.CreateAsync(copy ?? stream, leaveStreamOpen: true)), name);
        try
        {
            ParquetColumn[][]? wanted = null;
            ParquetColumn[] whole = options.KeepsInput ? [.. ParquetColumn.All(reader.Schema)] : [];
            long number = 0;
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                using ParquetRowGroupReader rows = Checked(() => reader.OpenRowGroupReader(group), name);
                wanted ??= rows.RowCount == 0 ? null : [.. columns.Select(column => Find(reader.Schema, column, $"{name}:1"))];
                ParquetCells[][] cells = [.. (wanted ?? []).Select(joined => Cells(joined, rows, name))];
                ParquetCells[] input = Cells(whole, rows, name);
                for (long row = 0; row < rows.RowCount; row++)
                {
                    number++;
                    yield return Row(cells, name, number) with { Input = [.. input.Select(column => KeyValuePair.Create(column.Name, string.Join(", ", column.Next($"{name}:{number}").Texts)))] };
                }
            }

            if (number == 0)
                throw new InvalidDataException($"{name}: the file is empty");
        }
        finally
        {
            Task.Run(() => reader.DisposeAsync().AsTask()).GetAwaiter().GetResult();
        }
    }

    /// <summary>Finds the column with the given name, or the columns that it joins.</summary>
    private static ParquetColumn[] Find(ParquetSchema schema, string column, string where) => TableColumns.Parts(column) is { Length: > 1 } parts && schema.Fields.All(field => field.Name != column)
        ? [.. parts.Select(part => ParquetColumn.Find(schema, part, where))]
        : [ParquetColumn.Find(schema, column, where)];

    private static TableRow Row(ParquetCells[][] cells, string name, long number)
    {
        string where = $"{name}:{number}";
        string? fault = null;
        return new TableRow(name, number, [.. cells.Select(joined => joined is [var only] ? Texts(only) : OneText(joined))]) { Fault = fault };

        IReadOnlyList<string> Texts(ParquetCells column)
        {
            (IReadOnlyList<string> texts, bool hasNull) = column.Next(where);
            if (!hasNull)
                return texts;
            fault ??= $"{where}: '{column.Name}' is null; expected a text or a number";
            return [];
        }

        IReadOnlyList<string> OneText(ParquetCells[] joined)
        {
            IReadOnlyList<string>[] parts = [.. joined.Select(Texts)]; // reads all of them, so that each moves to the next row
            if (parts.Any(part => part.Count == 0))
                return [];
            try
            {
                return [TableColumns.Join([.. parts.Select((part, i) => TableColumns.One(part, joined[i].Name, where))])];
            }
            catch (InvalidDataException problem)
            {
                fault ??= problem.Message;
                return [];
            }
        }
    }

    private static ParquetCells[] Cells(ParquetColumn[] columns, ParquetRowGroupReader rows, string name) => Checked(() => Wait(() => ReadAsync(columns, rows)), name);

    /// <summary>Reads one column after the other, because they share the stream.</summary>
    private static async Task<ParquetCells[]> ReadAsync(ParquetColumn[] columns, ParquetRowGroupReader rows)
    {
        ParquetCells[] cells = new ParquetCells[columns.Length];
        for (int i = 0; i < cells.Length; i++)
            cells[i] = await columns[i].ReadAsync(rows).ConfigureAwait(false);
        return cells;
    }

    private static MemoryStream Copied(Stream stream)
    {
        MemoryStream copy = new();
        stream.CopyTo(copy);
        copy.Position = 0;
        return copy;
    }

    private static T Wait<T>(Func<Task<T>> work) => Task.Run(work).GetAwaiter().GetResult();

    private static T Checked<T>(Func<T> read, string name)
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is not OutOfMemoryException) // the library may throw any exception that its parser causes
        {
            throw new InvalidDataException($"{name}: the file is not Parquet or is damaged ({problem.Message.TrimEnd('.')})", problem);
        }
    }
}
