namespace Foreword.Data.Baselines;

/// <summary>
/// One order of a Kneser-Ney model: the counts of its n-grams and, for each context, the sum of the counts and the weight of the next lower order.
/// </summary>
internal sealed class NGramOrder
{
    private readonly int _idBits;
    private readonly ulong[] _keys; // sorted
    private readonly int[] _counts;
    private readonly ulong[] _contexts; // sorted: the keys without their last token
    private readonly double[] _totals; // sum of the counts that follow each context
    private readonly double[] _gammas; // the discounted mass, as a share of that sum
    private readonly double[] _discounts; // for counts of 0, 1, 2, and of 3 or more

    /// <summary>Creates an order from its counts.</summary>
    /// <param name="keys">Packed n-grams, sorted, each once.</param>
    /// <param name="counts">The count of each n-gram, 1 or more.</param>
    /// <param name="idBits">Number of bits of the last token in a key.</param>
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

    /// <summary>Computes the probability of a token after a context, from its probability in the next lower order.</summary>
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
    /// Computes the discounts by Chen and Goodman's equation 26: D_k = k - (k + 1) Y n_(k+1) / n_k with Y = n_1 / (n_1 + 2 n_2). Here n_k is
    /// the number of n-grams that were counted k times. If a corpus is too small or too regular to estimate them, they are 0.5, 1 and 1.5, KenLM's
    /// fallback. Every context then leaves some probability to the next lower order.
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
