using System.Text;
using Sylvan.Data.Csv;

namespace Foreword.Data.Tables;

/// <summary>CSV and TSV (RFC 4180), or lines of fields where quotes mean nothing. Blank lines are passed over where rows have several fields.</summary>
internal sealed class DelimitedTable(char delimiter) : ITableFormat
{
    private const int LargestRecord = 1 << 26;

    public IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions options)
    {
        using StreamReader reader = new(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16, leaveOpen: true);
        bool hasHeader = options.Header ?? !columns.All(TableColumns.IsNumber);
        int[]? places = null;
        int width = 0;
        foreach ((long line, string[] fields) in options.Quoting ? Quoted(reader, name) : Lines(reader))
        {
            if (places is null)
            {
                places = hasHeader ? TableColumns.Places(columns, fields, name) : TableColumns.Places(columns, fields.Length, name);
                width = fields.Length;
                if (hasHeader)
                    continue;
            }

            // Without a header no one said how many fields there are: notes at the end of some rows are theirs.
            if (hasHeader ? fields.Length != width : fields.Length <= places.Max())
                throw new InvalidDataException($"{name}:{line}: the row has {Count(fields.Length)}; expected {(hasHeader ? width : $"at least {places.Max() + 1}")}, as the {(hasHeader ? "header has" : "columns ask for")}");
            yield return new TableRow(name, line, [.. places.Select(place => new[] { fields[place] })]);
        }

        if (places is null)
            throw new InvalidDataException($"{name}: the file is empty");
    }

    private static string Count(int fields) => fields == 1 ? "1 field" : $"{fields} fields";

    /// <summary>The records with the lines on which they begin; a quoted field may hold line breaks.</summary>
    private IEnumerable<(long Line, string[] Fields)> Quoted(StreamReader reader, string name)
    {
        using CsvDataReader csv = Checked(() => CsvDataReader.Create(reader, new CsvDataReaderOptions
        {
            HasHeaders = false, // the header is a row like the others, so that its line is counted
            Delimiter = delimiter,
            MaxBufferSize = LargestRecord,
            OwnsReader = false,
        }), name, 1);
        long line = 1;
        int width = 0;
        List<long> blank = [];
        while (Checked(csv.Read, name, line))
        {
            string[] fields = [.. Enumerable.Range(0, csv.RowFieldCount).Select(csv.GetString)];
            if (fields is [""])
            {
                blank.Add(line);
            }
            else
            {
                width = width == 0 ? fields.Length : width;
                foreach (long row in width == 1 ? blank : []) // of a single column an empty line is a row, unless the file ends with it
                    yield return (row, [""]);
                blank.Clear();
                yield return (line, fields);
            }

            line += 1 + fields.Sum(field => field.Count(c => c == '\n'));
        }
    }

    private IEnumerable<(long Line, string[] Fields)> Lines(StreamReader reader)
    {
        StringBuilder text = new();
        long line = 1;
        for (int c = reader.Read(); c >= 0; c = reader.Read())
        {
            if (c != '\n')
            {
                text.Append((char)c);
                continue;
            }

            if (Fields() is { } fields)
                yield return (line, fields);
            text.Clear();
            line++;
        }

        if (Fields() is { } last)
            yield return (line, last);

        string[]? Fields()
        {
            if (text.Length > 0 && text[^1] == '\r')
                text.Length--;
            return text.Length == 0 ? null : text.ToString().Split(delimiter);
        }
    }

    private static T Checked<T>(Func<T> read, string name, long line)
    {
        try
        {
            return read();
        }
        catch (CsvRecordTooLargeException problem)
        {
            throw new InvalidDataException($"{name}:{line}: the row is longer than {LargestRecord >> 20} M characters; a quote is not closed (where quotes are no quotes, switch them off with data.quoting=false)", problem);
        }
        catch (CsvFormatException problem)
        {
            throw new InvalidDataException($"{name}:{line}: the row is not CSV: {problem.Message.TrimEnd('.')} (where quotes are no quotes, switch them off with data.quoting=false)", problem);
        }
    }
}
