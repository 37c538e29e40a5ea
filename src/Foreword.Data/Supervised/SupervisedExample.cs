namespace Foreword.Data.Supervised;

/// <summary>A sequence of tokens of which training predicts some, such as the answers of a dialogue.</summary>
/// <param name="Ids">The ids, 2 or more.</param>
/// <param name="Counts">For each id, whether its prediction counts in the loss. The first one is never predicted.</param>
/// <param name="IsAnswer">For each id, whether it belongs to an answer. Validation measures these.</param>
internal sealed record SupervisedExample(int[] Ids, bool[] Counts, bool[] IsAnswer)
{
    /// <summary>Gets the number of predictions that count.</summary>
    public int Targets => Counts.AsSpan(1).Count(true);

    /// <summary>Gets the number of inputs: each id but the last predicts the next one.</summary>
    public int Length => Ids.Length - 1;
}
