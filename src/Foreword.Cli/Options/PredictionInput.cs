using System.CommandLine;
using System.Text;
using Foreword.Cli.Output;
using Foreword.Data.Labeled;
using Foreword.Data.Tables;
using Foreword.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foreword.Cli.Options;

/// <summary>A row to answer.</summary>
/// <param name="Example">The example; null if the row is faulty.</param>
/// <param name="Fault">Why the row is not an example, as one sentence that names file and row; null if it is one.</param>
/// <param name="Id">The text in the column that <c>--id</c> names.</param>
/// <param name="Input">All columns, with distinct names; empty unless the output needs them.</param>
internal sealed record PredictionRow(TaskExample? Example, string? Fault, string Id, IReadOnlyList<KeyValuePair<string, string>> Input);

/// <summary>The rows that <c>predict</c> answers: the rows of a table, or the lines of standard input.</summary>
/// <param name="Rows">Reads the rows. Its parameter is the log that receives warnings.</param>
/// <param name="IsRepeatable">Whether the rows can be read again.</param>
internal sealed record PredictionInput(Func<ILogger, IEnumerable<PredictionRow>> Rows, bool IsRepeatable)
{
    private const string StandardInput = "standard input";

    /// <summary>Creates the input that a command line names.</summary>
    /// <param name="terminal">The terminal with standard input.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="source">The file, or <c>-</c>.</param>
    /// <param name="tables">The options that describe how tables are read.</param>
    /// <param name="task">The task to answer.</param>
    /// <param name="id">The column of <c>--id</c>, which is copied to the output; null if there is none.</param>
    /// <param name="keepsInput">Whether the output needs all columns.</param>
    public static PredictionInput Open(Terminal terminal, ParseResult parsed, string source, TableArguments tables, TaskDescription task, string? id, bool keepsInput)
    {
        int most = tables.MaxExamples(parsed) ?? int.MaxValue;
        bool isStream = source == "-";
        if (isStream && !tables.SaysTable(parsed))
        {
            if ((id is null ? tables.FirstGiven(parsed) : "--id") is { } given)
                throw new UsageException($"{given} is for tables; give the format of standard input, such as --format csv");
            return new PredictionInput(_ => FromLines(terminal.In, task.Definition, keepsInput).Take(most), IsRepeatable: false);
        }

        string[]? columns = tables.Columns(parsed);
        TableOptions options = tables.Options(parsed, isStream ? [] : [source], task, NullLogger.Instance) with { KeepsInput = keepsInput };
        TaskColumnMap map = UsageException.For(() => TaskColumnMap.Create(task.Definition, columns ?? task.Columns, isLabeled: false));
        string[] more = id is null ? [] : [id];
        return new PredictionInput(logger => (isStream ? map.Rows(terminal.In, StandardInput, options with { Logger = logger }, more) : map.Rows(source, options with { Logger = logger }, more))
            .Select(row => new PredictionRow(row.Example, row.Fault ?? TooMany(row.Example!, task), id is not null && row.Row.Cells is [.., [var text]] ? text : "", Distinct(row.Row.Input))).Take(most), IsRepeatable: !isStream && !IsPipe(source));
    }

    /// <summary>Reads lines. A line is one text, or several texts separated by tabs if the task reads several. Every line is a row.</summary>
    private static IEnumerable<PredictionRow> FromLines(Stream input, FineTuningTask task, bool keepsInput)
    {
        if (task.Columns.Any(column => column.IsMany))
            throw new UsageException($"{task.Kind} needs a table, whose columns define the choices");
        string[] roles = [.. task.Columns.Select(column => column.Role)];
        return Rows();

        IEnumerable<PredictionRow> Rows()
        {
            using StreamReader reader = new(input, new UTF8Encoding(false, throwOnInvalidBytes: true), leaveOpen: true);
            for (int number = 1; reader.ReadLine() is { } line; number++)
            {
                string where = $"{StandardInput}:{number}";
                string[] texts = [.. (roles.Length == 1 ? [line] : line.Split('\t')).Select(text => text.Trim())];
                string? fault = string.IsNullOrWhiteSpace(line) ? $"{where}: the text is empty"
                    : texts.Length < roles.Length ? $"{where}: the line has {(texts.Length == 1 ? "1 field" : $"{texts.Length} fields")}; expected {string.Join(", ", roles)}, separated by tabs"
                    : Array.FindIndex(texts, 0, roles.Length, text => text.Length == 0) is var empty and >= 0 ? $"{where}: the {roles[empty]} is empty"
                    : null;
                KeyValuePair<string, string>[] whole = keepsInput ? [.. roles.Zip(texts).Select(pair => KeyValuePair.Create(pair.First, pair.Second))] : [];
                yield return new PredictionRow(fault is null ? new TaskExample(texts[..roles.Length], [], null, where) : null, fault, "", whole);
            }
        }
    }

    /// <summary>Returns whether a path is a stream that can be read only once, such as a shell's <c>&lt;(command)</c>.</summary>
    private static bool IsPipe(string path) => path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal);

    private static string? TooMany(TaskExample example, TaskDescription task) => task.Target == TargetKind.Choice && example.Choices.Count > task.Labels.Count
        ? $"{example.Where}: there are {example.Choices.Count} choices; the model supports at most {task.Labels.Count}"
        : null;

    /// <summary>Returns the columns with distinct names. A column with the name of an earlier one gets a number.</summary>
    internal static KeyValuePair<string, string>[] Distinct(IReadOnlyList<KeyValuePair<string, string>> input)
    {
        HashSet<string> names = new(StringComparer.Ordinal);
        return [.. input.Select(column => KeyValuePair.Create(Name(column.Key), column.Value))];

        string Name(string name)
        {
            string own = name;
            for (int number = 2; !names.Add(own); number++)
                own = $"{name}_{number}";
            return own;
        }
    }
}
