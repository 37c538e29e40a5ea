using Foreword.Numerics;

namespace Foreword.Tasks.Metrics;

/// <summary>
/// A sample of examples, possibly with repeats, in the form that the metrics read. The same object is used for every resample of a bootstrap.
/// Therefore a resample needs only one pass over its examples, without allocation or sorting.
/// </summary>
internal abstract class OutcomeSample
{
    /// <summary>Creates the sample that holds every example once.</summary>
    public static OutcomeSample Whole(TaskOutcomes outcomes)
    {
        OutcomeSample sample = outcomes switch
        {
            TaskOutcomes.OfClasses classes => new ClassSample(classes),
            TaskOutcomes.OfScores scores => new ScoreSample(scores),
            TaskOutcomes.OfClassSets sets => new ClassSetSample(sets),
            TaskOutcomes.OfWordLabels words => new EntitySample(words),
            TaskOutcomes.OfAnswers answers => new AnswerSample(answers),
            _ => throw new ArgumentException($"unknown outcomes {outcomes.GetType().Name}", nameof(outcomes)),
        };
        sample.Draw([.. Enumerable.Range(0, outcomes.Count)]);
        return sample;
    }

    /// <summary>Gets what the model predicts, for messages.</summary>
    public abstract string Kind { get; }

    /// <summary>Returns the index of a class.</summary>
    /// <exception cref="ArgumentException">There is no such class.</exception>
    public virtual int IndexOf(string label) => throw new ArgumentException($"there is no class '{label}'; the model predicts {Kind}", nameof(label));

    /// <summary>Replaces the sample by the given examples.</summary>
    /// <param name="examples">Indices of examples. The number of indices equals the number of examples.</param>
    public abstract void Draw(ReadOnlySpan<int> examples);
}

/// <summary>The row sums, the column sums and the diagonal of a confusion matrix. All metrics of classes can be computed from them.</summary>
internal sealed class ClassSample(TaskOutcomes.OfClasses outcomes) : OutcomeSample
{
    private readonly int[] _hits = new int[outcomes.Labels.Count];
    private readonly int[] _truth = new int[outcomes.Labels.Count];
    private readonly int[] _predicted = new int[outcomes.Labels.Count];

    /// <inheritdoc/>
    public override string Kind => "classes";

    /// <summary>Gets the number of classes, including classes that do not occur.</summary>
    public int Classes => _hits.Length;

    /// <summary>Gets the share of examples whose class was predicted correctly, 0 to 1.</summary>
    public double Accuracy => (double)_hits.Sum() / outcomes.Count;

    /// <summary>Gets the mean F1 of the classes that occur in truth or prediction.</summary>
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

    /// <summary>Gets Matthews' correlation of truth and prediction; 0 if either is constant.</summary>
    public double Matthews
    {
        get
        {
            double hits = 0, both = 0, truth = 0, predicted = 0;
            for (int c = 0; c < Classes; c++)
            {
                hits += _hits[c];
                both += (double)_truth[c] * _predicted[c];
                truth += (double)_truth[c] * _truth[c];
                predicted += (double)_predicted[c] * _predicted[c];
            }

            return Statistics.Matthews(outcomes.Count, hits, both, truth, predicted);
        }
    }

    /// <inheritdoc/>
    public override int IndexOf(string label) => Shares.IndexOf(outcomes.Labels, label);

    /// <summary>Returns the number of examples of a class.</summary>
    public int Count(int c) => _truth[c];

    /// <summary>Returns the share of correct predictions among the examples that were predicted as the class; 0 if there are none.</summary>
    public double Precision(int c) => Shares.Of(_hits[c], _predicted[c]);

    /// <summary>Returns the share of the class's examples that were predicted as the class; 0 if there are none.</summary>
    public double Recall(int c) => Shares.Of(_hits[c], _truth[c]);

    /// <summary>Returns the harmonic mean of precision and recall; 0 if the class does not occur.</summary>
    public double F1(int c) => Shares.F1(_hits[c], _truth[c], _predicted[c]);

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
}

/// <summary>The right and predicted scores with their ranks.</summary>
internal sealed class ScoreSample(TaskOutcomes.OfScores outcomes) : OutcomeSample
{
    private readonly Column _truth = new(outcomes.Truth), _predicted = new(outcomes.Predicted);

    /// <inheritdoc/>
    public override string Kind => "scores";

    /// <summary>Gets Pearson's correlation; NaN if either column is constant.</summary>
    public double Pearson => Statistics.Pearson(_truth.Values, _predicted.Values);

    /// <summary>Gets Pearson's correlation of the ranks, where equal values share their mean rank; NaN if either column is constant.</summary>
    public double Spearman => Statistics.Pearson(_truth.Ranks, _predicted.Ranks);

    /// <summary>Gets the root of the mean squared error.</summary>
    public double Rmse => Math.Sqrt(Statistics.MeanSquaredError(_truth.Values, _predicted.Values));

    public override void Draw(ReadOnlySpan<int> examples)
    {
        _truth.Draw(examples);
        _predicted.Draw(examples);
    }

    /// <summary>
    /// The drawn values of one column. The position of each value among all distinct values is computed once. Therefore ranking a draw needs only
    /// counting.
    /// </summary>
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

        /// <summary>Gets the ranks, from 1. Equal values share the mean of their ranks.</summary>
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
