namespace Foreword.Tasks;

/// <summary>An example as the model reads it.</summary>
/// <param name="Sequences">Its token sequences.</param>
/// <param name="Target">What the loss compares with, see <see cref="TaskDescription.TargetOf"/>; empty where there is no label.</param>
/// <param name="Weight">Its weight in the loss.</param>
public sealed record EncodedExample(TaskSequences Sequences, float[] Target, float Weight)
{
    /// <summary>Tokens of its longest sequence.</summary>
    public int Length => Sequences.Sequences.Max(sequence => sequence.Length);

    /// <summary>Examples that a model is to answer, as <paramref name="task"/> reads them: their labels, if they have any, are not looked at.</summary>
    /// <exception cref="ArgumentException">One of them is null, or does not have the texts and choices that the task reads.</exception>
    /// <exception cref="InvalidDataException">One has more choices than the task has labels.</exception>
    public static EncodedExample[] Unlabelled(IReadOnlyList<TaskExample> examples, TaskDescription task, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(examples);
        return [.. examples.Select((example, i) => example is null
            ? throw new ArgumentException($"example {i + 1} is null", nameof(examples))
            : Of(example with { Label = null }, task, encoder))];
    }

    /// <summary>The example as <paramref name="task"/> reads it.</summary>
    /// <exception cref="ArgumentException">It does not have the texts and choices that the task reads.</exception>
    /// <exception cref="InvalidDataException">Its label does not belong to the task, or it has more choices than the task has labels, or there is nothing to read.</exception>
    public static EncodedExample Of(TaskExample example, TaskDescription task, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(task);
        task.Task.Check(example);
        if (task.Target == TargetKind.Choice && example.Choices.Count > task.Labels.Count)
            throw new InvalidDataException($"{example.MessagePrefix}the example has {example.Choices.Count} choices; the task has {task.Labels.Count} at most");
        TaskSequences sequences = task.Task.Transform(example, encoder);
        if (sequences.Sequences.Any(sequence => sequence.Length == 0))
            throw new InvalidDataException($"{example.MessagePrefix}the text has no tokens, and the model puts none around it; there is nothing to read");
        return example.Label is null ? new EncodedExample(sequences, [], 1) : new EncodedExample(sequences, task.TargetOf(example), task.WeightOf(example));
    }
}
