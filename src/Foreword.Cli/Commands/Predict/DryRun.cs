using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Output;
using Foreword.Tasks;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Commands.Predict;

/// <summary>
/// Prints, for <c>--dry-run</c>, how many examples were read, and the first of them as the model would read them. Computes nothing.
/// </summary>
/// <param name="Task">The task to learn or to answer.</param>
/// <param name="Encoder">The encoder that makes the token sequences.</param>
internal sealed record DryRun(TaskDescription Task, TaskEncoder Encoder)
{
    /// <summary>Number of examples shown.</summary>
    public const int Shown = 3;

    /// <summary>Number of labels listed before "and N more".</summary>
    private const int MostLabels = 8;

    /// <summary>Creates the dry run of a fine-tuned model. Reads its task, but not its weights.</summary>
    public static DryRun Open(string path)
    {
        string directory = ModelDirectory.Resolve(path);
        TaskDescription task = TaskDescription.Read(directory);
        return new DryRun(task, task.EncoderWith(ModelDirectory.LoadTokenizer(directory)));
    }

    /// <summary>Prints the sizes of the sets, and the examples.</summary>
    public void Show(Terminal terminal, IReadOnlyList<(string Name, int Count)> sets, IReadOnlyList<TaskExample> examples, bool json)
    {
        if (json)
            JsonOutput.WriteLine(terminal, writer => Write(writer, sets, examples));
        else
            Print(terminal, sets, examples);
    }

    private void Print(Terminal terminal, IReadOnlyList<(string Name, int Count)> sets, IReadOnlyList<TaskExample> examples)
    {
        string labels = Task.Target == TargetKind.Span ? "a part of the context" : Task.Labels.Count == 0 ? "a number" : $"{Task.Labels.Count} labels: {string.Join(", ", Task.Labels.Take(MostLabels))}{(Task.Labels.Count > MostLabels ? $" and {Task.Labels.Count - MostLabels} more" : "")}";
        Lines($"{Task.Kind}, {labels}");
        if (sets.Count > 0)
            Lines(string.Join(", ", sets.Select(set => string.Create(CultureInfo.InvariantCulture, $"{set.Name} {set.Count:N0} {(set.Count == 1 ? "example" : "examples")}"))));
        foreach (TaskExample example in examples)
        {
            terminal.Out.WriteLine();
            Lines(example.Where);
            foreach ((string role, string text) in Texts(example))
                Lines(text, $"  {role,-10} ");
            if (example.Label is { } label)
                Lines(label, $"  {TaskDescription.LabelRole,-10} ");
            TaskSequences sequences = Sequences(example);
            foreach (int[] ids in sequences.Sequences)
            {
                Lines(string.Join(' ', ids.Select(id => id.ToString(CultureInfo.InvariantCulture))), $"  {"ids",-10} ");
                Lines(string.Join(' ', ids.Select(Token)), $"  {"tokens",-10} ");
            }

            if (sequences.IsTruncated)
                Lines($"cut to the context of {Task.ContextLength} tokens", $"  {"",-10} ");
        }

        void Lines(string text, string first = "")
        {
            foreach (string line in FittedText.Wrap(text, first: first))
                terminal.Out.WriteLine(line);
        }
    }

    private void Write(Utf8JsonWriter writer, IReadOnlyList<(string Name, int Count)> sets, IReadOnlyList<TaskExample> examples)
    {
        writer.WriteString("task", Task.Kind);
        writer.WriteStartArray("labels");
        foreach (string label in Task.Labels)
            writer.WriteStringValue(label);
        writer.WriteEndArray();
        writer.WriteStartObject("sets");
        foreach ((string name, int count) in sets)
            writer.WriteNumber(name, count);
        writer.WriteEndObject();
        writer.WriteStartArray("examples");
        foreach (TaskExample example in examples)
            Write(writer, example);
        writer.WriteEndArray();
    }

    private void Write(Utf8JsonWriter writer, TaskExample example)
    {
        writer.WriteStartObject();
        writer.WriteString("where", example.Where);
        writer.WriteStartObject("texts");
        foreach ((string role, string text) in Texts(example))
            writer.WriteString(role, text);
        writer.WriteEndObject();
        if (example.Label is { } label)
            writer.WriteString(TaskDescription.LabelRole, label);
        TaskSequences sequences = Sequences(example);
        writer.WriteBoolean("truncated", sequences.IsTruncated);
        writer.WriteStartArray("sequences");
        foreach (int[] ids in sequences.Sequences)
        {
            writer.WriteStartObject();
            JsonOutput.WriteTokens(writer, ids, Token);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    /// <summary>Returns the texts with their roles, then the choices with their numbers.</summary>
    private IEnumerable<(string Role, string Text)> Texts(TaskExample example)
    {
        TaskColumn[] single = [.. Task.Definition.Columns.Where(column => !column.IsMany)];
        return single.Zip(example.Texts).Where(pair => pair.Second is not null).Select(pair => (pair.First.Role, pair.Second!))
            .Concat(example.Choices.Select((choice, i) => (string.Create(CultureInfo.InvariantCulture, $"choice {i + 1}"), choice)));
    }

    private TaskSequences Sequences(TaskExample example) => EncodedExample.Create(example with { Label = null }, Task, Encoder).Sequences;

    private string Token(int id) => id == Task.Tokens?.Start ? "[start]"
        : id == Task.Tokens?.Delimiter ? "[delimiter]"
        : id == Task.Tokens?.Extract ? "[extract]"
        : Encoder.Tokenizer.TokenText(id);
}
