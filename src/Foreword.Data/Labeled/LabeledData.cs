using System.Globalization;
using Foreword.Numerics;
using Foreword.Tasks;
using Foreword.Tasks.Targets;

namespace Foreword.Data.Labeled;

/// <summary>Learns the labels and their weights from a training set, and splits the set.</summary>
internal static class LabeledData
{
    /// <summary>Derives from the examples what the head has to predict. Other properties of <paramref name="draft"/> do not change.</summary>
    /// <remarks>
    /// For classes and choices, this sets the labels in sorted order (numeric order if all are whole numbers), unless the draft lists labels. Classes
    /// may also get weights. For scores, it sets the mean and the standard deviation. For soft labels, it sets the steps, unless the draft lists
    /// them.
    /// </remarks>
    /// <param name="draft">Kind, columns, target and optionally the labels in their order.</param>
    /// <param name="train">The training examples.</param>
    /// <param name="weights">How classes are weighted.</param>
    /// <param name="source">The name of the training set in messages, such as its first file.</param>
    /// <exception cref="InvalidDataException">There are no examples, the labels do not differ, or a label does not fit.</exception>
    public static TaskDescription Learn(TaskDescription draft, IReadOnlyList<TaskExample> train, ClassWeighting weights, string source)
    {
        ArgumentNullException.ThrowIfNull(draft);
        ArgumentNullException.ThrowIfNull(train);
        if (train.Count == 0)
            throw new InvalidDataException($"{source}: there are no examples");
        TaskTarget target = TaskTarget.Of(draft.Target);
        SortedSet<string> distinct = new(train.SelectMany(example => target.Names(example.Label!)), StringComparer.Ordinal);
        bool isKnownChoice = draft.Target == TargetKind.Choice && draft.Labels.Count > 0; // the texts of the choices differ, even if the right one always has the same place
        if (!isKnownChoice && target.OnlyLabel([.. train.Select(example => example.Label!)]) is { } only)
            throw new InvalidDataException($"{source}: all {train.Count} examples have the label '{only}'; there is nothing to learn");
        if (draft.Target is TargetKind.Score or TargetKind.SoftLabels)
            ExampleChecks.Scores(draft, train, source);
        TaskDescription learnt = draft.Target switch
        {
            TargetKind.Score => draft with { Labels = [], ScoreMean = Scores(train).Average(), ScoreScale = Deviation([.. Scores(train)]) },
            TargetKind.SoftLabels => draft with { Labels = draft.Labels.Count > 0 ? draft.Labels : Steps(train) },
            _ => draft with { Labels = draft.Labels.Count > 0 ? draft.Labels : Sorted(distinct) },
        };
        if (learnt.Target == TargetKind.Choice && train.Max(example => example.Choices.Count) is var most && (draft.Labels.Count == 0 ? most != learnt.Labels.Count : most > learnt.Labels.Count))
            throw new InvalidDataException($"{source}: the examples have up to {most} choices but {learnt.Labels.Count} labels ({string.Join(", ", learnt.Labels.Take(8))}); {(ExampleChecks.SwappedColumns(draft, train) is { Length: > 0 } swapped ? swapped[2..] : "list the choices in their order in task.labels")}");
        if (train.FirstOrDefault(example => draft.Labels.Count == 0 && draft.Target != TargetKind.Span && TaskLabel.IsMissing(example.Label!)) is { } unlabeled)
            throw new InvalidDataException($"{unlabeled.MessagePrefix}label '{unlabeled.Label}' means a missing label; remove the row (if it is a class, list the classes in task.labels)");
        foreach (TaskExample example in train)
            _ = learnt.TargetOf(example); // a label outside the listed ones is reported with its row
        if (target.Thresholds is not null)
            learnt = learnt with { Threshold = draft.Threshold ?? target.UsualThreshold(train) };
        if (weights == ClassWeighting.Balanced && learnt.Target == TargetKind.Classes)
            learnt = learnt with { ClassWeights = Balanced(learnt.Labels, train) };
        return learnt;
    }

    /// <summary>
    /// Splits off a share of the examples for validation. The same seed selects the same examples. Both parts keep the order of the file.
    /// </summary>
    /// <param name="examples">All examples.</param>
    /// <param name="share">
    /// The share to hold out, above 0 and below 1. At least one example is held out. If the split is stratified, this applies to each label that has
    /// two or more examples.
    /// </param>
    /// <param name="stratified">Whether the share is taken from each label separately. Do not use it for scores.</param>
    /// <param name="seed">The seed that selects the examples.</param>
    /// <param name="unit">Returns what examples must share to stay together, such as their context; null if each is on its own.</param>
    /// <exception cref="InvalidDataException">There are fewer than two examples, or all have the same unit.</exception>
    public static (IReadOnlyList<TaskExample> Train, IReadOnlyList<TaskExample> HeldOut) Split(IReadOnlyList<TaskExample> examples, double share, bool stratified, int seed, Func<TaskExample, string>? unit = null)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (examples.Count < 2)
            throw new InvalidDataException($"the training set has {examples.Count} example, which cannot be split into training and validation");
        bool[] held = new bool[examples.Count];
        if (unit is not null)
            Hold(examples, share, seed, unit, held);
        foreach (IGrouping<string, int> group in Enumerable.Range(0, unit is null ? examples.Count : 0).GroupBy(i => stratified ? examples[i].Label! : ""))
        {
            int[] members = [.. group];
            int take = members.Length == 1 ? 0 : Math.Clamp((int)Math.Round(share * members.Length, MidpointRounding.AwayFromZero), 1, members.Length - 1);
            foreach (int chosen in members.OrderBy(i => SplitMix.Bits((ulong)seed, (ulong)i)).Take(take))
                held[chosen] = true;
        }

