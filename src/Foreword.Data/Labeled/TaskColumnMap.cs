using Foreword.Data.Tables;
using Foreword.Tasks;
using Foreword.Tasks.Targets;

namespace Foreword.Data.Labeled;

/// <summary>Maps the columns of a table to the roles of a task, and converts rows to examples.</summary>
internal sealed class TaskColumnMap
{
    private readonly FineTuningTask _task;
    private readonly List<(TaskColumn Role, string Column)> _inputs;
    private readonly string? _label;

    private TaskColumnMap(FineTuningTask task, List<(TaskColumn Role, string Column)> inputs, string? label) => (_task, _inputs, _label) = (task, inputs, label);

    /// <summary>Gets each column with its role, such as <c>text=question</c>. <see cref="Create"/> creates the same map from this list.</summary>
    public IReadOnlyList<string> Explicit => [.. _inputs.Select(input => $"{input.Role.Role}={input.Column}"), .. _label is null ? Array.Empty<string>() : [$"{TaskDescription.LabelRole}={_label}"]];

    /// <summary>Creates a map from columns that are listed by position, by role, or both.</summary>
    /// <remarks>
    /// Columns without a role are assigned to the task's roles in their order, with the label last. A role that takes several columns gets the
    /// columns between. A column with a role is written as <c>question=ask</c>. An empty list means that the columns have the names of the roles.
    /// </remarks>
    /// <param name="task">The task.</param>
    /// <param name="columns">The names or numbers of the columns, with or without a role.</param>
    /// <param name="isLabeled">Whether the data has labels. False for data to predict: a column with the role of the label is then ignored.</param>
    /// <exception cref="ArgumentException">A role is missing or assigned twice, or there are more columns than roles.</exception>
    public static TaskColumnMap Create(FineTuningTask task, IReadOnlyList<string> columns, bool isLabeled = true)
    {
        ArgumentNullException.ThrowIfNull(task);
        ArgumentNullException.ThrowIfNull(columns);
        List<TaskColumn> roles = [.. task.Columns];
        if (isLabeled)
            roles.Add(new TaskColumn(TaskDescription.LabelRole));
        else
            columns = [.. columns.Where(column => !column.StartsWith(TaskDescription.LabelRole + "=", StringComparison.Ordinal))];
        if (columns.Count == 0)
            columns = roles.Any(role => role.IsMany) ? throw Missing(task, "no columns are given", isLabeled) : [.. roles.Where(role => !role.IsOptional).Select(role => role.Role)];
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
                throw Missing(task, $"'{role.Role}' is given {given.Length} times", isLabeled);
            found.AddRange(given);
            if (given.Length > 0 || role.IsOptional)
                continue;
            int stillWanted = role.IsMany && isLabeled && named.TrueForAll(n => n.Role.Role != TaskDescription.LabelRole) ? 1 : 0;
            int take = role.IsMany ? places.Count - stillWanted : 1;
            if (take < 1 || places.Count < take)
                throw Missing(task, $"'{role.Role}' is missing", isLabeled);
            for (int i = 0; i < take; i++)
                found.Add((role, places.Dequeue()));
        }

