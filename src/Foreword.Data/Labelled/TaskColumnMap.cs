using Foreword.Data.Tables;
using Foreword.Tasks;

namespace Foreword.Data.Labelled;

/// <summary>Which column of a table plays which role of a task, and what it makes of a row.</summary>
public sealed class TaskColumnMap
{
    private readonly FineTuningTask _task;
    private readonly List<(TaskColumn Role, string Column)> _inputs;
    private readonly string? _label;

    private TaskColumnMap(FineTuningTask task, List<(TaskColumn Role, string Column)> inputs, string? label) => (_task, _inputs, _label) = (task, inputs, label);

    /// <summary>Each column with its role, <c>text=question</c>: what <see cref="Of"/> reads back to the same map.</summary>
    public IReadOnlyList<string> Explicit => [.. _inputs.Select(input => $"{input.Role.Role}={input.Column}"), .. _label is null ? Array.Empty<string>() : [$"{TaskDescription.LabelRole}={_label}"]];

    /// <summary>
    /// Columns given by place (the task's roles in their order, the label last; the many choices between) or by role
    /// (<c>question=ask</c>), mixed as one likes. None at all means the roles' own names.
    /// </summary>
    /// <param name="task">The task.</param>
    /// <param name="columns">The columns.</param>
    /// <param name="isLabelled">False for data to predict: a column that is given for the label is then not read.</param>
    /// <exception cref="ArgumentException">A role is missing, or there are more columns than roles.</exception>
    public static TaskColumnMap Of(FineTuningTask task, IReadOnlyList<string> columns, bool isLabelled = true)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(columns);
        List<TaskColumn> roles = [.. task.Columns];
        if (isLabelled)
            roles.Add(new TaskColumn(TaskDescription.LabelRole));
        else
            columns = [.. columns.Where(column => !column.StartsWith(TaskDescription.LabelRole + "=", StringComparison.Ordinal))];
        if (columns.Count == 0)
            columns = roles.Any(role => role.IsMany) ? throw Missing(task, "no columns are given", isLabelled) : [.. roles.Where(role => !role.IsOptional).Select(role => role.Role)];
        List<(TaskColumn Role, string Column)> named = [];
        Queue<string> places = new();
        foreach (string column in columns)
        {
            int equals = column.IndexOf('=', StringComparison.Ordinal);
            TaskColumn? role = equals > 0 ? roles.Find(role => role.Role == column[..equals]) : null;
            if (role is null)
                places.Enqueue(column);
            else
                named.Add((role, column[(equals + 1)..]));
        }

        List<(TaskColumn Role, string Column)> found = [];
        foreach (TaskColumn role in roles)
        {
            (TaskColumn Role, string Column)[] given = [.. named.Where(n => n.Role == role)];
            if (given.Length > 1 && !role.IsMany)
                throw Missing(task, $"'{role.Role}' is given {given.Length} times", isLabelled);
            found.AddRange(given);
            if (given.Length > 0 || role.IsOptional)
                continue;
            int stillWanted = role.IsMany && isLabelled && named.TrueForAll(n => n.Role.Role != TaskDescription.LabelRole) ? 1 : 0;
            int take = role.IsMany ? places.Count - stillWanted : 1;
            if (take < 1 || places.Count < take)
                throw Missing(task, $"'{role.Role}' is missing", isLabelled);
            for (int i = 0; i < take; i++)
                found.Add((role, places.Dequeue()));
        }

