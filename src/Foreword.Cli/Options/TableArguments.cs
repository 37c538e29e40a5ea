using System.CommandLine;
using System.Globalization;
using Foreword.Data.Tables;
using Foreword.Tasks;
using Microsoft.Extensions.Logging;

namespace Foreword.Cli.Options;

/// <summary>The options of every command that reads tables of examples: the format of the files and the meaning of their columns.</summary>
internal sealed class TableArguments
{
    private const string Yes = "yes", No = "no", Auto = "auto";

    /// <summary>The values of <c>--format</c>, including other common names.</summary>
    private static readonly Dictionary<string, TableFormat> Formats = new(StringComparer.OrdinalIgnoreCase)
    {
        [Auto] = TableFormat.Auto,
        ["csv"] = TableFormat.Csv,
        ["tsv"] = TableFormat.Tsv,
        ["jsonl"] = TableFormat.JsonLines,
        ["parquet"] = TableFormat.Parquet,
        ["copa"] = TableFormat.Copa,
        ["conll"] = TableFormat.Conll,
        ["squad"] = TableFormat.Squad,
        ["jsonlines"] = TableFormat.JsonLines,
        ["json_lines"] = TableFormat.JsonLines,
        ["ndjson"] = TableFormat.JsonLines,
    };

    private static readonly string[] FormatWords = [Auto, "csv", "tsv", "jsonl", "parquet", "copa", "conll", "squad"];

    private readonly Option<string?> _columns, _format, _header, _quoting, _delimiter;
    private readonly Option<int?> _maxExamples = new("--max-examples") { Description = "Read only the first N examples (of each set)." };

    /// <param name="columns">Description of <c>--columns</c> in the help.</param>
    public TableArguments(string columns)
    {
        _columns = new("--columns") { Description = $"{columns} Columns joined by + become one text with a space between them: text=Title+Description." };
        _format = new("--format") { Description = $"Format of the files: {string.Join(", ", FormatWords)}; default: by their names." };
        _format.CompletionSources.Add(FormatWords);
        _format.Validators.Add(result =>
        {
            if (result.Tokens is [.., { Value: string value }] && !Formats.ContainsKey(value))
                result.AddError(OptionExtensions.Complaint("--format", value, FormatWords));
        });
        _header = YesOrNo("--header", "Whether CSV and TSV begin with column names: yes, no, or auto, which decides by the given columns and the first row.");
        _quoting = YesOrNo("--quoting", "Whether quotes in CSV and TSV enclose fields: yes, no, or auto, which means no between tabs and yes otherwise.");
        _delimiter = new("--delimiter") { Description = "Separator of the fields of CSV and TSV: one character, or tab." };
    }

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in All)
            command.Options.Add(option);
    }

    /// <summary>Gets all options.</summary>
    public IReadOnlyList<Option> All => [_columns, _format, _header, _quoting, _delimiter, _maxExamples];

    /// <summary>Returns the columns; null if they are not given.</summary>
    public string[]? Columns(ParseResult parsed) => parsed.GetValue(_columns)?.Split(',', StringSplitOptions.TrimEntries);

    /// <summary>Returns the largest number of examples to read; null for all.</summary>
    public int? MaxExamples(ParseResult parsed) => parsed.GetValue(_maxExamples) is { } most
        ? most >= 1 ? most : throw new UsageException($"--max-examples is {most}; it must be at least 1")
        : null;

    /// <summary>Returns whether options declare that the input is a table, even if its name does not show it.</summary>
    public bool SaysTable(ParseResult parsed) => Format(parsed) != TableFormat.Auto || parsed.GetValue(_delimiter) is not null;

    /// <summary>Returns the name of the first given option about tables other than the format; null if none is given.</summary>
    public string? FirstGiven(ParseResult parsed) => ((Option<string?>[])[_columns, _header, _quoting]).FirstOrDefault(option => parsed.GetValue(option) is not null)?.Name;

    /// <summary>Returns how files are read: as the options specify, otherwise as the training data was read.</summary>
    /// <param name="parsed">The command line.</param>
    /// <param name="files">The files.</param>
    /// <param name="task">The task that the model was trained for; null if there is none.</param>
    /// <param name="logger">The log that receives warnings about settings that are possibly not intended.</param>
    /// <exception cref="UsageException">An option is wrong, or does not fit the files.</exception>
    public TableOptions Options(ParseResult parsed, IEnumerable<string> files, TaskDescription? task, ILogger logger)
    {
        TableOptions options = new()
        {
            Format = Format(parsed),
            Header = parsed.GetValue(_header) is { } header ? Answer(header) : Columns(parsed) is null ? task?.Header : null,
            Quoting = parsed.GetValue(_quoting) is { } quoting ? Answer(quoting) : task?.Quoting,
            Delimiter = parsed.GetValue(_delimiter) is { } delimiter ? UsageException.For(() => TableOptions.DelimiterOf(delimiter)) : task?.Delimiter?[0],
            Logger = logger,
        };
        if (((Option<string?>[])[_header, _quoting, _delimiter]).FirstOrDefault(option => parsed.GetValue(option) is not null) is { } given
            && files.FirstOrDefault(file => TableReader.FormatOf(file, options) is not (TableFormat.Csv or TableFormat.Tsv)) is { } other)
            throw new UsageException($"{given.Name} is for CSV and TSV; {other} is neither");
        return options;
    }

    /// <summary>Returns the options as overrides of a recipe's <c>data</c> section.</summary>
    public IEnumerable<string> Overrides(ParseResult parsed)
    {
        if (parsed.GetValue(_format) is not null)
            yield return $"data.format={FormatWords[(int)Format(parsed)]}";
        foreach ((string key, Option<string?> option) in new[] { ("header", _header), ("quoting", _quoting) })
        {
            if (parsed.GetValue(option) is { } value)
                yield return $"data.{key}={Answer(value) switch { true => "true", false => "false", null => "null" }}";
        }

        if (parsed.GetValue(_delimiter) is { } delimiter)
            yield return $"data.delimiter={OptionExtensions.YamlQuoted(UsageException.For(() => TableOptions.DelimiterOf(delimiter)).ToString())}";
        if (MaxExamples(parsed) is { } most)
            yield return string.Create(CultureInfo.InvariantCulture, $"data.max_examples={most}");
    }

    private static Option<string?> YesOrNo(string name, string description)
    {
        Option<string?> option = new(name) { Description = description, Arity = ArgumentArity.ZeroOrOne };
        option.CompletionSources.Add(Yes, No, Auto);
        option.Validators.Add(result =>
        {
            if (result.Tokens is [.., { Value: string value }] && value is not (Yes or No or Auto or "true" or "false"))
                result.AddError(OptionExtensions.Complaint(name, value, [Yes, No, Auto]));
        });
        option.CustomParser = result => result.Tokens is [var token] ? token.Value : Yes; // --header without a value
        return option;
    }

    private static bool? Answer(string word) => word switch { Yes or "true" => true, No or "false" => false, _ => null };

    private TableFormat Format(ParseResult parsed) => parsed.GetValue(_format) is { } format ? Formats[format] : TableFormat.Auto;
}
