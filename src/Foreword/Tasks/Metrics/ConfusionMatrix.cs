namespace Foreword.Tasks.Metrics;

/// <summary>Counts the examples for each pair of a right class and a predicted class.</summary>
public sealed class ConfusionMatrix
{
    private readonly int[,] _counts;

    /// <summary>Counts the examples.</summary>
    /// <param name="outcomes">The right and the predicted classes.</param>
    public ConfusionMatrix(TaskOutcomes.OfClasses outcomes)
    {
        ArgumentNullException.ThrowIfNull(outcomes);
        Labels = outcomes.Labels;
        _counts = new int[Labels.Count, Labels.Count];
        for (int i = 0; i < outcomes.Count; i++)
            _counts[outcomes.Truth[i], outcomes.Predicted[i]]++;
    }

    /// <summary>Gets the names of the classes.</summary>
    public IReadOnlyList<string> Labels { get; }

    /// <summary>Gets the number of examples of class <paramref name="truth"/> that were predicted as class <paramref name="predicted"/>.</summary>
    /// <param name="truth">The index of the right class.</param>
    /// <param name="predicted">The index of the predicted class.</param>
    public int this[int truth, int predicted] => _counts[truth, predicted];
}
