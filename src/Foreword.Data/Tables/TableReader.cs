using Foreword.Data.Decoding;
using Foreword.Settings;

namespace Foreword.Data.Tables;

/// <summary>
/// Reads rows of tables: CSV, TSV, JSON Lines, Parquet, COPA's XML, the layout of CoNLL and SQuAD's JSON, each also compressed as <c>.gz</c> or <c>.zst</c>.
/// </summary>
/// <remarks>
/// A column is a name or a number from 0. In JSON Lines and Parquet it may also be a path such as <c>question.choices[].text</c>, where <c>[]</c>
/// stands for each element of an array. Several columns joined by <c>+</c> (<c>Title+Description</c>) are read as one text, with a space between.
/// </remarks>
public static class TableReader
{
    private static readonly (TableFormat Format, string[] Extensions, ITableFormat Reader)[] Formats =
    [
        (TableFormat.Csv, [".csv"], new DelimitedTable(',')),
        (TableFormat.Tsv, [".tsv", ".tab", ".txt"], new DelimitedTable('\t')),
        (TableFormat.JsonLines, [".jsonl", ".ndjson"], new JsonLinesTable()),
        (TableFormat.Parquet, [".parquet"], new ParquetTable()),
        (TableFormat.Copa, [".xml"], new CopaTable()),
        (TableFormat.Conll, [".conll", ".bio", ".iob"], new ConllTable()),
        (TableFormat.Squad, [".json"], new SquadTable()),
    ];

    /// <summary>Streams the rows of a file.</summary>
    /// <param name="path">The path of the file.</param>
    /// <param name="columns">The requested columns, in the order of the cells.</param>
    /// <param name="options">The options for reading the file; null uses the defaults.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is malformed or lacks a column. The message names file and row.</exception>
    /// <exception cref="ArgumentException">The format cannot be derived from the file name.</exception>
    public static IEnumerable<TableRow> Read(string path, IReadOnlyList<string> columns, TableOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        if (Directory.Exists(path))
            throw new InvalidDataException($"{path} is a directory; expected a table file");
        if (!File.Exists(path))
            throw new FileNotFoundException($"there is no file {path}{Nearest(path)}", path);
        return ReadFile();

        IEnumerable<TableRow> ReadFile()
        {
            using FileStream file = File.OpenRead(path);
            foreach (TableRow row in Read(file, path, columns, options))
                yield return row;
        }
    }

    /// <summary>Streams the rows of an open stream.</summary>
    /// <param name="stream">The bytes. The caller disposes the stream.</param>
    /// <param name="name">The name of the stream in messages. Its extension decides the format if the options do not.</param>
    /// <param name="columns">The requested columns, in the order of the cells.</param>
    /// <param name="options">The options for reading the stream; null uses the defaults.</param>
    /// <inheritdoc cref="Read(string, IReadOnlyList{string}, TableOptions)" path="/exception"/>
    public static IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(columns);
        options ??= new TableOptions();
        using Stream? decompressed = Compression.Open(stream, name);
        foreach (TableRow row in Compression.Named(Known(name, options).Reader.Read(decompressed ?? stream, name, columns, options), name))
            yield return row.Fault is null || options.KeepsFaultyRows ? row : throw new InvalidDataException(row.Fault);
    }

    /// <summary>Returns whether the format of a file can be derived from its name.</summary>
    /// <param name="name">The file name, with or without the extension of its compression.</param>
    public static bool Knows(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Formats.Any(format => format.Extensions.Contains(ExtensionOf(name), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>Returns the format in which a file is read; never <see cref="TableFormat.Auto"/>.</summary>
    /// <param name="name">The file name.</param>
    /// <param name="options">The options for reading the file.</param>
    /// <exception cref="ArgumentException">The format cannot be derived from the file name.</exception>
    public static TableFormat FormatOf(string name, TableOptions options)
    {
        ArgumentNullException.ThrowIfNull(name);
        ArgumentNullException.ThrowIfNull(options);
        return Known(name, options).Format;
    }

    private static (TableFormat Format, ITableFormat Reader) Known(string name, TableOptions options)
    {
        string extension = ExtensionOf(name);
        foreach ((TableFormat format, string[] extensions, ITableFormat reader) in Formats)
        {
            if (options.Format == format || (options.Format == TableFormat.Auto && extensions.Contains(extension, StringComparer.OrdinalIgnoreCase)))
                return (format, reader);
        }

        if (options.Delimiter is { } delimiter)
            return (TableFormat.Csv, new DelimitedTable(delimiter));
        throw new ArgumentException($"{name}: the extension '{extension}' is not a known table format; supported: {string.Join(", ", Formats.SelectMany(f => f.Extensions))}, each also with {Compression.Endings}", nameof(name));
    }

    private static string ExtensionOf(string name) => Path.GetExtension(Compression.NameWithout(name));

    private static string Nearest(string path)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Directory.Exists(directory) ? NearestName.Suggestion(Path.GetFileName(path), Directory.EnumerateFiles(directory).Select(file => Path.GetFileName(file)!)) : "";
    }
}

/// <summary>Reads one format of tables. Formats are listed in <see cref="TableReader"/>.</summary>
internal interface ITableFormat
{
    /// <summary>Reads the rows of an uncompressed stream. Errors are <see cref="InvalidDataException"/>s that name file and row.</summary>
    IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions options);
}
