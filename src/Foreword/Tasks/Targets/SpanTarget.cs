using Foreword.Numerics;
using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Targets;

/// <summary>
/// Predicts a part of a text. Each place has two outputs: the logits of being the first and the last token of the answer. The last place of a sequence
/// stands for no answer. The loss is the mean of the two cross entropies over the places. A label is an answer's text, or the JSON of
/// <see cref="SpanLabel"/>; an empty label means that the text has no answer.
/// </summary>
internal sealed class SpanTarget : TaskTarget
{
    /// <summary>The largest number of tokens of an answer.</summary>
    private const int MostTokens = 64;

    private const float First = 1, Last = 2, Both = First + Last;

    /// <inheritdoc/>
    public override int LeastLabels => 0;

    /// <inheritdoc/>
    public override (double Least, double Most)? Thresholds => (double.MinValue, double.PositiveInfinity);

    /// <summary>Returns 0 if some question has no answer. Null means that every question gets an answer.</summary>
    public override double? UsualThreshold(IReadOnlyList<TaskExample> train) => train.Any(example => example.Label!.Length == 0) ? 0 : null;

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics { get; } = [TaskMetric.AnswerF1, TaskMetric.ExactMatch, TaskMetric.HasAnswerF1, TaskMetric.HasAnswerExactMatch, TaskMetric.NoAnswerAccuracy];

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> MetricsOf(TaskDescription task) =>
        task.Threshold is null ? [TaskMetric.AnswerF1, TaskMetric.ExactMatch] : base.MetricsOf(task);

    /// <inheritdoc/>
    public override int Outputs(TaskDescription task) => 2;

    /// <inheritdoc/>
    public override string LabelOf(IReadOnlyList<string> cell, string column, string where) => cell.Count == 1 ? cell[0].Trim() : SpanLabel.Write([.. cell.Select(text => text.Trim())], []);

    /// <inheritdoc/>
    public override IEnumerable<string> Names(string label) => [];

    /// <inheritdoc/>
    public override string? OnlyLabel(IReadOnlyList<string> labels) => null;

    /// <summary>Returns the index of the first character of the first answer, and the index after its last one; -1 and -1 if there is none.</summary>
    /// <inheritdoc/>
    public override float[] Values(TaskDescription task, TaskExample example)
    {
        SpanLabel label = SpanLabel.Read(example);
        return label.Texts.Count == 0 ? [-1, -1] : [label.Starts[0], label.Starts[0] + label.Texts[0].Length];
    }

    /// <summary>Returns 1 at the first token of the answer, 2 at the last one, 3 at a single one, and 0 elsewhere. A window without an answer has 3 at its last place if the task allows no answer.</summary>
    /// <inheritdoc/>
    public override float[] Values(TaskDescription task, TaskExample example, TaskSequences sequences)
    {
        float[] answer = Values(task, example);
        float[][] values = [.. sequences.Places!.Select(places => Window(places, (int)answer[0], (int)answer[1], isCut: false))];
        if (answer[0] >= 0 && values.All(window => Array.TrueForAll(window, value => value == 0))) // no window holds the whole answer
            values = [.. sequences.Places!.Select(places => Window(places, (int)answer[0], (int)answer[1], isCut: true))];
        if (task.Threshold is not null)
        {
            foreach (float[] window in values.Where(window => Array.TrueForAll(window, value => value == 0)))
                window[^1] = Both;
        }

        return [.. values.SelectMany(window => window)];
    }

    private static float[] Window(IReadOnlyList<TaskPlace> places, int start, int end, bool isCut)
    {
        float[] values = new float[places.Count];
        int first = -1, last = -1;
        for (int p = 0; p < places.Count - 1 && start >= 0; p++)
        {
            if (first < 0 && places[p].Start <= start && start < places[p].End)
                first = p;
            if (places[p].Start < end && end <= places[p].End)
                last = p;
        }

        if (isCut && first >= 0)
            last = places.Count - 2;
        if (first < 0 || last < first)
            return values;
        values[first] += First;
        values[last] += Last;
        return values;
    }

    /// <inheritdoc/>
    public override bool LearnsFrom(EncodedExample window) => window.Target.AsSpan().ContainsAnyExcept(0f);