        if (places.Count > 0)
            throw Missing(task, $"'{places.Peek()}' is one column too many", isLabeled);
        return new TaskColumnMap(task, found.FindAll(f => f.Role.Role != TaskDescription.LabelRole), found.Find(f => f.Role.Role == TaskDescription.LabelRole).Column);
    }

    /// <summary>Reads the examples of files, in order. Every text and label is trimmed, and none may be empty.</summary>
    /// <param name="files">The paths of the files.</param>
    /// <param name="options">The options for reading the files.</param>
    /// <exception cref="InvalidDataException">
    /// A file is malformed, a text or label is empty, or there are fewer than 2 choices. The message names file and row.
    /// </exception>
    /// <exception cref="FileNotFoundException">A file does not exist.</exception>
    public IEnumerable<TaskExample> Read(IEnumerable<string> files, TableOptions options)
    {
        ArgumentNullException.ThrowIfNull(files);
        return files.SelectMany(file => TableReader.Read(file, Columns, options)).Select(row => Row(row).Checked());
    }

    /// <summary>Reads the examples of an open stream.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="name">The name of the stream in messages.</param>
    /// <param name="options">The options for reading the stream.</param>
    /// <inheritdoc cref="Read(IEnumerable{string}, TableOptions)" path="/exception"/>
    public IEnumerable<TaskExample> Read(Stream stream, string name, TableOptions options) => TableReader.Read(stream, name, Columns, options).Select(row => Row(row).Checked());

    /// <summary>
    /// Reads the rows of a file, including rows that are not valid examples. <see cref="TaskRow.Fault"/> describes what is wrong with such a row.
    /// </summary>
    /// <param name="file">The path of the file.</param>
    /// <param name="options">The options for reading the file.</param>
    /// <param name="more">Columns to read in addition to those of the task. They become the last cells of <see cref="TaskRow.Row"/>.</param>
    /// <exception cref="InvalidDataException">The file is malformed, or a column is missing.</exception>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    public IEnumerable<TaskRow> Rows(string file, TableOptions options, params IReadOnlyList<string> more)
    {
        ArgumentNullException.ThrowIfNull(options);
        return TableReader.Read(file, [.. Columns, .. more], options with { KeepsFaultyRows = true }).Select(Row);
    }

    /// <summary>Reads the rows of an open stream, including rows that are not valid examples.</summary>
    /// <param name="stream">The stream.</param>
    /// <param name="name">The name of the stream in messages.</param>
    /// <param name="options">The options for reading the stream.</param>
    /// <param name="more">Columns to read in addition to those of the task. They become the last cells of <see cref="TaskRow.Row"/>.</param>
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
            else if (role.IsWords)
                texts[SingleIndex(role)] = WordClassTarget.Joined(row.Cells[i], column, row.Where);
            else
                texts[SingleIndex(role)] = NotEmpty(Single(row.Cells[i], column, row), column, row);
        }

        if (_task.Columns.Any(role => role.IsMany) && choices.Count < 2)
            throw new InvalidDataException($"{row.Where}: there is {choices.Count} choice; expected at least 2");
        return new TaskExample(texts, choices, _label is null ? null : TaskTarget.Of(_task.Targets[0]).LabelOf(row.Cells[_inputs.Count], _label, row.Where), row.Where);
    }

    private int SingleIndex(TaskColumn role) => _task.Columns.Where(r => !r.IsMany).TakeWhile(r => r != role).Count();

    private static string Single(IReadOnlyList<string> cell, string column, TableRow row) => cell.Count == 1
        ? cell[0]
        : throw new InvalidDataException($"{row.Where}: '{column}' holds a list of {cell.Count}; expected one text");

    private static string NotEmpty(string text, string column, TableRow row) => text.Trim() is { Length: > 0 } trimmed
        ? trimmed
        : throw new InvalidDataException($"{row.Where}: '{column}' is empty");

    private static ArgumentException Missing(FineTuningTask task, string fault, bool isLabeled) =>
        new($"columns: {fault}; {task.Kind} reads {string.Join(", ", [.. task.Columns.Select(role => role.IsMany ? $"{role.Role}..." : role.IsOptional ? $"[{role.Role}=...]" : role.Role), .. isLabeled ? [TaskDescription.LabelRole] : Array.Empty<string>()])}{(isLabeled ? "" : "; no label is needed here")}");
}

/// <summary>A row of a table, with the example that a task reads from it.</summary>
/// <param name="Row">The row.</param>
/// <param name="Example">The example; null if the row is not a valid example.</param>
/// <param name="Fault">The reason why the row is not a valid example, as one sentence that names file and row; null if it is valid.</param>
internal sealed record TaskRow(TableRow Row, TaskExample? Example, string? Fault)
{
    /// <summary>Returns the example.</summary>
    /// <exception cref="InvalidDataException">The row is not a valid example.</exception>
    internal TaskExample Checked() => Example ?? throw new InvalidDataException(Fault);
}