        if (places.Count > 0)
            throw Missing(task, $"'{places.Peek()}' is one too many", isLabelled);
        return new TaskColumnMap(task, found.FindAll(f => f.Role.Role != TaskDescription.LabelRole), found.Find(f => f.Role.Role == TaskDescription.LabelRole).Column);
    }

    /// <summary>The examples of some files, in order; every text and label is trimmed, and none may be empty.</summary>
    /// <exception cref="InvalidDataException">A file is broken, or has an empty text, or too few choices; file and row are named.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public IEnumerable<TaskExample> Read(IEnumerable<string> files, TableOptions options)
    {
        ArgumentNullException.ThrowIfNull(files);
        return files.SelectMany(file => TableReader.Read(file, Columns, options)).Select(row => Row(row).Checked());
    }

    /// <summary>The examples of an open stream.</summary>
    /// <inheritdoc cref="Read(IEnumerable{string}, TableOptions)" path="/exception"/>
    public IEnumerable<TaskExample> Read(Stream stream, string name, TableOptions options) => TableReader.Read(stream, name, Columns, options).Select(row => Row(row).Checked());

    /// <summary>The rows of a file, also those that give no example: what is wrong with them stands in <see cref="TaskRow.Fault"/>.</summary>
    /// <param name="file">The file.</param>
    /// <param name="options">How it is read.</param>
    /// <param name="more">Columns besides those of the task: the last cells of <see cref="TaskRow.Row"/>.</param>
    /// <exception cref="InvalidDataException">The file is broken, or lacks a column.</exception>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    public IEnumerable<TaskRow> Rows(string file, TableOptions options, params IReadOnlyList<string> more)
    {
        ArgumentNullException.ThrowIfNull(options);
        return TableReader.Read(file, [.. Columns, .. more], options with { KeepsFaultyRows = true }).Select(Row);
    }

    /// <summary>The rows of an open stream.</summary>
    /// <inheritdoc cref="Rows(string, TableOptions, IReadOnlyList{string})" path="/exception"/>
    public IEnumerable<TaskRow> Rows(Stream stream, string name, TableOptions options, params IReadOnlyList<string> more)
    {
        ArgumentNullException.ThrowIfNull(options);
        return TableReader.Read(stream, name, [.. Columns, .. more], options with { KeepsFaultyRows = true }).Select(Row);
    }

    private string[] Columns => [.. _inputs.Select(input => input.Column), .. _label is null ? Array.Empty<string>() : [_label]];

    private TaskRow Row(TableRow row)
    {
        if (row.Fault is not null)
            return new TaskRow(row, null, row.Fault);
        try
        {
            return new TaskRow(row, Example(row), null);
        }
        catch (InvalidDataException problem)
        {
            return new TaskRow(row, null, problem.Message);
        }
    }

    private TaskExample Example(TableRow row)
    {
        string?[] texts = new string?[_task.Columns.Count(role => !role.IsMany)];
        List<string> choices = [];
        for (int i = 0; i < _inputs.Count; i++)
        {
            (TaskColumn role, string column) = _inputs[i];
            if (role.IsMany)
                choices.AddRange(row.Cells[i].Select(text => NotEmpty(text, column, row)));
            else
                texts[SingleIndex(role)] = NotEmpty(Single(row.Cells[i], column, row), column, row);
        }

        if (_task.Columns.Any(role => role.IsMany) && choices.Count < 2)
            throw new InvalidDataException($"{row.Where}: there is {choices.Count} choice; expected at least 2");
        return new TaskExample(texts, choices, _label is null ? null : TaskLabel.Canonical(NotEmpty(Single(row.Cells[_inputs.Count], _label, row), _label, row)), row.Where);
    }

    private int SingleIndex(TaskColumn role) => _task.Columns.Where(r => !r.IsMany).TakeWhile(r => r != role).Count();

    private static string Single(IReadOnlyList<string> cell, string column, TableRow row) => cell.Count == 1
        ? cell[0]
        : throw new InvalidDataException($"{row.Where}: '{column}' holds a list of {cell.Count}; expected one text");

    private static string NotEmpty(string text, string column, TableRow row) => text.Trim() is { Length: > 0 } trimmed
        ? trimmed
        : throw new InvalidDataException($"{row.Where}: '{column}' is empty");

    private static ArgumentException Missing(FineTuningTask task, string fault, bool isLabelled) =>
        new($"columns: {fault}; {task.Kind} reads {string.Join(", ", [.. task.Columns.Select(role => role.IsMany ? $"{role.Role}..." : role.IsOptional ? $"[{role.Role}=...]" : role.Role), .. isLabelled ? [TaskDescription.LabelRole] : Array.Empty<string>()])}{(isLabelled ? "" : "; no label is read here")}");
}

/// <summary>A row of a table and what a task makes of it.</summary>
/// <param name="Row">The row.</param>
/// <param name="Example">The example; null where it gives none.</param>
/// <param name="Fault">Why it gives none, as one sentence that names file and row.</param>
public sealed record TaskRow(TableRow Row, TaskExample? Example, string? Fault)
{
    /// <summary>The example.</summary>
    /// <exception cref="InvalidDataException">The row gives none.</exception>
    internal TaskExample Checked() => Example ?? throw new InvalidDataException(Fault);
}
