using Foreword.Data.Tables;
using Parquet;
using Parquet.Schema;

namespace Foreword.Data.Reading.Formats;

/// <summary>
/// Reads Apache Parquet, one row group at a time. Each row is a document, in the column with the given name, and no other column is read. Nulls and
/// empty texts are skipped.
/// </summary>
internal sealed class ParquetFormat : IDocumentFormat
{
    public IReadOnlyList<string> Extensions { get; } = [".parquet"];

    public bool IsText => false;

    public IEnumerable<TextChunk> Read(Stream stream, string path, string textField)
    {
        using Stream? copy = stream.CanSeek ? null : Copied(stream); // Parquet's metadata is at the end of the file
        using Column column = Checked(() => Column.Open(copy ?? stream, path, textField), path);
        for (int group = 0; group < column.Groups; group++)
        {
            foreach (string? text in Checked(() => column.Read(group), path))
            {
                if (!string.IsNullOrEmpty(text))
                    yield return new TextChunk(text, EndsDocument: true);
            }
        }
    }

    private static MemoryStream Copied(Stream stream)
    {
        MemoryStream copy = new();
        stream.CopyTo(copy);
        copy.Position = 0;
        return copy;
    }

    private static T Checked<T>(Func<T> read, string path)
    {
        try
        {
            return read();
        }
        catch (Exception problem) when (problem is not (OutOfMemoryException or InvalidDataException)) // the library throws exceptions of many types
        {
            throw new InvalidDataException($"{path}: the file is not Parquet or is damaged ({problem.Message.TrimEnd('.')})", problem);
        }
    }

    /// <summary>One text column of an open file.</summary>
    private sealed class Column(ParquetReader reader, DataField field) : IDisposable
    {
        public int Groups => reader.RowGroupCount;

        public static Column Open(Stream file, string path, string name)
        {
            ParquetReader reader = Task.Run(() => ParquetReader.CreateAsync(file, leaveStreamOpen: true)).GetAwaiter().GetResult();
            DataField[] fields = reader.Schema.GetDataFields();
            DataField? field = fields.FirstOrDefault(column => column.Path.ToString() == name);
            if (field is not null && (field.ClrType == typeof(string) || field.ClrType == typeof(ReadOnlyMemory<char>)))
                return new Column(reader, field);
            Task.Run(() => reader.DisposeAsync().AsTask()).GetAwaiter().GetResult();
            string[] names = [.. fields.Select(column => column.Path.ToString())];
            throw field is null ? MissingColumnException.Named(path, name, names) : new InvalidDataException($"{path}: column '{name}' holds {field.ClrType.Name}, not text");
        }

        public string?[] Read(int group) => Task.Run(async () =>
        {
            using ParquetRowGroupReader rows = reader.OpenRowGroupReader(group);
            string?[] texts = new string?[rows.RowCount];
            await rows.ReadAsync(field, texts.AsMemory()!).ConfigureAwait(false);
            return texts;
        }).GetAwaiter().GetResult();

        public void Dispose() => Task.Run(() => reader.DisposeAsync().AsTask()).GetAwaiter().GetResult();
    }
}
