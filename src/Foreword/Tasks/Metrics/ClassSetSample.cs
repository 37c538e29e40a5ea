namespace Foreword.Tasks.Metrics;

/// <summary>Counts, for sets of classes, how often each class is right, is predicted, and both. All metrics of sets can be computed from them and from ranks.</summary>
internal sealed class ClassSetSample(TaskOutcomes.OfClassSets outcomes) : OutcomeSample
{
    private readonly int[] _hits = new int[outcomes.Labels.Count];
    private readonly int[] _truth = new int[outcomes.Labels.Count];
    private readonly int[] _predicted = new int[outcomes.Labels.Count];
    private readonly int[] _times = new int[outcomes.Count];
    private readonly int[]?[] _ranked = new int[]?[outcomes.Labels.Count];
    private int _exact;

    /// <inheritdoc/>
    public override string Kind => "sets of classes";

    /// <summary>Gets F1 over all pairs of an example and a class: 2 hits / (right + predicted); 0 if there are none.</summary>
    public double MicroF1 => Shares.F1(_hits.Sum(), _truth.Sum(), _predicted.Sum());

    /// <summary>Gets the mean F1 of the classes that occur in truth or prediction; 0 if none occurs.</summary>
    public double MacroF1
    {
        get
        {
            int[] occurring = [.. Enumerable.Range(0, _hits.Length).Where(c => _truth[c] + _predicted[c] > 0)];
            return occurring.Length == 0 ? 0 : occurring.Average(F1);
        }
    }

    /// <summary>Gets the share of examples whose set was predicted exactly.</summary>
    public double ExactMatch => (double)_exact / outcomes.Count;

    /// <summary>Gets the share of wrong decisions among all pairs of an example and a class.</summary>
    public double HammingLoss => (double)(_truth.Sum() + _predicted.Sum() - 2 * _hits.Sum()) / ((double)outcomes.Count * _hits.Length);

    /// <summary>Gets the mean average precision of the classes that some example has; NaN if there are none.</summary>
    public double MeanAveragePrecision
    {
        get
        {
            int[] occurring = [.. Enumerable.Range(0, _hits.Length).Where(c => _truth[c] > 0)];
            return occurring.Length == 0 ? double.NaN : occurring.Average(AveragePrecision);
        }
    }

    /// <summary>Returns the number of examples of a class.</summary>
    public int Count(int c) => _truth[c];

    /// <summary>Returns the share of right predictions among the predictions of a class; 0 if there are none.</summary>
    public double Precision(int c) => Shares.Of(_hits[c], _predicted[c]);

    /// <summary>Returns the share of a class's examples that were predicted to have it; 0 if there are none.</summary>
    public double Recall(int c) => Shares.Of(_hits[c], _truth[c]);

    /// <summary>Returns the harmonic mean of precision and recall; 0 if the class does not occur.</summary>
    public double F1(int c) => Shares.F1(_hits[c], _truth[c], _predicted[c]);

    /// <inheritdoc/>
    public override int IndexOf(string label) => Shares.IndexOf(outcomes.Labels, label);

    public override void Draw(ReadOnlySpan<int> examples)
    {
        Array.Clear(_hits);
        Array.Clear(_truth);
        Array.Clear(_predicted);
        Array.Clear(_times);
        _exact = 0;
        foreach (int i in examples)
        {
            _times[i]++;
            bool[] truth = outcomes.Truth[i], predicted = outcomes.Predicted[i];
            bool isExact = true;
            for (int c = 0; c < truth.Length; c++)
            {
                _truth[c] += truth[c] ? 1 : 0;
                _predicted[c] += predicted[c] ? 1 : 0;
                _hits[c] += truth[c] && predicted[c] ? 1 : 0;
                isExact &= truth[c] == predicted[c];
            }

            _exact += isExact ? 1 : 0;
        }
    }

    /// <summary>
    /// Computes the sum of precision times the increase of recall over the examples in the order of their probability. Examples of equal probability
    /// count together.
    /// </summary>
    private double AveragePrecision(int c)
    {
        int[] order = _ranked[c] ??= [.. Enumerable.Range(0, outcomes.Count).OrderByDescending(i => outcomes.Probabilities[i][c])];
        double sum = 0;
        int seen = 0, hits = 0, before = 0;
        for (int k = 0; k < order.Length; k++)
        {
            seen += _times[order[k]];
            hits += outcomes.Truth[order[k]][c] ? _times[order[k]] : 0;
            if (k + 1 < order.Length && outcomes.Probabilities[order[k + 1]][c] == outcomes.Probabilities[order[k]][c])
                continue;
            if (hits > before)
                sum += (double)hits / seen * (hits - before);
            before = hits;
        }

        return sum / _truth[c];
    }
}

/// <summary>Computes shares of counts. A share of nothing is 0.</summary>
internal static class Shares
{
    /// <summary>Returns a part as a share of the whole; 0 if the whole is 0.</summary>
    public static double Of(int part, int whole) => whole > 0 ? (double)part / whole : 0;

    /// <summary>Returns the harmonic mean of precision and recall; 0 if there is nothing right or predicted.</summary>
    public static double F1(int hits, int truth, int predicted) => Of(2 * hits, truth + predicted);

    /// <summary>Returns the index of a class.</summary>
    /// <exception cref="ArgumentException">There is no such class.</exception>
    public static int IndexOf(IReadOnlyList<string> labels, string label)
    {
        for (int c = 0; c < labels.Count; c++)
        {
            if (labels[c] == label)
                return c;
        }

        throw new ArgumentException($"there is no class '{label}'; the classes are {string.Join(", ", labels.Take(8))}", nameof(label));
    }
}
