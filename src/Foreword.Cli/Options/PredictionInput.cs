using System.CommandLine;
using System.Text;
using Foreword.Cli.Output;
using Foreword.Data.Labeled;
using Foreword.Data.Tables;
using Foreword.Tasks;

namespace Foreword.Cli.Options;

/// <summary>A row to be answered.</summary>
/// <param name="Example">The example; null where the row gives none.</param>
/// <param name="Fault">Why it gives none, as one sentence that names file and row.</param>
/// <param name="Id">The text of the column that <c>--id</c> names.</param>
/// <param name="Input">All columns, each under a name of its own; empty unless they are wanted.</param>
internal sealed record PredictionRow(TaskExample? Example, string? Fault, string Id, IReadOnlyList<KeyValuePair<string, string>> Input);

/// <summary>The rows that <c>predict</c> answers: of a table, or lines of standard input.</summary>
/// <param name="Rows">Reads the rows.</param>
/// <param name="IsRepeatable">Whether they can be read again.</param>
internal sealed record PredictionInput(Func<Action<string>?, IEnumerable<PredictionRow>> Rows, bool IsRepeatable)
{
    private const string StandardInput = "standard input";

    /// <summary>The input of a command line.</summary>
    /// <param name="terminal">Holds standard input.</param>
    /// <param name="parsed">The command line.</param>
    /// <param name="source">The file, or <c>-</c>.</param>
    /// <param name="tables">How tables are read.</param>
    /// <param name="task">What is answered.</param>
    /// <param name="id">The column of <c>--id</c>; null where none is carried through.</param>
    /// <param name="keepsInput">Whether all columns are wanted.</param>
    public static PredictionInput Of(Terminal terminal, ParseResult parsed, string source, TableArguments tables, TaskDescription task, string? id, bool keepsInput)
    {
        int most = tables.MaxExamples(parsed) ?? int.MaxValue;
        bool isStream = source == "-";
        if (isStream && !tables.SaysTable(parsed))
        {
            if ((id is null ? tables.FirstGiven(parsed) : "--id") is { } given)
                throw new UsageException($"{given} is for tables; say which kind standard input holds, such as --format csv");
            return new PredictionInput(_ => FromLines(terminal.In, task.Task, keepsInput).Take(most), IsRepeatable: false);
        }

        string[]? columns = tables.Columns(parsed);
        TableOptions options = tables.Options(parsed, isStream ? [] : [source], task, null) with { KeepsInput = keepsInput };
        TaskColumnMap map = UsageException.For(() => TaskColumnMap.Of(task.Task, columns ?? task.Columns, isLabeled: false));
        string[] more = id is null ? [] : [id];
        return new PredictionInput(warn => (isStream ? map.Rows(terminal.In, StandardInput, options with { Warn = warn }, more) : map.Rows(source, options with { Warn = warn }, more))
            .Select(row => new PredictionRow(row.Example, row.Fault ?? TooMany(row.Example!, task), id is not null && row.Row.Cells is [.., [var text]] ? text : "", Distinct(row.Row.Input))).Take(most), IsRepeatable: !isStream && !IsPipe(source));
    }

    /// <summary>A line is a text, or the texts of a task that reads several, parted by tabs. Every line is a row.</summary>
    private static IEnumerable<PredictionRow> FromLines(Stream input, FineTuningTask task, bool keepsInput)
    {
        if (task.Columns.Any(column => column.IsMany))
            throw new UsageException($"{task.Kind} is read from a table, whose columns say what the choices are");
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
                    : texts.Length < roles.Length ? $"{where}: the line has {(texts.Length == 1 ? "1 field" : $"{texts.Length} fields")}; expected {string.Join(", ", roles)}, parted by tabs"
                    : Array.FindIndex(texts, 0, roles.Length, text => text.Length == 0) is var empty and >= 0 ? $"{where}: the {roles[empty]} is empty"
                    : null;
                KeyValuePair<string, string>[] whole = keepsInput ? [.. roles.Zip(texts).Select(pair => KeyValuePair.Create(pair.First, pair.Second))] : [];
                yield return new PredictionRow(fault is null ? new TaskExample(texts[..roles.Length], [], null, where) : null, fault, "", whole);
            }
        }
    }

    /// <summary>Whether a path is a stream that can be read once, such as a shell's <c>&lt;(command)</c>.</summary>
    private static bool IsPipe(string path) => path.StartsWith("/dev/", StringComparison.Ordinal) || path.StartsWith("/proc/", StringComparison.Ordinal);

    private static string? TooMany(TaskExample example, TaskDescription task) => task.Target == TargetKind.Choice && example.Choices.Count > task.Labels.Count
        ? $"{example.Where}: there are {example.Choices.Count} choices; the model knows {task.Labels.Count} at most"
        : null;

    /// <summary>The columns, of which those that have the name of an earlier one are numbered.</summary>
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
