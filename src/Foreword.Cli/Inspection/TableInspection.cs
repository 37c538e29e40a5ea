using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Tables;

namespace Foreword.Cli.Inspection;

/// <summary>Shows a table for <c>inspect</c>: its columns, rows, the counts of labels, and the first rows.</summary>
internal static class TableInspection
{
    /// <summary>Numbers of rows and values shown.</summary>
    private const int RowsShown = 3, ValuesShown = 10;

    /// <summary>Largest number of distinct values in a column of labels, and largest number of distinct values that are counted.</summary>
    private const int MostLabels = 200, MostCounted = 100_000;

    /// <summary>Largest number of terminal columns for the name of a table column.</summary>
    private const int NameWidth = 24;

    /// <summary>
    /// Returns whether a file is a table, by its name. A text file is a table if its first line contains a tab, and a JSON file if it begins as SQuAD's.
    /// </summary>
    public static bool IsTable(string path) => File.Exists(path) && TableReader.Knows(path)
        && (!path.EndsWith(".txt", StringComparison.OrdinalIgnoreCase) || File.ReadLines(path).FirstOrDefault()?.Contains('\t', StringComparison.Ordinal) == true)
        && (!path.EndsWith(".json", StringComparison.OrdinalIgnoreCase) || BeginsAsSquad(path));

    private static bool BeginsAsSquad(string path)
    {
        using StreamReader reader = new(path);
        char[] first = new char[4096];
        return first.AsSpan(0, reader.ReadBlock(first)).Contains("\"paragraphs\"", StringComparison.Ordinal);
    }

    /// <summary>Shows a table.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The columns to show; null shows all.</param>
    /// <param name="options">How the table is read.</param>
    /// <param name="most">Largest number of rows to read; null reads all.</param>
    /// <param name="json">Whether to print one JSON object instead of text.</param>
    /// <param name="terminal">The terminal to print on.</param>
    public static void Show(string path, string[]? columns, TableOptions options, int? most, bool json, Terminal terminal)
    {
        // A column may be given in the form that finetune accepts: with or without its role.
        string[] wanted = [.. (columns ?? []).Select(column => column[(column.IndexOf('=', StringComparison.Ordinal) + 1)..])];
        Contents contents = new();
        foreach (TableRow row in TableReader.Read(path, wanted, options with { KeepsFaultyRows = true, KeepsInput = columns is null }).Take(most ?? int.MaxValue))
            contents.Add(row, wanted);
        TableFormat format = TableReader.FormatOf(path, options);
        if (json)
            JsonOutput.WriteLine(terminal, writer => Write(writer, contents, format));
        else
            Print(terminal.Out, path, contents, format);
    }

    private static void Print(TextWriter output, string path, Contents contents, TableFormat format)
    {
        Wrapped($"{path}: {Name(format)}, {CountText.Of(contents.Rows, "row")}, {CountText.Of(contents.Columns.Count, "column")}");
        if (contents.Faults > 0)
            Wrapped(Invariant($"{contents.Faults:N0} of them cannot be read; the first: {contents.FirstFault}"));
        int width = Math.Clamp(contents.Columns.Select(column => column.Name.Length).Append(6).Max(), 6, NameWidth);
        Line($"  {"column".PadRight(width)} {"filled",11} {"distinct",11}  holds");
        foreach (Column column in contents.Columns)
            Line($"  {Padded(column.Name)} {column.Filled,11:N0} {(column.IsCounted ? column.Values.Count.ToString("N0", CultureInfo.InvariantCulture) : "many"),11}  {column.Kind}");
        foreach (Column column in contents.Columns.Where(column => column.IsLabel))
            PrintLabels(column);
        for (int i = 0; i < contents.First.Count; i++)
        {
            Line($"row {contents.First[i].Number}");
            foreach ((string name, string text) in contents.First[i].Fields)
                Line($"  {Padded(name)} {FittedText.Cut(text, FittedText.UsualWidth - width - 3)}");
        }

        void PrintLabels(Column column)
        {
            Wrapped(Invariant($"labels of {column.Name}"));
            KeyValuePair<string, long>[] frequent = [.. column.Values.OrderByDescending(value => value.Value).ThenBy(value => value.Key, StringComparer.Ordinal)];
            foreach ((string label, long count) in frequent.Take(ValuesShown))
                Line($"  {count,11:N0}  {100.0 * count / column.Filled,5:F1} %  {FittedText.Cut(label, FittedText.UsualWidth - 24)}");
            if (frequent.Length > ValuesShown)
                Line($"  and {frequent.Length - ValuesShown:N0} more, the rarest {(frequent[^1].Value == 1 ? "once" : $"{frequent[^1].Value:N0} times")}");
        }

        string Padded(string name) => FittedText.Cut(name, width).PadRight(width);

        void Line(FormattableString text) => output.WriteLine(Invariant(text).TrimEnd());

        void Wrapped(string text)
        {
            foreach (string line in FittedText.Wrap(text))
                output.WriteLine(line);
        }
    }

