using System.Globalization;

namespace Foreword.Tasks.Metrics;

/// <summary>The predictions of a fine-tuned model for each example of a labeled set, together with the right answers.</summary>
public abstract record TaskOutcomes
{
    /// <summary>Gets the number of examples, 1 or more.</summary>
    public abstract int Count { get; }

    /// <summary>Gets the answer if the model gave all examples the same answer although their right answers differ; null otherwise.</summary>
    public abstract string? PredictsOnly { get; }

    /// <summary>
    /// Gets <see cref="PredictsOnly"/> as a part of a warning, such as "all 40 examples the label 'spam'"; null if there is nothing to warn about.
    /// </summary>
    public abstract string? SameAnswer { get; }

    private TaskOutcomes()
    {
    }

    /// <summary>The outcomes with one class for each example.</summary>
    /// <param name="Truth">The right class of each example, as an index into the labels.</param>
    /// <param name="Predicted">The predicted class of each example, as an index into the labels.</param>
    /// <param name="Labels">The names of the classes.</param>
    /// <param name="Probabilities">The probability of every class for each example. Each row sums to 1.</param>
    /// <exception cref="ArgumentException">
    /// The lengths differ, there are no examples, a class is not one of the labels, or a row is not a distribution.
    /// </exception>
    public sealed record OfClasses(int[] Truth, int[] Predicted, IReadOnlyList<string> Labels, double[][] Probabilities) : TaskOutcomes
    {
        /// <inheritdoc/>
        public override int Count { get; } = Checked(Truth, Predicted, Labels, Probabilities);

        /// <inheritdoc/>
        public override string? PredictsOnly => Predicted.All(c => c == Predicted[0]) && Truth.Any(c => c != Truth[0]) ? Labels[Predicted[0]] : null;

        /// <inheritdoc/>
        public override string? SameAnswer => PredictsOnly is { } label ? string.Create(CultureInfo.InvariantCulture, $"all {Count:N0} examples the label '{label}'") : null;

        private static int Checked(int[] truth, int[] predicted, IReadOnlyList<string> labels, double[][] probabilities)
        {
            ArgumentNullException.ThrowIfNull(labels);
            ArgumentNullException.ThrowIfNull(probabilities);
            int count = SameLength(truth, predicted);
            if (probabilities.Length != count)
                throw new ArgumentException($"there are {count} examples, but probabilities for {probabilities.Length}", nameof(probabilities));
            for (int i = 0; i < count; i++)
            {
                CheckClass("right", truth[i], i, labels.Count, nameof(truth));
                CheckClass("predicted", predicted[i], i, labels.Count, nameof(predicted));
                CheckDistribution(probabilities[i], i, labels.Count, nameof(probabilities));
            }

            return count;
        }

        private static void CheckClass(string which, int value, int example, int classes, string parameter)
        {
            if ((uint)value >= (uint)classes)
                throw new ArgumentException($"the {which} class of example {example} is {value}, but there are {classes} labels", parameter);
        }

        private static void CheckDistribution(double[] row, int example, int classes, string parameter)
        {
            if (row.Length != classes)
                throw new ArgumentException($"example {example} has {row.Length} probabilities, but there are {classes} labels", parameter);
            double sum = 0;
            foreach (double probability in row)
            {
                if (!(probability >= 0))
                    throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"example {example} has the probability {probability}"), parameter);
                sum += probability;
            }

