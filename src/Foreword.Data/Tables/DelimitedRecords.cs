using System.Text;
using Sylvan.Data.Csv;

namespace Foreword.Data.Tables;

/// <summary>A record of CSV or TSV.</summary>
/// <param name="Line">The line on which the record begins, from 1.</param>
/// <param name="Fields">The fields of the record.</param>
/// <param name="IsBlank">Whether the line is completely empty, without even quotes.</param>
/// <param name="Lines">The number of lines of the record; more than 1 if a quoted field contains line breaks.</param>
internal sealed record DelimitedRecord(long Line, string[] Fields, bool IsBlank, int Lines = 1);

/// <summary>Reads the records of CSV and TSV, including blank lines.</summary>
internal static class DelimitedRecords
{
    private const int LargestRecord = 1 << 26;

    private const string SwitchOff = "if quotes are ordinary characters, turn quoting off; in a recipe, data.quoting: false";

    /// <summary>Reads records according to RFC 4180. A quoted field may contain line breaks.</summary>
    /// <exception cref="InvalidDataException">A quote is not closed, or text follows a closing quote.</exception>
    public static IEnumerable<DelimitedRecord> Quoted(StreamReader reader, char delimiter, string name)
    {
        using CsvDataReader csv = Checked(() => CsvDataReader.Create(reader, new CsvDataReaderOptions
        {
            HasHeaders = false, // the header is read as a row, so that its line is counted
            Delimiter = delimiter,
            Comment = '\uFFFF', // a character that no text contains: by default, rows that begin with # are skipped
            MaxBufferSize = LargestRecord,
            OwnsReader = false,
        }), name, 1);
        long line = 1;
        while (Checked(csv.Read, name, line))
        {
            string[] fields = [.. Enumerable.Range(0, csv.RowFieldCount).Select(csv.GetString)];
            ReadOnlySpan<char> raw = csv.GetRawRecordSpan();
            int lines = Math.Max(1, LineBreaks(raw) + (raw is [.., '\r' or '\n'] ? 0 : 1)); // the last line may have no line break
            yield return new DelimitedRecord(line, fields, raw.Trim("\r\n").IsEmpty, lines);
            line += lines;
        }
    }

    /// <summary>
    /// Reads lines whose quotes are ordinary characters. Only a line feed ends a line, with or without a carriage return before it, because texts may
    /// contain other line breaks. In a file without any line feed, a carriage return ends a line.
    /// </summary>
    /// <exception cref="InvalidDataException">A line is too long.</exception>
    public static IEnumerable<DelimitedRecord> Unquoted(StreamReader reader, char delimiter, string name)
    {
        StringBuilder text = new();
        long line = 1;
        for (int c = reader.Read(); c >= 0; c = reader.Read())
        {
            if (c == '\n')
            {
                yield return Record(text.ToString());
                text.Clear();
            }
            else
            {
                text.Append((char)c);
                if (text.Length > LargestRecord)
                    throw new InvalidDataException($"{name}:{line}: the line is longer than {LargestRecord >> 20} M characters");
            }
        }

        if (text.Length == 0)
            yield break;
        foreach (string last in line == 1 ? text.ToString().TrimEnd('\r').Split('\r') : [text.ToString()])
            yield return Record(last);

        DelimitedRecord Record(string whole)
        {
            string content = whole.EndsWith('\r') ? whole[..^1] : whole;
            return new DelimitedRecord(line++, content.Split(delimiter), content.Length == 0);
        }
    }

    /// <summary>Skips blank lines. If rows have a single field, an empty line is a row, except at the end of the file.</summary>
    public static IEnumerable<DelimitedRecord> WithoutBlankLines(IEnumerable<DelimitedRecord> records)
    {
        int width = 0;
        List<DelimitedRecord> blank = [];
        foreach (DelimitedRecord record in records)
        {
            if (record.IsBlank)
            {
                if (width <= 1)
                    blank.Add(record);
                continue;
            }

            width = width == 0 ? record.Fields.Length : width;
            if (width == 1)
            {
                foreach (DelimitedRecord empty in blank)
                    yield return empty;
            }

            blank.Clear();
            yield return record;
        }
    }

    private static int LineBreaks(ReadOnlySpan<char> raw)
    {
        int breaks = 0;
        for (int i = 0; i < raw.Length; i++)
        {
            if (raw[i] == '\n' || (raw[i] == '\r' && (i + 1 == raw.Length || raw[i + 1] != '\n')))
                breaks++;
        }

        return breaks;
    }

    private static T Checked<T>(Func<T> read, string name, long line)
    {
        try
        {
            return read();
        }
        catch (CsvRecordTooLargeException problem)
        {
            throw new InvalidDataException($"{name}:{line}: the row is longer than {LargestRecord >> 20} M characters; a quote is not closed ({SwitchOff})", problem);
        }
        catch (CsvFormatException problem)
        {
            throw new InvalidDataException($"{name}:{line}: the row is not CSV: {problem.Message.TrimEnd('.')} ({SwitchOff})", problem);
        }
    }
}
