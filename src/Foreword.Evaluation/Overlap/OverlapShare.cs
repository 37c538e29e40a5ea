namespace Foreword.Evaluation.Overlap;

/// <summary>The share of a text that is in the training text.</summary>
/// <param name="Grams">Number of 8-grams of the text; 0 if it has fewer than eight words.</param>
/// <param name="Found">Number of these 8-grams that are in the training text.</param>
internal readonly record struct OverlapShare(long Grams, long Found)
{
    /// <summary>Gets the share of the 8-grams that were found, 0 to 1; 0 if the text has none.</summary>
    public double Share => Grams == 0 ? 0 : (double)Found / Grams;

    /// <summary>Gets whether any 8-gram was found.</summary>
    public bool IsOverlapping => Found > 0;
}

/// <summary>The overlap of one document with the training text.</summary>
/// <param name="Number">The document's number in its set: from 1 for a text, the document's id (from 0) for a benchmark.</param>
/// <param name="Beginning">The document's first characters.</param>
/// <param name="Share">How much of the document was found.</param>
internal sealed record DocumentOverlap(long Number, string Beginning, OverlapShare Share);

/// <summary>The progress of building a filter.</summary>
/// <param name="IsCounting">True in the first pass, which counts 8-grams; false in the second pass, which adds them to the filter.</param>
/// <param name="Documents">Number of documents read in this pass.</param>
/// <param name="Grams">Number of 8-grams read in this pass.</param>
internal readonly record struct OverlapProgress(bool IsCounting, long Documents, long Grams);
