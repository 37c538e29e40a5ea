using System.Text.RegularExpressions;

namespace Foreword.Evaluation.Metrics;

/// <summary>The overlap of a text with a reference.</summary>
/// <param name="Precision">The share of the text's units that the reference also has, 0 to 1.</param>
/// <param name="Recall">The share of the reference's units that the text also has, 0 to 1.</param>
public readonly record struct PrecisionRecall(double Precision, double Recall)
{
    /// <summary>Gets the harmonic mean of precision and recall; 0 if nothing is shared.</summary>
    public double F1 => Precision + Recall == 0 ? 0 : 2 * Precision * Recall / (Precision + Recall);

    /// <summary>Computes precision and recall from the number of shared units.</summary>
    internal static PrecisionRecall Compute(int shared, int own, int reference) => shared == 0 ? default : new((double)shared / own, (double)shared / reference);
}

/// <summary>
/// ROUGE-1, -2 and -L (Lin 2004) of one text. Texts are lower-cased and split at everything except a-z and 0-9, without stemming. The longest common
/// subsequence is that of the whole texts.
/// </summary>
/// <param name="Rouge1">The overlap of words.</param>
/// <param name="Rouge2">The overlap of pairs of neighboring words.</param>
/// <param name="RougeL">The overlap by the longest sequence of words that both texts have in the same order.</param>
public sealed partial record Rouge(PrecisionRecall Rouge1, PrecisionRecall Rouge2, PrecisionRecall RougeL)
{
    /// <summary>Gets the mean of the three F1 scores, which the GPT-2 paper calls R-AVG.</summary>
    public double AverageF1 => (Rouge1.F1 + Rouge2.F1 + RougeL.F1) / 3;

    /// <summary>Compares a text with its reference.</summary>
    public static Rouge Compute(string text, string reference)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentNullException.ThrowIfNull(reference);
        string[] own = Words(text), other = Words(reference);
        return new Rouge(Runs(own, other, 1), Runs(own, other, 2), PrecisionRecall.Compute(LongestCommon(own, other), own.Length, other.Length));
    }

    /// <summary>Compares a text with several references. Each of the three scores uses the reference with the highest F1.</summary>
    /// <exception cref="ArgumentException">There is no reference.</exception>
    public static Rouge Compute(string text, IReadOnlyList<string> references)
    {
        ArgumentNullException.ThrowIfNull(references);
        if (references.Count == 0)
            throw new ArgumentException("there is no reference to compare with", nameof(references));
        Rouge[] all = [.. references.Select(reference => Compute(text, reference))];
        return new Rouge(Best(rouge => rouge.Rouge1), Best(rouge => rouge.Rouge2), Best(rouge => rouge.RougeL));

        PrecisionRecall Best(Func<Rouge, PrecisionRecall> part) => all.Select(part).MaxBy(shared => shared.F1);
    }

    private static string[] Words(string text) => [.. Separators().Split(text.ToLowerInvariant()).Where(word => word.Length > 0)];

    private static PrecisionRecall Runs(string[] own, string[] other, int length)
    {
        int shared = NGrams.Shared(NGrams.Count(own, length), NGrams.Count(other, length));
        return PrecisionRecall.Compute(shared, own.Length - length + 1, other.Length - length + 1);
    }

    /// <summary>Computes the length of the longest common subsequence. The time is proportional to the product of the lengths.</summary>
    private static int LongestCommon(string[] a, string[] b)
    {
        int[] row = new int[b.Length + 1]; // row[j]: the length for the words of a so far and the first j words of b
        foreach (string word in a)
        {
            int diagonal = 0;
            for (int j = 1; j <= b.Length; j++)
            {
                int above = row[j];
                row[j] = word == b[j - 1] ? diagonal + 1 : Math.Max(above, row[j - 1]);
                diagonal = above;
            }
        }

        return row[b.Length];
    }

    [GeneratedRegex("[^a-z0-9]+")]
    private static partial Regex Separators();
}
