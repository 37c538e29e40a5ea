using System.Globalization;
using System.Text;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foreword.Data.Tables;

/// <summary>
/// Reads CSV and TSV (RFC 4180), or lines whose quotes are ordinary characters. Blank lines are skipped if rows have several fields.
/// </summary>
internal sealed class DelimitedTable(char usual) : ITableFormat
{
    private const char Tab = '\t';

    /// <summary>Characters that separate fields in such files.</summary>
    private static readonly char[] Delimiters = [',', ';', Tab, '|'];

    public IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions options)
    {
        using StreamReader reader = new(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16, leaveOpen: true);
        char delimiter = options.Delimiter ?? usual;
        bool quoting = options.Quoting ?? delimiter != Tab;
        IEnumerable<DelimitedRecord> records = DelimitedRecords.WithoutBlankLines(quoting ? DelimitedRecords.Quoted(reader, delimiter, name) : DelimitedRecords.Unquoted(reader, delimiter, name));
        QuotesSeen quotes = new(name, quoting);
        try
        {
            foreach (TableRow row in Rows(records, name, columns, options, delimiter, quotes))
                yield return row;
        }
        finally
        {
            if (options.Quoting is null && quotes.Warning is { } warning)
                DataLog.QuotesDoubted(options.Logger, warning);
        }
    }

    private static IEnumerable<TableRow> Rows(IEnumerable<DelimitedRecord> records, string name, IReadOnlyList<string> columns, TableOptions options, char delimiter, QuotesSeen quotes)
    {
        using IEnumerator<DelimitedRecord> all = records.GetEnumerator();
        List<DelimitedRecord> head = [];
        bool hasHeader = options.Header ?? (columns.Any(column => !TableColumns.IsNumber(column)) || FirstRowIsHeader(all, head, name, columns.Count > 0 ? options.Logger : NullLogger.Instance)); // if no columns are requested, the caller shows the names, so a warning is not needed
        Layout? layout = null;
        foreach (DelimitedRecord record in head.Concat(Rest(all)))
        {
            if (hasHeader && layout is null && record.IsBlank)
                continue;
            quotes.Look(record);
            if (layout is null)
            {
                layout = new Layout(record.Fields, hasHeader, columns, delimiter, name);
                if (hasHeader)
                    continue;
            }

            yield return layout.Row(record, options.KeepsInput);
        }

        if (layout is null)
            throw new InvalidDataException($"{name}: the file is empty");
    }

    private static IEnumerable<DelimitedRecord> Rest(IEnumerator<DelimitedRecord> records)
    {
        while (records.MoveNext())
            yield return records.Current;
    }

    /// <summary>Guesses from the first rows whether there is a header. The rows that were read are stored in <paramref name="head"/>.</summary>
    private static bool FirstRowIsHeader(IEnumerator<DelimitedRecord> records, List<DelimitedRecord> head, string name, ILogger logger)
    {
        while (head.Count <= HeaderGuess.SampleSize && records.MoveNext())
            head.Add(records.Current);
        if (head.Count == 0 || !HeaderGuess.IsHeader(head[0].Fields, [.. head.Skip(1).Select(record => record.Fields)]))
            return false;
        DataLog.HeaderGuessed(logger, name, string.Join(", ", head[0].Fields));
        return true;
    }

    /// <summary>The positions of the requested columns, which follow from the first row.</summary>
    private sealed class Layout
    {
        private readonly int[][] _places;
        private readonly string[] _names;
        private readonly bool _hasHeader;
        private readonly char _delimiter;
        private readonly string _file;

        public Layout(string[] first, bool hasHeader, IReadOnlyList<string> columns, char delimiter, string file)
        {
            (_hasHeader, _delimiter, _file) = (hasHeader, delimiter, file);
            _names = hasHeader ? first : [.. Enumerable.Range(0, first.Length).Select(i => i.ToString(CultureInfo.InvariantCulture))];
            try
            {
                _places = hasHeader ? TableColumns.Places(columns, first, file) : TableColumns.Places(columns, first.Length, file);
            }
            catch (InvalidDataException problem) when (OtherDelimiter(first) is { } other)
            {
                throw new InvalidDataException($"{problem.Message}; is the delimiter {Name(other)} (in a recipe, data.delimiter)?", problem);
            }
        }

        public TableRow Row(DelimitedRecord record, bool keepsInput)
        {
            string[] fields = record.Fields;
            return new TableRow(_file, record.Line, [.. _places.Select(places => places.All(place => place < fields.Length) ? new[] { TableColumns.Join([.. places.Select(place => fields[place])]) } : [])])
            {
                Fault = Fault(fields) is { } fault ? $"{_file}:{record.Line}: {fault}" : null,
                Input = keepsInput ? [.. fields.Select((field, i) => KeyValuePair.Create(i < _names.Length ? _names[i] : i.ToString(CultureInfo.InvariantCulture), field))] : [],
            };
        }

        /// <summary>
        /// Describes what is wrong with the number of fields; null if it is valid. An additional or missing empty field at the end is valid, because
        /// some programs write a delimiter after each field.
        /// </summary>
        private string? Fault(string[] fields)
        {
            int width = _names.Length, least = _places.Length == 0 ? 0 : 1 + _places.Max(places => places.Max());
            bool fits = fields.Length == width || (fields.Length == width + 1 && fields[^1].Length == 0) || (fields.Length == width - 1 && _hasHeader && _names[^1].Length == 0);
            if (_hasHeader)
                return fits ? null : $"the row has {Count(fields.Length)}; expected {width}, as in the header";
            if (fields.Length < least)
                return $"the row has {Count(fields.Length)}; expected at least {least} for the requested columns";

            // In tab-separated files, additional notes at the end of some rows are common. A comma, however, may belong to a text.
            return fits || fields.Length < width || _delimiter == Tab ? null
                : $"the row has {Count(fields.Length)}; expected {width}, as in the first row (a text that contains {Name(_delimiter)} must be in quotes)";
        }

        /// <summary>Returns the probable delimiter of a first row that has a single field; null if there is none.</summary>
        private char? OtherDelimiter(string[] first) =>
            first is [var only] && Delimiters.Where(other => other != _delimiter && only.Contains(other, StringComparison.Ordinal)).ToArray() is [var found, ..] ? found : null;

        private static string Count(int fields) => fields == 1 ? "1 field" : $"{fields} fields";

        private static string Name(char delimiter) => delimiter == Tab ? "a tab" : $"'{delimiter}'";
    }

    /// <summary>Records the effect of quotes if the options do not specify whether quotes enclose fields.</summary>
    private sealed class QuotesSeen(string file, bool quoting)
    {
        private long _count, _line;
        private int _longest = 1;

        public string? Warning => _count == 0 ? null
            : quoting ? $"{file}: {Rows} a quoted field over several lines, {(_count == 1 ? "" : "the longest ")}from line {_line} to {_line + _longest - 1}; if quotes are ordinary characters, turn quoting off (in a recipe, data.quoting: false)"
            : $"{file}: {Rows} a field in quotes, the first in line {_line}; between tabs, quotes are ordinary characters; if they enclose the field, turn quoting on (in a recipe, data.quoting: true)";

        private string Rows => _count == 1 ? "1 row has" : string.Create(CultureInfo.InvariantCulture, $"{_count:N0} rows have");

        public void Look(DelimitedRecord record)
        {
            if (quoting ? record.Lines == 1 : !Array.Exists(record.Fields, StandsInQuotes))
                return;
            if (_count++ == 0 || record.Lines > _longest)
                (_line, _longest) = (record.Line, record.Lines);
        }

        /// <summary>Returns whether RFC 4180 would read the field as quoted: it is in quotes, and quotes within it are doubled.</summary>
        private static bool StandsInQuotes(string field) =>
            field is ['"', .., '"'] && field.Length > 2 && !field[1..^1].Replace("\"\"", "", StringComparison.Ordinal).Contains('"', StringComparison.Ordinal);
    }
}