        return ([.. examples.Where((_, i) => !held[i])], [.. examples.Where((_, i) => held[i])]);
    }

    /// <summary>Holds out whole units, in a random order, until their examples reach the share. At least one unit stays on each side.</summary>
    private static void Hold(IReadOnlyList<TaskExample> examples, double share, int seed, Func<TaskExample, string> unit, bool[] held)
    {
        int[][] units = [.. Enumerable.Range(0, examples.Count).GroupBy(i => unit(examples[i])).Select(group => group.ToArray())];
        if (units.Length == 1)
            throw new InvalidDataException($"all {examples.Count} training examples have the same context, so none can be held out; give a validation set with data.validation");
        int taken = 0;
        foreach (int chosen in Enumerable.Range(0, units.Length).OrderBy(u => SplitMix.Bits((ulong)seed, (ulong)u)).Take(units.Length - 1))
        {
            if (taken > 0 && taken + units[chosen].Length / 2.0 > share * examples.Count)
                break;
            taken += units[chosen].Length;
            foreach (int i in units[chosen])
                held[i] = true;
        }
    }

    /// <summary>
    /// Draws a number of examples at random. The same seed draws the same examples, which keep the order of the file. With classes, each class gets
    /// its share, rounded so that the numbers add up, and at least one example if there are enough for all classes.
    /// </summary>
    /// <param name="examples">The examples to draw from.</param>
    /// <param name="count">The number to draw, 2 or more.</param>
    /// <param name="byClass">Whether each class gets its share. If false, all examples have the same chance.</param>
    /// <param name="seed">The seed that selects the examples.</param>
    /// <param name="source">The name of the examples in messages.</param>
    /// <exception cref="InvalidDataException">There are fewer examples than requested.</exception>
    public static IReadOnlyList<TaskExample> Sample(IReadOnlyList<TaskExample> examples, int count, bool byClass, int seed, string source)
    {
        ArgumentNullException.ThrowIfNull(examples);
        if (count > examples.Count)
            throw new InvalidDataException($"{source}: {count} examples are to be drawn, but there are {examples.Count} training examples");
        int[][] groups = [.. Enumerable.Range(0, examples.Count).GroupBy(i => byClass ? TaskLabel.Canonical(examples[i].Label!) : "").OrderBy(group => group.Key, StringComparer.Ordinal).Select(group => group.ToArray())];
        int[] take = new int[groups.Length];
        if (count >= groups.Length)
            Array.Fill(take, 1);
        for (int left = count - take.Sum(); left > 0; left--)
        {
            int next = Enumerable.Range(0, groups.Length).Where(g => take[g] < groups[g].Length).MaxBy(g => (double)groups[g].Length / examples.Count * count - take[g]);
            take[next]++;
        }

        ulong key = SplitMix.Bits((ulong)seed, 0x5A3B1E); // another sequence than that of Split, so that both draws are independent
        return [.. groups.SelectMany((group, g) => group.OrderBy(i => SplitMix.Bits(key, (ulong)i)).Take(take[g])).Order().Select(i => examples[i])];
    }

    private static IEnumerable<double> Scores(IEnumerable<TaskExample> examples) => examples.Select(e => TaskDescription.Number(e.Label!, e.Where));

    /// <summary>Computes the standard deviation of the whole set (divided by n). The scores differ, so the result is above 0.</summary>
    private static double Deviation(double[] scores)
    {
        double mean = scores.Average();
        return Math.Sqrt(scores.Average(score => (score - mean) * (score - mean)));
    }

    /// <summary>Returns the whole numbers from below the lowest score to above the highest.</summary>
    private static IReadOnlyList<string> Steps(IReadOnlyList<TaskExample> train)
    {
        const int MostSteps = 100;
        int least = (int)Math.Floor(Scores(train).Min()), most = (int)Math.Ceiling(Scores(train).Max());
        if (most - least is < 1 or >= MostSteps)
            throw new InvalidDataException($"{train[0].Where}: the scores range from {least} to {most}; soft labels need a range of 1 to {MostSteps - 1} (task.target: score has no such limit)");
        return [.. Enumerable.Range(least, most - least + 1).Select(step => step.ToString(CultureInfo.InvariantCulture))];
    }

    private static IReadOnlyList<string> Sorted(SortedSet<string> labels) => labels.All(label => long.TryParse(label, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out _))
        ? [.. labels.OrderBy(label => long.Parse(label, CultureInfo.InvariantCulture))]
        : [.. labels];

    /// <summary>Computes the weights n / (k n_c). All classes have the same total weight, and the mean weight of an example is 1.</summary>
    private static double[] Balanced(IReadOnlyList<string> labels, IReadOnlyList<TaskExample> train)
    {
        Dictionary<string, int> counts = train.CountBy(example => TaskLabel.Canonical(example.Label!)).ToDictionary(StringComparer.Ordinal);
        int present = labels.Count(label => counts.ContainsKey(TaskLabel.Canonical(label)));
        return [.. labels.Select(label => counts.TryGetValue(TaskLabel.Canonical(label), out int count) ? (double)train.Count / (present * count) : 1)];
    }
}
