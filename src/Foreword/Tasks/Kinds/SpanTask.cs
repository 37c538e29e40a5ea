using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Kinds;

/// <summary>
/// Finds the part of a text that answers a question. The sequence is <c>[start] question [delim] context [extract]</c>: the model reads from left to
/// right, so that it must know the question before it reads the context. Each token of the context gets a score as the first and as the last one of the
/// answer. The extract token stands for "no answer". A context that does not fit is read in windows, each with the whole question.
/// </summary>
internal sealed class SpanTask : FineTuningTask
{
    /// <inheritdoc/>
    public override string Kind => "span";

    /// <inheritdoc/>
    public override IReadOnlyList<TaskColumn> Columns { get; } = [new("question"), new("context")];

    /// <inheritdoc/>
    public override IReadOnlyList<TargetKind> Targets { get; } = [TargetKind.Span];

    /// <inheritdoc/>
    public override HeadInput HeadInput => HeadInput.Places;

    /// <inheritdoc/>
    public override bool ReadsWindows => true;

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics(TargetKind target) =>
        [TaskMetric.AnswerF1, TaskMetric.ExactMatch, TaskMetric.HasAnswerF1, TaskMetric.HasAnswerExactMatch, TaskMetric.NoAnswerAccuracy];

    /// <inheritdoc/>
    public override TaskSequences Transform(TaskExample example, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(encoder);
        int[] question = encoder.Ids(example.Texts[0]!);
        string context = example.Texts[1]!;
        TextTokens tokens = TextTokens.Of(encoder.Tokenizer, context);
        int budget = encoder.ContextLength - encoder.Template.CountAround(2), most = Math.Max(1, budget / 2);
        int[] kept = question.Length > most ? question[..most] : question;
        int room = Math.Max(1, budget - kept.Length), before = encoder.Template.Before.Count + kept.Length + encoder.Template.Between.Count;
        List<int[]> sequences = [];
        List<IReadOnlyList<TaskPlace>> places = [];
        foreach (int start in TaskEncoder.WindowStarts(tokens.Ids.Length, room, encoder.Stride ?? Math.Max(1, room / 2)))
        {
            int end = Math.Min(tokens.Ids.Length, start + room);
            int[] sequence = encoder.Join([kept], [tokens.Ids[start..end]]).Sequence;
            sequences.Add(sequence);
            places.Add([.. Enumerable.Range(start, end - start).Select(t => new TaskPlace(before + t - start, tokens.Ranges[t].Start, tokens.Ranges[t].End)), new TaskPlace(sequence.Length - 1, 0, 0)]);
        }

        return new TaskSequences(sequences, IsTruncated: kept.Length < question.Length) { Places = places, Text = context };
    }
}
