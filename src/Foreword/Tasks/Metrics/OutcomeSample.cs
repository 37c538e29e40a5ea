using Foreword.Numerics;

namespace Foreword.Tasks.Metrics;

/// <summary>
/// A choice of examples, repeats allowed, in the form from which the metrics are computed. One object serves every
/// resample of a bootstrap, so that a resample costs one pass over its examples: nothing is allocated, nothing sorted.
/// </summary>
internal abstract class OutcomeSample
{
    /// <summary>The sample that holds every example once.</summary>
    public static OutcomeSample Whole(TaskOutcomes outcomes)
    {
        OutcomeSample sample = outcomes switch
        {
            TaskOutcomes.OfClasses classes => new ClassSample(classes),
            TaskOutcomes.OfScores scores => new ScoreSample(scores),
            _ => throw new ArgumentException($"unknown outcomes {outcomes.GetType().Name}", nameof(outcomes)),
        };
        sample.Draw([.. Enumerable.Range(0, outcomes.Count)]);
        return sample;
    }

    /// <summary>Makes these examples the sample.</summary>
    /// <param name="examples">Indices of examples, as many as there are examples.</param>
    public abstract void Draw(ReadOnlySpan<int> examples);
}

/// <summary>The margins and the diagonal of a confusion matrix: all that the metrics of classes depend on.</summary>
internal sealed class ClassSample(TaskOutcomes.OfClasses outcomes) : OutcomeSample
{
    private readonly int[] _hits = new int[outcomes.Labels.Count];
    private readonly int[] _truth = new int[outcomes.Labels.Count];
    private readonly int[] _predicted = new int[outcomes.Labels.Count];

    /// <summary>Classes, whether they occur or not.</summary>
    public int Classes => _hits.Length;

    /// <summary>The share of examples that were given their class.</summary>
    public double Accuracy => (double)_hits.Sum() / outcomes.Count;

    /// <summary>The mean F1 of the classes that occur in truth or prediction.</summary>
    public double MacroF1
    {
        get
        {
            double sum = 0;
            int occurring = 0;
            for (int c = 0; c < Classes; c++)
            {
                sum += F1(c);
                occurring += _truth[c] + _predicted[c] > 0 ? 1 : 0;
            }

            return sum / occurring;
        }
    }

    /// <summary>
    /// Matthews' correlation of truth and prediction for any number of classes (Gorodkin, "Comparing two K-category
    /// assignments by a K-category correlation coefficient", 2004); 0 where either is constant.
    /// </summary>
    public double Matthews
    {
        get
        {
            double n = outcomes.Count, hits = 0, both = 0, truth = 0, predicted = 0;
            for (int c = 0; c < Classes; c++)
            {
                hits += _hits[c];
                both += (double)_truth[c] * _predicted[c];
                truth += (double)_truth[c] * _truth[c];
                predicted += (double)_predicted[c] * _predicted[c];
            }

            double spread = (n * n - truth) * (n * n - predicted);
            return spread > 0 ? (n * hits - both) / Math.Sqrt(spread) : 0;
        }
    }

    /// <summary>The number of a class.</summary>
    /// <exception cref="ArgumentException">There is no such class.</exception>
    public int IndexOf(string label)
    {
        for (int c = 0; c < Classes; c++)
        {
            if (outcomes.Labels[c] == label)
                return c;
        }

        throw new ArgumentException($"there is no class '{label}'; the classes are {string.Join(", ", outcomes.Labels.Take(8))}");
    }

    /// <summary>Examples of a class.</summary>
    public int Count(int c) => _truth[c];

    /// <summary>The share of right ones among the examples that were given the class; 0 where there are none.</summary>
    public double Precision(int c) => Share(_hits[c], _predicted[c]);

    /// <summary>The share of the class's examples that were given it; 0 where there are none.</summary>
    public double Recall(int c) => Share(_hits[c], _truth[c]);

    /// <summary>The harmonic mean of precision and recall; 0 where a class does not occur.</summary>
    public double F1(int c) => Share(2 * _hits[c], _truth[c] + _predicted[c]);

    public override void Draw(ReadOnlySpan<int> examples)
    {
        Array.Clear(_hits);
        Array.Clear(_truth);
        Array.Clear(_predicted);
        foreach (int i in examples)
        {
            int truth = outcomes.Truth[i], predicted = outcomes.Predicted[i];
            _truth[truth]++;
            _predicted[predicted]++;
            if (truth == predicted)
                _hits[truth]++;
        }
    }

    private static double Share(int part, int whole) => whole > 0 ? (double)part / whole : 0;
}

/// <summary>Right and predicted scores with their ranks.</summary>
internal sealed class ScoreSample(TaskOutcomes.OfScores outcomes) : OutcomeSample
{
    private readonly Column _truth = new(outcomes.Truth), _predicted = new(outcomes.Predicted);

    /// <summary>Pearson's correlation; NaN where either column is constant.</summary>
    public double Pearson => Statistics.Pearson(_truth.Values, _predicted.Values);

    /// <summary>Pearson's correlation of the ranks, ties at their mean rank; NaN where either column is constant.</summary>
    public double Spearman => Statistics.Pearson(_truth.Ranks, _predicted.Ranks);

    /// <summary>The root of the mean squared error.</summary>
    public double Rmse => Math.Sqrt(Statistics.MeanSquaredError(_truth.Values, _predicted.Values));

    public override void Draw(ReadOnlySpan<int> examples)
    {
        _truth.Draw(examples);
        _predicted.Draw(examples);
    }

    /// <summary>Drawn values. Where a value stands among all distinct ones is known once and for all, so ranking a draw takes counting only.</summary>
    private sealed class Column
    {
        private readonly double[] _all;
        private readonly int[] _places;
        private readonly int[] _counts;
        private readonly double[] _rankAt;

        public Column(double[] all)
        {
            double[] distinct = [.. all.Distinct().Order()];
            _all = all;
            _places = [.. all.Select(value => Array.BinarySearch(distinct, value))];
            _counts = new int[distinct.Length];
            _rankAt = new double[distinct.Length];
            Values = new double[all.Length];
            Ranks = new double[all.Length];
        }

        public double[] Values { get; }

        /// <summary>From 1; equal values share the mean of their ranks.</summary>
        public double[] Ranks { get; }

        public void Draw(ReadOnlySpan<int> examples)
        {
            Array.Clear(_counts);
            for (int k = 0; k < examples.Length; k++)
            {
                Values[k] = _all[examples[k]];
                _counts[_places[examples[k]]]++;
            }

            int below = 0;
            for (int place = 0; place < _counts.Length; place++)
            {
                _rankAt[place] = below + (_counts[place] + 1) / 2.0;
                below += _counts[place];
            }

            for (int k = 0; k < examples.Length; k++)
                Ranks[k] = _rankAt[_places[examples[k]]];
        }
    }
}
