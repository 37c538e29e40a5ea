using System.Globalization;

namespace Foreword.Evaluation.Metrics;

/// <summary>What stands in for an n-gram precision of 0, whose logarithm BLEU cannot take.</summary>
public enum BleuSmoothing
{
    /// <summary>The k-th order without a match gets 1 / 2^k of a match (mteval's way; what comparable scores use).</summary>
    Exp,

    /// <summary>Nothing: the score is 0.</summary>
    None,

    /// <summary>An order without a match gets 0.1 of one.</summary>
    Floor,

    /// <summary>Every order above the first gets one match and one n-gram more (Lin and Och 2004).</summary>
    AddK,
}

/// <summary>Corpus BLEU-4 (Papineni et al. 2002) over <see cref="Tokenizer13a"/>, case kept, the closest reference length (the shorter on a tie).</summary>
/// <param name="Value">The score, 0 to 100.</param>
/// <param name="Precisions">Of 1- to 4-grams, smoothed, in percent.</param>
/// <param name="BrevityPenalty">0 to 1; below 1 where the hypotheses are shorter than the references.</param>
/// <param name="HypothesisLength">Tokens of the hypotheses.</param>
/// <param name="ReferenceLength">Tokens of the closest references.</param>
/// <param name="Signature">How it was computed, in sacrebleu's notation.</param>
public sealed record Bleu(double Value, IReadOnlyList<double> Precisions, double BrevityPenalty, int HypothesisLength, int ReferenceLength, string Signature)
{
    private const int Orders = 4;
    private const double FloorMatches = 0.1;

    /// <summary>The score of a corpus.</summary>
    /// <param name="hypotheses">One a segment.</param>
    /// <param name="references">One or more for each hypothesis.</param>
    /// <param name="smoothing">What to do about precisions of 0.</param>
    /// <exception cref="ArgumentException">The numbers differ, there is no segment, or a segment has no reference.</exception>
    public static Bleu Corpus(IReadOnlyList<string> hypotheses, IReadOnlyList<IReadOnlyList<string>> references, BleuSmoothing smoothing = BleuSmoothing.Exp)
    {
        ArgumentNullException.ThrowIfNull(hypotheses);
        ArgumentNullException.ThrowIfNull(references);
        if (hypotheses.Count == 0 || hypotheses.Count != references.Count)
            throw new ArgumentException($"there are {hypotheses.Count} hypotheses for {references.Count} segments with references; BLEU needs one each, at least one");
        double[] matches = new double[Orders], totals = new double[Orders];
        int hypothesisLength = 0, referenceLength = 0;
        for (int segment = 0; segment < hypotheses.Count; segment++)
        {
            if (references[segment].Count == 0)
                throw new ArgumentException($"segment {segment} has no reference", nameof(references));
            string[] hypothesis = Tokenizer13a.Tokenize(hypotheses[segment]);
            string[][] own = [.. references[segment].Select(Tokenizer13a.Tokenize)];
            hypothesisLength += hypothesis.Length;
            referenceLength += own.Select(reference => reference.Length).MinBy(length => (Math.Abs(length - hypothesis.Length), length));
            for (int order = 1; order <= Orders; order++)
            {
                matches[order - 1] += Matches(hypothesis, own, order);
                totals[order - 1] += Math.Max(0, hypothesis.Length - order + 1);
            }
        }

        double[] precisions = Precisions100(matches, totals, smoothing);
        double brevity = hypothesisLength == 0 ? 0 : Math.Min(1, Math.Exp(1 - (double)referenceLength / hypothesisLength));
        double value = matches.All(count => count == 0) ? 0 : brevity * Math.Exp(precisions.Average(Math.Log));
        return new Bleu(value, precisions, brevity, hypothesisLength, referenceLength, SignatureOf(references, smoothing));
    }

    /// <summary>N-grams of the hypothesis that references hold, each counted at most as often as the reference that has most of it.</summary>
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
                break; // no hypothesis is so long: the score is 0
            if (count == 0)
                count = smoothing == BleuSmoothing.Exp ? share /= 2 : smoothing == BleuSmoothing.Floor ? FloorMatches : 0;
            precisions[i] = 100 * count / total;
        }

        return precisions;
    }

    private static string SignatureOf(IReadOnlyList<IReadOnlyList<string>> references, BleuSmoothing smoothing)
    {
        int[] counts = [.. references.Select(own => own.Count).Distinct()];
        string smooth = smoothing switch
        {
            BleuSmoothing.Exp => "exp",
            BleuSmoothing.None => "none",
            BleuSmoothing.Floor => "floor[0.10]",
            _ => "add-k[1.00]",
        };
        string version = typeof(Bleu).Assembly.GetName().Version!.ToString(3);
        return $"nrefs:{(counts is [var only] ? only.ToString(CultureInfo.InvariantCulture) : "var")}|case:mixed|eff:no|tok:13a|smooth:{smooth}|version:foreword-{version}";
    }
}
