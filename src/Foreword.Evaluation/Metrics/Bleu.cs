using System.Globalization;

namespace Foreword.Evaluation.Metrics;

/// <summary>Specifies what replaces an n-gram precision of 0, whose logarithm BLEU cannot compute.</summary>
public enum BleuSmoothing
{
    /// <summary>The k-th order without a match counts 1 / 2^k of a match. This is mteval's method, which comparable scores use.</summary>
    Exp,

    /// <summary>No smoothing: the score is 0.</summary>
    None,

    /// <summary>An order without a match counts 0.1 of a match.</summary>
    Floor,

    /// <summary>Every order above the first gets one additional match and one additional n-gram (Lin and Och 2004).</summary>
    AddK,
}

/// <summary>
/// Computes corpus BLEU-4 (Papineni et al. 2002) over <see cref="Tokenizer13a"/>. Case is kept. The reference length is the closest one, or the
/// shorter one on a tie.
/// </summary>
/// <param name="Value">The score, 0 to 100.</param>
/// <param name="Precisions">The smoothed precisions of 1- to 4-grams, in percent.</param>
/// <param name="BrevityPenalty">The brevity penalty, 0 to 1; below 1 if the hypotheses are shorter than the references.</param>
/// <param name="HypothesisLength">Number of tokens of the hypotheses.</param>
/// <param name="ReferenceLength">Number of tokens of the closest references.</param>
/// <param name="Signature">A description of the computation, in sacrebleu's notation.</param>
public sealed record Bleu(double Value, IReadOnlyList<double> Precisions, double BrevityPenalty, int HypothesisLength, int ReferenceLength, string Signature)
{
    private const int Orders = 4;
    private const int StatisticCount = 2 * Orders + 2;
    private const double FloorMatches = 0.1;

    /// <summary>Computes the score of a corpus.</summary>
    /// <param name="hypotheses">The hypotheses, one for each segment.</param>
    /// <param name="references">The references of each segment, one or more.</param>
    /// <param name="smoothing">The smoothing of precisions that are 0.</param>
    /// <exception cref="ArgumentException">The numbers of segments differ, there is no segment, or a segment has no reference.</exception>
    public static Bleu Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references, BleuSmoothing smoothing = BleuSmoothing.Exp)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        ArgumentNullException.ThrowIfNull(references);
        if (hypotheses.Count == 0 || hypotheses.Count != references.Count)
            throw new ArgumentException($"there are {hypotheses.Count} hypotheses for {references.Count} segments with references; BLEU needs one hypothesis per segment, and at least one segment", nameof(hypotheses));
        double[] sums = new double[StatisticCount];
        for (int segment = 0; segment < hypotheses.Count; segment++)
        {
            if (references[segment].Count == 0)
                throw new ArgumentException($"segment {segment} has no reference", nameof(references));
            double[] own = Statistics(hypotheses[segment], references[segment]);
            for (int i = 0; i < sums.Length; i++)
                sums[i] += own[i];
        }

        int[] counts = [.. references.Select(own => own.Count).Distinct()];
        return OfSums(sums, SignatureOf(counts is [var only] ? only : null, smoothing), smoothing);
    }

    /// <summary>
    /// Computes the statistics of one segment: the matches of 1- to 4-grams, the numbers of 1- to 4-grams, the tokens of the hypothesis and the
    /// tokens of the closest reference (10 values).
    /// </summary>
    /// <param name="hypothesis">The translation.</param>
    /// <param name="references">The references, at least one.</param>
    public static double[] Statistics(string hypothesis, IReadOnlyList<string> references)
    {
        ArgumentNullException.ThrowIfNull(references);
        string[] tokens = Tokenizer13a.Tokenize(hypothesis);
        string[][] others = [.. references.Select(Tokenizer13a.Tokenize)];
        double[] statistics = new double[StatisticCount];
        for (int order = 1; order <= Orders; order++)
        {
            statistics[order - 1] = Matches(tokens, others, order);
            statistics[Orders + order - 1] = Math.Max(0, tokens.Length - order + 1);
        }

        statistics[^2] = tokens.Length;
        statistics[^1] = others.Select(other => other.Length).MinBy(length => (Math.Abs(length - tokens.Length), length));
        return statistics;
    }

    /// <summary>Computes the score of a corpus from the sums of its segments' <see cref="Statistics"/>.</summary>
    /// <param name="sums">The sums, 10 values.</param>
    /// <param name="signature">A description of the computation.</param>
    /// <param name="smoothing">The smoothing of precisions that are 0.</param>
    public static Bleu OfSums(double[] sums, string signature, BleuSmoothing smoothing = BleuSmoothing.Exp)
    {
        ArgumentNullException.ThrowIfNull(sums);
        double[] matches = sums[..Orders], totals = sums[Orders..(2 * Orders)];
        double hypothesisLength = sums[^2], referenceLength = sums[^1];
        double[] precisions = Precisions100(matches, totals, smoothing);
        double brevity = hypothesisLength == 0 ? 0 : Math.Min(1, Math.Exp(1 - referenceLength / hypothesisLength));
        double value = matches.All(count => count == 0) ? 0 : brevity * Math.Exp(precisions.Average(Math.Log));
        return new Bleu(value, precisions, brevity, (int)hypothesisLength, (int)referenceLength, signature);
    }

    /// <summary>Describes how a score is computed, in sacrebleu's notation.</summary>
    /// <param name="references">Number of references of each segment; null if it differs between segments.</param>
    /// <param name="smoothing">The smoothing of precisions that are 0.</param>
    internal static string SignatureOf(int? references, BleuSmoothing smoothing = BleuSmoothing.Exp)
    {
        string smooth = smoothing switch
        {
            BleuSmoothing.Exp => "exp",
            BleuSmoothing.None => "none",
            BleuSmoothing.Floor => "floor[0.10]",
            _ => "add-k[1.00]",
        };
        string version = typeof(Bleu).Assembly.GetName().Version!.ToString(3);
        return $"nrefs:{references?.ToString(CultureInfo.InvariantCulture) ?? "var"}|case:mixed|eff:no|tok:13a|smooth:{smooth}|version:foreword-{version}";
    }

    /// <summary>
    /// Counts the n-grams of the hypothesis that occur in references. Each n-gram counts at most as often as it occurs in the reference that has most
    /// of it.
    /// </summary>
    private static int Matches(string[] hypothesis, string[][] references, int order)
    {
        Dictionary<string, int> most = [];
        foreach (var (run, count) in references.SelectMany(reference => NGrams.Count(reference, order)))
            most[run] = Math.Max(count, most.GetValueOrDefault(run));
        return NGrams.Shared(NGrams.Count(hypothesis, order), most);
    }

    private static double[] Precisions100(double[] matches, double[] totals, BleuSmoothing smoothing)
    {
        double[] precisions = new double[Orders];
        double share = 1;
        for (int i = 0; i < Orders; i++)
        {
            int added = smoothing == BleuSmoothing.AddK && i > 0 ? 1 : 0;
            double total = totals[i] + added, count = matches[i] + added;
            if (total == 0)
                break; // no hypothesis has this many tokens, so the score is 0
            if (count == 0)
                count = smoothing == BleuSmoothing.Exp ? share /= 2 : smoothing == BleuSmoothing.Floor ? FloorMatches : 0;
            precisions[i] = 100 * count / total;
        }

        return precisions;
    }
}
