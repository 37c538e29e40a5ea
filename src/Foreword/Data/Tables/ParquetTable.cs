using Parquet;

namespace Foreword.Data.Tables;

/// <summary>Apache Parquet, a row group of the wanted columns at a time; a column is a field, or a path through structures and lists as in JSON Lines.</summary>
internal sealed class ParquetTable : ITableFormat
{
    public IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions options)
    {
        using Stream? copy = stream.CanSeek ? null : Copied(stream); // the directory of the file stands at its end
        ParquetReader reader = Checked(() => Wait(() => ParquetReader.CreateAsync(copy ?? stream, leaveStreamOpen: true)), name);
        try
        {
            ParquetColumn[]? wanted = null;
            long number = 0;
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                using ParquetRowGroupReader rows = Checked(() => reader.OpenRowGroupReader(group), name);
                wanted ??= rows.RowCount == 0 ? null : [.. columns.Select(column => ParquetColumn.Find(reader.Schema, column, $"{name}:1"))];
                ParquetCells[] cells = Checked(() => Wait(() => ReadAsync(wanted ?? [], rows)), name);
                for (long row = 0; row < rows.RowCount; row++)
                {
                    number++;
                    yield return new TableRow(name, number, [.. cells.Select(column => column.Next($"{name}:{number}"))]);
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

    /// <summary>One column after the other: they share the stream.</summary>
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
        catch (Exception problem) when (problem is not OutOfMemoryException) // the library throws whatever its parser meets
        {
            throw new InvalidDataException($"{name}: the file is not Parquet or is damaged ({problem.Message.TrimEnd('.')})", problem);
        }
    }
}