    private static void Write(Utf8JsonWriter writer, Contents contents, TableFormat format)
    {
        writer.WriteString("kind", "table");
        writer.WriteString("format", Name(format));
        writer.WriteNumber("rows", contents.Rows);
        writer.WriteNumber("faulty", contents.Faults);
        writer.WriteStartArray("columns");
        foreach (Column column in contents.Columns)
        {
            writer.WriteStartObject();
            writer.WriteString("name", column.Name);
            writer.WriteString("holds", column.Kind);
            writer.WriteNumber("filled", column.Filled);
            if (column.IsCounted)
                writer.WriteNumber("distinct", column.Values.Count);
            if (column.IsLabel)
                WriteLabels(writer, column);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("examples");
        foreach ((_, IReadOnlyList<KeyValuePair<string, string>> fields) in contents.First)
        {
            writer.WriteStartObject();
            foreach ((string name, string text) in fields)
                writer.WriteString(name, text);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteLabels(Utf8JsonWriter writer, Column column)
    {
        writer.WriteStartObject("labels");
        foreach ((string label, long count) in column.Values.OrderByDescending(value => value.Value).ThenBy(value => value.Key, StringComparer.Ordinal))
            writer.WriteNumber(label, count);
        writer.WriteEndObject();
    }

    private static string Name(TableFormat format) => format switch
    {
        TableFormat.Csv => "CSV",
        TableFormat.Tsv => "TSV",
        TableFormat.JsonLines => "JSON Lines",
        TableFormat.Parquet => "Parquet",
        TableFormat.Conll => "CoNLL",
        TableFormat.Squad => "SQuAD's JSON",
        _ => "COPA's XML",
    };

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    /// <summary>The contents read from a table.</summary>
    private sealed class Contents
    {
        private readonly Dictionary<string, Column> _byName = new(StringComparer.Ordinal);

        public long Rows { get; private set; }

        public long Faults { get; private set; }

        public string? FirstFault { get; private set; }

        public List<Column> Columns { get; } = [];

        public List<(long Number, IReadOnlyList<KeyValuePair<string, string>> Fields)> First { get; } = [];

        public void Add(TableRow row, string[] wanted)
        {
            Rows++;
            if (row.Fault is not null)
                (Faults, FirstFault) = (Faults + 1, FirstFault ?? row.Fault);
            KeyValuePair<string, string>[] fields = wanted.Length == 0 ? PredictionInput.Distinct(row.Input) : [.. wanted.Zip(row.Cells).Select(pair => KeyValuePair.Create(pair.First, string.Join(" | ", pair.Second)))];
            foreach ((string name, string text) in fields)
            {
                if (!_byName.TryGetValue(name, out Column? column))
                    Columns.Add(_byName[name] = column = new Column(name));
                column.Add(text);
            }

            if (First.Count < RowsShown)
                First.Add((row.Number, fields));
        }
    }

    /// <summary>The contents of a column.</summary>
    private sealed class Column(string name)
    {
        private long _words;
        private bool _hasTexts;

        public string Name => name;

        public long Filled { get; private set; }

        public Dictionary<string, long> Values { get; } = new(StringComparer.Ordinal);

        /// <summary>Gets whether the values are counted; false if there are too many distinct ones.</summary>
        public bool IsCounted { get; private set; } = true;

        /// <summary>Gets whether the column contains labels: few distinct values that occur repeatedly.</summary>
        public bool IsLabel => IsCounted && Values.Count is > 1 and <= MostLabels && Values.Count * 2 <= Filled;

        public string Kind => Filled == 0 ? "nothing"
            : _hasTexts ? Invariant($"texts of {(double)_words / Filled:F1} words on average")
            : "numbers";

        public void Add(string text)
        {
            if (string.IsNullOrWhiteSpace(text))
                return;
            Filled++;
            _words += text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
            _hasTexts |= !double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out _);
            if (!IsCounted)
                return;
            Values[text] = Values.GetValueOrDefault(text) + 1;
            if (Values.Count <= MostCounted)
                return;
            IsCounted = false;
            Values.Clear();
        }
    }
}
