using Foreword.Data.Decoding;
using Foreword.Settings;

namespace Foreword.Data.Tables;

/// <summary>
/// Rows of tables: CSV, TSV, JSON Lines, Parquet and COPA's XML, each also <c>.gz</c> and <c>.zst</c>. A column is a name, a number from 0, or in
/// JSON Lines a path such as <c>question.choices[].text</c>, in which <c>[]</c> goes into each element of an array. Several of these joined by
/// <c>+</c> (<c>Title+Description</c>) are read as one text, with a space between.
/// </summary>
public static class TableReader
{
    private static readonly (TableFormat Format, string[] Extensions, ITableFormat Reader)[] Formats =
    [
        (TableFormat.Csv, [".csv"], new DelimitedTable(',')),
        (TableFormat.Tsv, [".tsv", ".tab", ".txt"], new DelimitedTable('\t')),
        (TableFormat.JsonLines, [".jsonl", ".ndjson"], new JsonLinesTable()),
        (TableFormat.Parquet, [".parquet"], new ParquetTable()),
        (TableFormat.Copa, [".xml"], new CopaTable()),
    ];

    /// <summary>Streams the rows of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="columns">The wanted columns, in the order of the cells.</param>
    /// <param name="options">How it is read.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">The file is broken or lacks a column; file and row are named.</exception>
    /// <exception cref="ArgumentException">The file's name does not tell its format.</exception>
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

    /// <summary>The rows of an open stream.</summary>
    /// <param name="stream">The bytes; the caller disposes it.</param>
    /// <param name="name">What messages call it; its ending decides the format where the options do not.</param>
    /// <param name="columns">The wanted columns, in the order of the cells.</param>
    /// <param name="options">How it is read.</param>
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

    /// <summary>Whether a file's name tells its format.</summary>
    /// <param name="name">The file's name, with or without the ending of its compression.</param>
    public static bool Knows(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Formats.Any(format => format.Extensions.Contains(ExtensionOf(name), StringComparer.OrdinalIgnoreCase));
    }

    /// <summary>What a file is read as; never <see cref="TableFormat.Auto"/>.</summary>
    /// <param name="name">The file's name.</param>
    /// <param name="options">How it is read.</param>
    /// <exception cref="ArgumentException">The file's name does not tell its format.</exception>
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
        throw new ArgumentException($"{name}: the ending '{extension}' tells no table format; known are {string.Join(", ", Formats.SelectMany(f => f.Extensions))}, each also with {Compression.Endings}");
    }

    private static string ExtensionOf(string name) => Path.GetExtension(Compression.NameWithout(name));

    private static string Nearest(string path)
    {
        string directory = Path.GetDirectoryName(Path.GetFullPath(path))!;
        return Directory.Exists(directory) ? NearestName.Suggestion(Path.GetFileName(path), Directory.EnumerateFiles(directory).Select(file => Path.GetFileName(file)!)) : "";
    }
}

/// <summary>One format of tables; listed in <see cref="TableReader"/>.</summary>
internal interface ITableFormat
{
    /// <summary>The rows of an uncompressed stream. Errors are <see cref="InvalidDataException"/>s that name file and row.</summary>
    IEnumerable<TableRow> Read(Stream stream, string name, IReadOnlyList<string> columns, TableOptions options);
}
