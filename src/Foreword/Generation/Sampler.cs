namespace Foreword.Generation;

/// <summary>
/// Draws token ids from logits. Same options and same logits, same ids. Probabilities are computed in double
/// precision, relative to the likeliest token. Not safe to share between threads.
/// </summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly SplitMix64 _random;
    private readonly PriorityQueue<int, ulong> _likeliest = new();
    private int[] _ids = [];
    private double[] _weights = [];
    private ulong[] _ranks = [];

    /// <summary>A sampler at the start of the options' seed.</summary>
    /// <exception cref="ArgumentException">An option is impossible.</exception>
    public Sampler(SamplingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Validate();
        _random = new SplitMix64(unchecked((ulong)options.Seed));
    }

    /// <summary>Draws the next token's id from its logits [V].</summary>
    /// <exception cref="ArgumentException">There are no logits, or one is NaN or infinite; the message names its id.</exception>
    public int Sample(ReadOnlySpan<float> logits)
    {
        int best = ArgMax(logits);
        if (_options.Temperature == 0 || _options.TopK == 1)
            return best;

        Reserve(logits.Length);
        int count = _options.TopK > 0 && _options.TopK < logits.Length ? KeepTopK(logits) : KeepAll(logits.Length);
        double total = 0;
        for (int i = 0; i < count; i++)
            total += _weights[i] = Weight(logits[_ids[i]], logits[best]);
        if (_options.TopP < 1)
            (count, total) = KeepTopP(logits, logits[best], count, total);
        return Draw(count, total);
    }

    private static int ArgMax(ReadOnlySpan<float> logits)
    {
        if (logits.IsEmpty)
            throw new ArgumentException("there are no logits to draw from");
        int best = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            if (!float.IsFinite(logits[id]))
                throw new ArgumentException($"the logit of token {id} is {logits[id]}; the model's numbers have overflowed or its weights are damaged");
            if (logits[id] > logits[best])
                best = id;
        }

        return best;
    }

    /// <summary>A token's probability as a share of the likeliest one's.</summary>
    private double Weight(float logit, float largest) => Math.Exp(((double)logit - largest) / _options.Temperature);

    private void Reserve(int size)
    {
        if (_ids.Length >= size)
            return;
        _ids = new int[size];
        _weights = new double[size];
        _ranks = new ulong[size];
    }

    private int KeepAll(int size)
    {
        for (int id = 0; id < size; id++)
            _ids[id] = id;
        return size;
    }

    /// <summary>Puts the k likeliest ids into _ids, in no particular but a repeatable order.</summary>
    private int KeepTopK(ReadOnlySpan<float> logits)
    {
        _likeliest.Clear();
        ulong lowest = 0;
        for (int id = 0; id < logits.Length; id++)
        {
            ulong rank = Rank(logits[id], id);
            if (_likeliest.Count < _options.TopK)
                _likeliest.Enqueue(id, rank);
            else if (rank > lowest)
                _likeliest.EnqueueDequeue(id, rank);
            else
                continue;
            _likeliest.TryPeek(out _, out lowest);
        }

        int count = 0;
        while (_likeliest.TryDequeue(out int id, out _))
            _ids[count++] = id;
        return count;
    }

    /// <summary>
    /// Puts the likeliest ids into _ids, the likeliest first, until their weights reach p of the total; returns their
    /// number and their total weight.
    /// </summary>
    private (int Count, double Total) KeepTopP(ReadOnlySpan<float> logits, float largest, int count, double total)
    {
        // All ids with less than an equal share of the 1 - p that may go have together less than 1 - p, so they go
        // without being sorted: a few hundred are left of 50,257.
        double negligible = total * (1 - _options.TopP) / count;
        int ranked = 0;
        for (int i = 0; i < count; i++)
        {
            if (_weights[i] >= negligible)
                _ranks[ranked++] = Rank(logits[_ids[i]], _ids[i]);
        }

        Array.Sort(_ranks, 0, ranked);
        double sum = 0;
        int kept = 0;
        do
        {
            int id = Id(_ranks[ranked - 1 - kept]);
            _ids[kept] = id;
            sum += _weights[kept] = Weight(logits[id], largest);
            kept++;
        }
        while (kept < ranked && sum < _options.TopP * total);
        return (kept, sum);
    }

    private int Draw(int count, double total)
    {
        double target = _random.NextDouble() * total;
        int last = 0;
        double sum = 0;
        for (int i = 0; i < count; i++)
        {
            if (_weights[i] == 0)
                continue;
            last = i;
            sum += _weights[i];
            if (sum > target)
                break;
        }

        return _ids[last]; // also when rounding left the target above the sum
    }

    /// <summary>A number that orders tokens by logit, and equal logits by falling id.</summary>
    private static ulong Rank(float logit, int id)
    {
        int bits = BitConverter.SingleToInt32Bits(logit == 0 ? 0f : logit); // -0 equals 0
        uint ordered = bits < 0 ? ~(uint)bits : (uint)bits | 0x8000_0000;
        return ((ulong)ordered << 32) | ~(uint)id;
    }

    private static int Id(ulong rank) => (int)~(uint)rank;
}