            if (!(Math.Abs(sum - 1) <= 1e-3)) // the limit is far above the rounding error of a float32 softmax
                throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"the probabilities of example {example} sum to {sum}, not to 1"), parameter);
        }
    }

    /// <summary>The outcomes with one number for each example.</summary>
    /// <param name="Truth">The right score of each example.</param>
    /// <param name="Predicted">The predicted score of each example.</param>
    /// <exception cref="ArgumentException">The lengths differ, there are no examples, or a score is not finite.</exception>
    public sealed record OfScores(double[] Truth, double[] Predicted) : TaskOutcomes
    {
        /// <inheritdoc/>
        public override int Count { get; } = Checked(Truth, Predicted);

        /// <summary>
        /// Gets the mean predicted score if all predictions are within a range that is 1 % of the range of the right scores; null otherwise.
        /// </summary>
        public override string? PredictsOnly =>
            Truth.Max() > Truth.Min() && Predicted.Max() - Predicted.Min() < 0.01 * (Truth.Max() - Truth.Min()) ? Predicted.Average().ToString("0.####", CultureInfo.InvariantCulture) : null;

        /// <inheritdoc/>
        public override string? SameAnswer => PredictsOnly is { } score ? string.Create(CultureInfo.InvariantCulture, $"all {Count:N0} examples about the same score, {score}") : null;

        private static int Checked(double[] truth, double[] predicted)
        {
            int count = SameLength(truth, predicted);
            for (int i = 0; i < count; i++)
            {
                if (!double.IsFinite(truth[i]) || !double.IsFinite(predicted[i]))
                    throw new ArgumentException(string.Create(CultureInfo.InvariantCulture, $"example {i} has the score {truth[i]} and was given {predicted[i]}; both must be finite"), nameof(predicted));
            }

            return count;
        }
    }

    /// <summary>The outcomes with a set of classes for each example.</summary>
    /// <param name="Truth">For each example, whether it has each class.</param>
    /// <param name="Predicted">For each example, whether each class was predicted.</param>
    /// <param name="Labels">The names of the classes.</param>
    /// <param name="Probabilities">For each example, the probability of each class, 0 to 1. The classes are independent.</param>
    /// <exception cref="ArgumentException">The lengths differ, or there are no examples.</exception>
    public sealed record OfClassSets(bool[][] Truth, bool[][] Predicted, IReadOnlyList<string> Labels, double[][] Probabilities) : TaskOutcomes, IComparedAnswers
    {
        /// <inheritdoc/>
        public override int Count { get; } = Checked(Truth, Predicted, Labels, Probabilities);

        /// <inheritdoc/>
        public override string? PredictsOnly =>
            Predicted.All(set => set.AsSpan().SequenceEqual(Predicted[0])) && Truth.Any(set => !set.AsSpan().SequenceEqual(Truth[0])) ? Text(Predicted[0]) : null;

        /// <inheritdoc/>
        public override string? SameAnswer => PredictsOnly is { } labels ? string.Create(CultureInfo.InvariantCulture, $"all {Count:N0} examples {(labels.Length == 0 ? "no label" : $"the labels '{labels}'")}") : null;

        ComparedAnswer IComparedAnswers.At(int example) => new(Text(Truth[example]), Text(Predicted[example]),
            Enumerable.Range(0, Labels.Count).Sum(c => Truth[example][c] == Predicted[example][c] ? 0 : Math.Abs((Truth[example][c] ? 1 : 0) - Probabilities[example][c])));

        private string Text(bool[] set) => string.Join('|', Labels.Where((_, c) => set[c]));

        private static int Checked(bool[][] truth, bool[][] predicted, IReadOnlyList<string> labels, double[][] probabilities)
        {
            ArgumentNullException.ThrowIfNull(labels);
            ArgumentNullException.ThrowIfNull(probabilities);
            int count = SameLength(truth, predicted);
            if (probabilities.Length != count)
                throw new ArgumentException($"there are {count} examples, but probabilities for {probabilities.Length}", nameof(probabilities));
            return Enumerable.Range(0, count).FirstOrDefault(i => truth[i].Length != labels.Count || predicted[i].Length != labels.Count || probabilities[i].Length != labels.Count, -1) is var wrong and >= 0
                ? throw new ArgumentException($"example {wrong} does not have a value for each of {labels.Count} labels", nameof(truth))
                : count;
        }
    }

    /// <summary>The outcomes with one label for each word of each example.</summary>
    /// <param name="Truth">The right labels of each example.</param>
    /// <param name="Predicted">The predicted labels of each example.</param>
    /// <param name="HasEntities">Whether labels mark entities, see <see cref="Entity.AreIn"/>. If not, each word with another label than O counts as one.</param>
    /// <exception cref="ArgumentException">The lengths differ, or there are no examples.</exception>
    public sealed record OfWordLabels(string[][] Truth, string[][] Predicted, bool HasEntities) : TaskOutcomes, IComparedAnswers
    {
        /// <inheritdoc/>
        public override int Count { get; } = Checked(Truth, Predicted);

        /// <inheritdoc/>
        public override string? PredictsOnly => Predicted.SelectMany(labels => labels).Distinct().Take(2).ToArray() is [var only] && Truth.Any(labels => labels.Any(label => label != only)) ? only : null;

        /// <inheritdoc/>
        public override string? SameAnswer => PredictsOnly is { } label ? string.Create(CultureInfo.InvariantCulture, $"every word of all {Count:N0} examples the label '{label}'") : null;

        ComparedAnswer IComparedAnswers.At(int example) => new(
            string.Join(' ', Truth[example]), string.Join(' ', Predicted[example]), Truth[example].Zip(Predicted[example]).Count(pair => pair.First != pair.Second));

        private static int Checked(string[][] truth, string[][] predicted)
        {
            int count = SameLength(truth, predicted);
            return Enumerable.Range(0, count).FirstOrDefault(i => truth[i].Length != predicted[i].Length, -1) is var wrong and >= 0
                ? throw new ArgumentException($"example {wrong} has {truth[wrong].Length} right labels, but {predicted[wrong].Length} predicted ones", nameof(predicted))
                : count;
        }
    }

    /// <summary>The outcomes with a part of a text for each question.</summary>
    /// <param name="Right">The right answers of each question, any of which is right; empty if it has none.</param>
    /// <param name="Predicted">The predicted answer of each question; empty for no answer.</param>
    /// <exception cref="ArgumentException">The lengths differ, or there are no questions.</exception>
    public sealed record OfAnswers(IReadOnlyList<string>[] Right, string[] Predicted) : TaskOutcomes, IComparedAnswers
    {
        /// <inheritdoc/>
        public override int Count { get; } = SameLength<object>(Right, Predicted);

        /// <inheritdoc/>
        public override string? PredictsOnly => Array.TrueForAll(Predicted, answer => answer == Predicted[0]) && Right.Any(answers => !answers.DefaultIfEmpty("").Contains(Predicted[0])) ? Predicted[0] : null;

        /// <inheritdoc/>
        public override string? SameAnswer => PredictsOnly is { } answer ? string.Create(CultureInfo.InvariantCulture, $"all {Count:N0} questions {(answer.Length == 0 ? "no answer" : $"the answer '{answer}'")}") : null;

        ComparedAnswer IComparedAnswers.At(int example) => new(string.Join(" | ", Right[example].Distinct()), Predicted[example], 2 - SquadScore.F1(Right[example], Predicted[example]) - SquadScore.Exact(Right[example], Predicted[example]));
    }

    private static int SameLength<T>(T[] truth, T[] predicted)
    {
        ArgumentNullException.ThrowIfNull(truth);
        ArgumentNullException.ThrowIfNull(predicted);
        if (truth.Length != predicted.Length)
            throw new ArgumentException($"there are {truth.Length} true values, but {predicted.Length} predictions", nameof(predicted));
        return truth.Length > 0 ? truth.Length : throw new ArgumentException("there is no example to evaluate", nameof(truth));
    }
}

/// <summary>The right and the predicted answer of an example, for reports.</summary>
/// <param name="Right">The right answer.</param>
/// <param name="Predicted">The predicted answer.</param>
/// <param name="Error">How wrong the prediction is; 0 if it is right.</param>
internal sealed record ComparedAnswer(string Right, string Predicted, double Error);

/// <summary>Compares the answer of each example with the right one.</summary>
internal interface IComparedAnswers
{
    /// <summary>Returns the answers of an example.</summary>
    ComparedAnswer At(int example);
}