    /// <inheritdoc/>
    public override Prediction Answer(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs)
    {
        _ = PlacesOf(sequences);
        (double best, int start, int end, int firstPlace, int lastPlace) = (double.NegativeInfinity, 0, 0, 0, 0);
        double none = double.PositiveInfinity;
        int offset = 0;
        foreach (IReadOnlyList<TaskPlace> places in sequences!.Places!)
        {
            ReadOnlySpan<float> own = outputs.Slice(2 * offset, 2 * places.Count);
            int count = places.Count - 1;
            for (int i = 0; i < count; i++)
            {
                for (int j = i; j < Math.Min(count, i + MostTokens); j++)
                {
                    double score = (double)own[2 * i] + own[2 * j + 1];
                    if (score > best)
                        (best, start, end, firstPlace, lastPlace) = (score, places[i].Start, places[j].End, offset + i, offset + j);
                }
            }

            none = Math.Min(none, (double)own[2 * count] + own[2 * count + 1]);
            offset += places.Count;
        }

        if (double.IsNegativeInfinity(best) || (task.Threshold is { } threshold && none - best > threshold))
            return new Prediction("", -1, double.NaN, []);
        (start, end) = Trimmed(sequences.Text!, start, Math.Max(start, end));
        double probability = Share(sequences, outputs, 0, firstPlace, task.Threshold is not null) * Share(sequences, outputs, 1, lastPlace, task.Threshold is not null);
        return new Prediction(sequences.Text![start..end], -1, double.NaN, []) { Span = new AnswerSpan(start, end, probability) };
    }

    /// <summary>Returns the range without white space at its ends.</summary>
    private static (int Start, int End) Trimmed(string text, int start, int end)
    {
        while (start < end && char.IsWhiteSpace(text[start]))
            start++;
        while (end > start && char.IsWhiteSpace(text[end - 1]))
            end--;
        return (start, end);
    }

    /// <summary>Returns the share of a place in the softmax over all places of all windows.</summary>
    private static double Share(TaskSequences sequences, ReadOnlySpan<float> outputs, int column, int place, bool hasNone)
    {
        List<float> logits = [];
        int offset = 0, own = 0;
        foreach (IReadOnlyList<TaskPlace> places in sequences.Places!)
        {
            for (int p = 0; p < places.Count - (hasNone ? 0 : 1); p++)
            {
                if (offset + p == place)
                    own = logits.Count;
                logits.Add(outputs[2 * (offset + p) + column]);
            }

            offset += places.Count;
        }

        return LogitRow.Softmax([.. logits])[own];
    }

    /// <inheritdoc/>
    public override double Loss(TaskDescription task, TaskSequences? sequences, ReadOnlySpan<float> outputs, ReadOnlySpan<float> target)
    {
        double sum = 0;
        int offset = 0, windows = 0;
        foreach (IReadOnlyList<TaskPlace> places in sequences!.Places!)
        {
            ReadOnlySpan<float> values = target.Slice(offset, places.Count);
            if (values.ContainsAnyExcept(0f))
            {
                sum += (CrossEntropy(outputs.Slice(2 * offset, 2 * places.Count), 0, values.IndexOfAny(First, Both)) + CrossEntropy(outputs.Slice(2 * offset, 2 * places.Count), 1, values.IndexOfAny(Last, Both))) / 2;
                windows++;
            }

            offset += places.Count;
        }

        return windows == 0 ? 0 : sum / windows;
    }

    private static double CrossEntropy(ReadOnlySpan<float> outputs, int column, int place)
    {
        float[] logits = new float[outputs.Length / 2];
        for (int p = 0; p < logits.Length; p++)
            logits[p] = outputs[2 * p + column];
        return -Math.Log(Math.Max(LogitRow.Softmax(logits)[place], double.Epsilon));
    }

    /// <inheritdoc/>
    public override TaskOutcomes Outcomes(TaskDescription task, IReadOnlyList<TaskExample> examples, IReadOnlyList<Prediction> predictions) =>
        new TaskOutcomes.OfAnswers([.. examples.Select(example => SpanLabel.Read(example).Texts)], [.. predictions.Select(prediction => prediction.Label)]);
}
