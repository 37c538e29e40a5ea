using System.Globalization;
using System.Text;
using Foreword.Settings;

namespace Foreword.Data.Tables;

/// <summary>
/// Reads the layout of the shared tasks of CoNLL: a word with its columns on each line, which spaces or tabs separate, and a blank line between
/// sentences. A row is a sentence. Its column <c>text</c> is the first column of the lines, <c>label</c> is the last one, and a number from 0 is any
/// one, each with a space between the words. A line that begins with <c>-DOCSTART-</c> parts documents and is no sentence.
/// </summary>
internal sealed class ConllTable : ITableFormat
{
    private const string DocumentStart = "-DOCSTART-", Text = "text", Label = "label";

    public IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions options)
    {
        using StreamReader reader = new(stream, new UTF8Encoding(false, throwOnInvalidBytes: true), detectEncodingFromByteOrderMarks: true, bufferSize: 1 << 16, leaveOpen: true);
        List<string[]> sentence = [];
        long number = 0, first = 0;
        int width = 0;
        bool any = false;
        for (string? line; (line = ReadLine(reader, name, number + 1)) is not null;)
        {
            number++;
            string[] fields = line.Split((char[])[' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (fields.Length > 0 && fields[0] != DocumentStart)
            {
                if (sentence.Count == 0)
                    first = number;
                width = width == 0 ? fields.Length : width;
                sentence.Add(fields.Length == width ? fields : throw new InvalidDataException($"{name}:{number}: the line has {fields.Length} {(fields.Length == 1 ? "column" : "columns")}; the first word has {width}"));
            }
            else if (sentence.Count > 0)
            {
                any = true;
                yield return Row(sentence, name, first, columns, options.KeepsInput);
                sentence = [];
            }
        }

        if (sentence.Count > 0)
            yield return Row(sentence, name, first, columns, options.KeepsInput);
        else if (!any)
            throw new InvalidDataException($"{name}: there are no words");
    }

    private static string? ReadLine(StreamReader reader, string name, long number)
    {
        try
        {
            return reader.ReadLine();
        }
        catch (DecoderFallbackException problem)
        {
            throw new InvalidDataException($"{name}:{number}: the bytes are not UTF-8", problem);
        }
    }

    private static TableRow Row(List<string[]> sentence, string name, long number, IReadOnlyList<string> columns, bool keepsInput)
    {
        int width = sentence[0].Length;
        return new TableRow(name, number, [.. columns.Select(column => new[] { Column(Place(column)) })])
        {
            Input = keepsInput ? [.. Enumerable.Range(0, width).Select(place => KeyValuePair.Create(place == 0 ? Text : place == width - 1 ? Label : place.ToString(CultureInfo.InvariantCulture), Column(place)))] : [],
        };

        string Column(int place) => string.Join(' ', sentence.Select(fields => fields[place]));

        int Place(string column)
        {
            if (column == Text)
                return 0;
            if (column == Label)
                return width > 1 ? width - 1 : throw MissingColumnException.Of($"{name}:{number}: the words have no label; expected at least 2 columns");
            return int.TryParse(column, NumberStyles.None, CultureInfo.InvariantCulture, out int place) && place < width
                ? place
                : throw MissingColumnException.Of($"{name}:{number}: there is no column '{column}'; the columns are {Text}, {Label} and 0 to {width - 1}{NearestName.Suggestion(column, [Text, Label])}");
        }
    }
}
