using Foreword.Tasks.Metrics;

namespace Foreword.Tasks.Kinds;

/// <summary>
/// Gives each word of a text a label, such as the part of a name that it is. The sequence is <c>[start] words [extract]</c>. The label of a word is
/// predicted from the state at its last token. The model reads from left to right, so that it knows only the words before. A text that does not fit is
/// read in windows. Each word is answered in the first window that holds it, where it has the most words before it.
/// </summary>
internal sealed class TokenLabelsTask : FineTuningTask
{
    /// <inheritdoc/>
    public override string Kind => "token-labels";

    /// <inheritdoc/>
    public override IReadOnlyList<TaskColumn> Columns { get; } = [new("text", IsWords: true)];

    /// <inheritdoc/>
    public override IReadOnlyList<TargetKind> Targets { get; } = [TargetKind.WordClasses];

    /// <inheritdoc/>
    public override HeadInput HeadInput => HeadInput.Places;

    /// <inheritdoc/>
    public override bool ReadsWindows => true;

    /// <inheritdoc/>
    public override IReadOnlyList<TaskMetric> Metrics(TargetKind target) => [TaskMetric.EntityF1, TaskMetric.EntityPrecision, TaskMetric.EntityRecall, TaskMetric.TokenAccuracy];

    /// <summary>Returns the words of a text, which white space separates.</summary>
    public static string[] Words(string text) => text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);

    /// <inheritdoc/>
    public override TaskSequences Transform(TaskExample example, TaskEncoder encoder)
    {
        ArgumentNullException.ThrowIfNull(example);
        ArgumentNullException.ThrowIfNull(encoder);
        List<int> ids = [];
        List<int> last = []; // the index of the last token of each word
        foreach (string word in Words(example.Texts[0]!))
        {
            encoder.Tokenizer.Encode(last.Count == 0 ? word : $" {word}", ids, allowSpecial: false, continues: last.Count > 0);
            last.Add(ids.Count - 1); // a word without tokens is answered at the token before it
        }

        int room = encoder.Room, next = 0;
        List<int[]> sequences = [];
        List<IReadOnlyList<TaskPlace>> places = [];
        foreach (int start in TaskEncoder.WindowStarts(ids.Count, room, encoder.Stride ?? Math.Max(1, room / 2)))
        {
            int end = Math.Min(ids.Count, start + room);
            List<TaskPlace> own = [];
            for (; next < last.Count && last[next] < Math.Max(end, 1); next++)
                own.Add(new TaskPlace(encoder.Template.Before.Count + last[next] - start, next, next + 1));
            if (own.Count == 0)
                continue;
            sequences.Add(encoder.Join([[.. ids[start..end]]]).Sequence);
            places.Add(own);
        }

        return new TaskSequences(sequences, IsTruncated: false) { Places = places };
    }
}
