namespace Foreword.Tasks;

/// <summary>An example as token sequences, in the form that the model reads.</summary>
/// <param name="Sequences">The example's token sequences.</param>
/// <param name="Target">
/// The values that the loss compares with the outputs, see <see cref="TaskDescription.TargetOf"/>; empty if the example has no label.
/// </param>
/// <param name="Weight">The example's weight in the loss.</param>
public sealed record EncodedExample(TaskSequences Sequences, float[] Target, float Weight)
{
    /// <summary>Gets the number of tokens in the longest sequence.</summary>
    public int Length => Sequences.Sequences.Max(sequence => sequence.Length);

    /// <summary>Gets the windows of a long text as examples of their own, with the example's target; the example itself if it has one sequence.</summary>
    internal IReadOnlyList<EncodedExample> Windows => Sequences.Sequences.Count == 1
        ? [this]
        : [.. Sequences.Sequences.Select((sequence, w) => Sequences.Places is not { } places
            ? this with { Sequences = new TaskSequences([sequence], IsTruncated: false) }
            : this with
            {
                Sequences = Sequences with { Sequences = [sequence], Places = [places[w]] },
                Target = Target.Length == 0 ? [] : Target[places.Take(w).Sum(own => own.Count)..places.Take(w + 1).Sum(own => own.Count)],
            })];

    /// <summary>
    /// Computes the outputs of examples from the outputs of their windows: the mean of each output, or the outputs of the places of one window after the
    /// other.
    /// </summary>
    /// <param name="examples">The examples.</param>
    /// <param name="windows">The outputs for the windows of all examples, in their order.</param>
    internal static float[][] OfWindows(IReadOnlyList<EncodedExample> examples, IReadOnlyList<float[]> windows)
    {
        float[][] outputs = new float[examples.Count][];
        int next = 0;
        for (int i = 0; i < outputs.Length; i++)
        {
            int count = examples[i].Sequences.Sequences.Count, first = next;
            next += count;
            outputs[i] = count == 1 ? windows[first]
                : examples[i].Sequences.Places is not null ? [.. windows.Skip(first).Take(count).SelectMany(window => window)]
                : [.. windows[first].Select((_, n) => (float)(Enumerable.Range(first, count).Sum(w => (double)windows[w][n]) / count))];
        }

        return outputs;
    }

    /// <summary>Encodes examples that a model is going to answer. Their labels are ignored.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="task">The task that decides how an example is read.</param>
    /// <param name="encoder">Builds the token sequences.</param>
    /// <returns>The encoded examples, in the same order, with empty targets.</returns>
    /// <exception cref="ArgumentException">An example is null, or does not have the texts and choices that the task reads.</exception>
    /// <exception cref="InvalidDataException">An example has more choices than the task has labels, or its sequence has no tokens.</exception>
    public static EncodedExample[] Unlabeled(IReadOnlyList<TaskExample> examples, TaskDescription task, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(examples);
        return [.. examples.Select((example, i) => example is null
            ? throw new ArgumentException($"example {i + 1} is null", nameof(examples))
            : Create(example with { Label = null }, task, encoder))];
    }

    /// <summary>Encodes one example, with its label if it has one.</summary>
    /// <param name="example">The example.</param>
    /// <param name="task">The task that decides how an example is read.</param>
    /// <param name="encoder">Builds the token sequences.</param>
    /// <exception cref="ArgumentException">The example does not have the texts and choices that the task reads.</exception>
    /// <exception cref="InvalidDataException">
    /// The label does not belong to the task, the example has more choices than the task has labels, or a sequence has no tokens.
    /// </exception>
    public static EncodedExample Create(TaskExample example, TaskDescription task, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(task);
        task.Definition.Check(example);
        if (task.Target == TargetKind.Choice && example.Choices.Count > task.Labels.Count)
            throw new InvalidDataException($"{example.MessagePrefix}the example has {example.Choices.Count} choices; the task has at most {task.Labels.Count}");
        TaskSequences sequences = task.Definition.Transform(example, encoder);
        if (sequences.Sequences.Any(sequence => sequence.Length == 0))
            throw new InvalidDataException($"{example.MessagePrefix}the text has no tokens, and the model adds none around it; there is nothing to read");
        return example.Label is null ? new EncodedExample(sequences, [], 1) : new EncodedExample(sequences, task.Definer.Values(task, example, sequences), task.WeightOf(example));
    }
}
