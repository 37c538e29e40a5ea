namespace Foreword.Tasks.Metrics;

/// <summary>How many examples of each class were given each class.</summary>
public sealed class ConfusionMatrix
{
    private readonly int[,] _counts;

    /// <summary>Counts the examples.</summary>
    public ConfusionMatrix(TaskOutcomes.OfClasses outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        Labels = outcomes.Labels;
        _counts = new int[Labels.Count, Labels.Count];
        for (int i = 0; i < outcomes.Count; i++)
            _counts[outcomes.Truth[i], outcomes.Predicted[i]]++;
    }

    /// <summary>The names of the classes.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Examples of class <paramref name="truth"/> that were given class <paramref name="predicted"/>.</summary>
    public int this[int truth, int predicted] => _counts[truth, predicted];
}
