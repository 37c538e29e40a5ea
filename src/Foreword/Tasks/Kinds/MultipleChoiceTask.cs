using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Kinds;

/// <summary>
/// Chooses the right one of several answers. There is one sequence <c>[start] context question [delim] answer [extract]</c> for each answer. Each
/// sequence gets one score, and a softmax over the scores gives the probabilities (GPT-1 paper, section 3.3). Examples may have different numbers of
/// answers.
/// </summary>
internal sealed class MultipleChoiceTask : FineTuningTask
{
    /// <inheritdoc/>
    public override string Kind => "multiple-choice";

    /// <inheritdoc/>
    public override IReadOnlyList<TaskColumn> Columns { get; } = [new("context"), new("question", IsOptional: true), new("choice", IsMany: true)];

    /// <inheritdoc/>
    public override IReadOnlyList<TargetKind> Targets { get; } = [TargetKind.Choice];

    /// <inheritdoc/>
    public override HeadInput HeadInput => HeadInput.Each;

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics(TargetKind target) => [TaskMetric.Accuracy];

    /// <inheritdoc/>
    public override TaskSequences Transform(TaskExample example, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(encoder);
        List<int[]> given = [encoder.Ids(example.Texts[0]!)];
        if (example.Texts[1] is { } question)
            given.Add(encoder.Ids(" " + question)); // the space joins the question to the context, as between two words within a text
        bool isTruncated = false;
        List<int[]> sequences = [];
        foreach (string choice in example.Choices)
        {
            (int[] sequence, bool cut) = encoder.Join(given, [encoder.Ids(choice)]);
            sequences.Add(sequence);
            isTruncated |= cut;
        }

        return new TaskSequences(sequences, isTruncated);
    }
}
