namespace Foreword.Data.Baselines;

/// <summary>
/// One order of a Kneser-Ney model: its n-grams' counts and, per context, their sum and the weight of the order below.
/// </summary>
internal sealed class NGramOrder
{
    private readonly int _idBits;
    private readonly ulong[] _keys; // sorted
    private readonly int[] _counts;
    private readonly ulong[] _contexts; // sorted: the keys without their last token
    private readonly double[] _totals; // sum of the counts that follow each context
    private readonly double[] _gammas; // the discounted mass, as a share of that sum
    private readonly double[] _discounts; // of counts 0, 1, 2 and of 3 and more

    /// <param name="keys">Packed n-grams, sorted, each once.</param>
    /// <param name="counts">Their counts, at least 1.</param>
    /// <param name="idBits">Bits of the last token in a key.</param>
    public NGramOrder(ulong[] keys, int[] counts, int idBits)
    {
        _idBits = idBits;
        _keys = keys;
        _counts = counts;
        _discounts = Discounts(counts);

        List<ulong> contexts = [];
        List<double> totals = [];
        List<double> gammas = [];
        for (int i = 0; i < keys.Length;)
        {
            ulong context = keys[i] >> idBits;
            double total = 0;
            double discounted = 0;
            for (; i < keys.Length && keys[i] >> idBits == context; i++)
            {
                total += counts[i];
                discounted += _discounts[Math.Min(counts[i], 3)];
            }

            contexts.Add(context);
            totals.Add(total);
            gammas.Add(discounted / total);
        }

        (_contexts, _totals, _gammas) = ([.. contexts], [.. totals], [.. gammas]);
    }

    /// <summary>The probability of a token after a context, given its probability in the order below.</summary>
    public double Interpolate(ulong context, ulong token, double lower)
    {
        int place = Array.BinarySearch(_contexts, context);
        if (place < 0)
            return lower;
        int entry = Array.BinarySearch(_keys, (context << _idBits) | token);
        double own = entry < 0 ? 0 : _counts[entry] - _discounts[Math.Min(_counts[entry], 3)];
        return (own / _totals[place]) + (_gammas[place] * lower);
    }

    /// <summary>
    /// Chen and Goodman's equation 26: D_k = k - (k + 1) Y n_(k+1) / n_k with Y = n_1 / (n_1 + 2 n_2), where n_k is the
    /// number of n-grams counted k times. A corpus too small or too regular to estimate them has 0.5, 1 and 1.5,
    /// KenLM's fall-back, so that every context leaves something to the order below.
    /// </summary>
    private static double[] Discounts(int[] counts)
    {
        double[] n = new double[5];
        foreach (int count in counts)
        {
            if (count <= 4)
                n[count]++;
        }

        double y = n[1] / (n[1] + (2 * n[2]));
        double[] estimated = [0, 1 - (2 * y * n[2] / n[1]), 2 - (3 * y * n[3] / n[2]), 3 - (4 * y * n[4] / n[3])];
        bool usable = Enumerable.Range(1, 3).All(k => estimated[k] > 0 && estimated[k] < k); // false for NaN
        return usable ? estimated : [0, 0.5, 1, 1.5];
    }
}
