namespace Foreword.Evaluation.Overlap;

/// <summary>How much of a text the training text holds.</summary>
/// <param name="Grams">Its 8-grams; 0 where it has fewer than eight words.</param>
/// <param name="Found">Those of them that the training text has.</param>
public readonly record struct OverlapShare(long Grams, long Found)
{
    /// <summary>The share of 8-grams found, 0 to 1; 0 where there are none.</summary>
    public double Share => Grams == 0 ? 0 : (double)Found / Grams;

    /// <summary>Whether any 8-gram was found.</summary>
    public bool IsOverlapping => Found > 0;
}

/// <summary>The overlap of one document.</summary>
/// <param name="Number">Its number in its set, from 1.</param>
/// <param name="Beginning">Its first characters.</param>
/// <param name="Share">How much of it was found.</param>
public sealed record DocumentOverlap(long Number, string Beginning, OverlapShare Share);

/// <summary>How far the building of a filter is.</summary>
/// <param name="IsCounting">True in the first pass, which counts; false in the second, which fills.</param>
/// <param name="Documents">Documents read in this pass.</param>
/// <param name="Grams">8-grams read in this pass.</param>
public readonly record struct OverlapProgress(bool IsCounting, long Documents, long Grams);
