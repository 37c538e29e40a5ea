using System.Numerics.Tensors;

namespace Foreword.Generation;

/// <summary>
/// The tokens that may be drawn next, by ascending id, with their probabilities as shares of the likeliest one's. What is drawn depends on which
/// tokens are left and on nothing else, not on how a cut found them. Keeps its memory from row to row.
/// </summary>
internal sealed class Candidates
{
    /// <summary>Logits, or weights, of which one maximum or sum is looked at before they are looked at one by one.</summary>
    private const int Block = 64;

    private int[] _ids = [];
    private double[] _weights = [];
    private ulong[] _keys = []; // of each token: the smaller, the sooner it is kept
    private ulong[] _selectedKeys = [];
    private double[] _selectedWeights = [];
    private float[] _maxima = [];
    private float _largest;
    private double _temperature;

    /// <summary>Number of tokens left.</summary>
    public int Count { get; private set; }

    /// <summary>The tokens left, ascending.</summary>
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>Their weights: each probability over the likeliest token's.</summary>
    public Span<double> Weights => _weights.AsSpan(0, Count);

    /// <summary>All tokens of a row of finite logits, or the k likeliest, of equals those with the lowest ids; k = 0 means all.</summary>
    public void Fill(ReadOnlySpan<float> logits, float largest, double temperature, int k)
    {
        Reserve(logits.Length);
        (_largest, _temperature) = (largest, temperature);
        if (k > 0 && k < logits.Length)
        {
            FillTopK(logits, k);
            for (int i = 0; i < Count; i++)
                _weights[i] = Math.Exp(Scaled(logits[_ids[i]]));
            return;
        }

        FillAll(logits.Length);
        for (int start = 0; start < Count; start += Block) // all steps on a block while it is near
        {
            Span<double> weights = _weights.AsSpan(start, Math.Min(Block, Count - start));
            TensorPrimitives.ConvertTruncating(logits.Slice(start, weights.Length), weights);
            TensorPrimitives.Subtract(weights, (double)largest, weights);
            if (temperature != 1)
                TensorPrimitives.Divide(weights, temperature, weights);
            TensorPrimitives.Exp(weights, weights);
        }
    }

    /// <summary>Keeps the likeliest tokens whose probabilities reach p.</summary>
    public void KeepTopP(ReadOnlySpan<float> logits, double p, TopPRule rule)
    {
        double target = p * TensorPrimitives.Sum<double>(Weights);
        KeepAtLeast(Enough(target));
        Span<ulong> keys = _keys.AsSpan(0, Count);
        for (int i = 0; i < keys.Length; i++)
            keys[i] = Key(logits[_ids[i]], _ids[i]);
        KeepSmallestKeys(target, rule);
    }

    /// <summary>Keeps the tokens whose weight is at least this.</summary>
    public void KeepAtLeast(double weight)
    {
        Span<int> ids = _ids.AsSpan(0, Count);
        Span<double> weights = Weights;
        int kept = 0;
        for (int start = 0; start < weights.Length; start += Block)
        {
            int end = Math.Min(weights.Length, start + Block);
            if (TensorPrimitives.Max<double>(weights[start..end]) < weight)
                continue;
            for (int i = start; i < end; i++)
            {
                // Written whether it stays or not: a step costs less than a branch that cannot be foretold.
                double own = weights[i];
                (ids[kept], weights[kept]) = (ids[i], own);
                kept += own >= weight ? 1 : 0;
            }
        }

        Count = kept;
    }

    /// <summary>Keeps the tokens whose information -log p is nearest to the entropy, until they reach this mass (Meister et al. 2022).</summary>
    public void KeepTypical(ReadOnlySpan<float> logits, double mass)
    {
        double total = TensorPrimitives.Sum<double>(Weights), mean = 0;
        for (int i = 0; i < Count; i++)
            mean += _weights[i] > 0 ? _weights[i] * Scaled(logits[_ids[i]]) : 0; // a weight that vanished may be e to minus infinity
        mean /= total;
        // Tokens from this weight to the likeliest one's, 1, have the mass. They are so far from the entropy at most; what is farther off on the
        // unlikely side goes without being put in order.
        double farthest = Math.Max(-mean, mean - Math.Log(Enough(mass * total)));
        KeepAtLeast(Math.Exp(mean - farthest) * (1 - 1e-9)); // less what rounding may take
        // -log p = log(total) - scaled, and the entropy is the mean of it: log(total) goes out of their difference.
        for (int i = 0; i < Count; i++)
            _keys[i] = BitConverter.DoubleToUInt64Bits(Math.Abs(mean - Scaled(logits[_ids[i]])));
        KeepSmallestKeys(mass * total, TopPRule.Crossing);
    }

    /// <summary>The token at which the weights, summed up by ascending id, pass this share (0 to 1) of their total.</summary>
    public int At(double share)
    {
        double target = share * TensorPrimitives.Sum<double>(Weights), sum = 0;
        int start = 0;
        while (start + Block < Count)
        {
            double next = sum + TensorPrimitives.Sum<double>(_weights.AsSpan(start, Block));
            if (next > target)
                break;
            sum = next;
            start += Block;
        }

        for (int i = start; i < Count; i++)
        {
            sum += _weights[i];
            if (sum > target)
                return _ids[i];
        }

        int last = Count - 1; // rounding left the target above the sum
        while (_weights[last] == 0)
            last--;
        return _ids[last];
    }

    /// <summary>
    /// A weight at and above which the tokens' weights sum to the target: tokens with less than an equal share of what may go have together less
    /// than that, so they go.
    /// </summary>
    private double Enough(double target) => Math.Max(0, TensorPrimitives.Sum<double>(Weights) - target) / Count;

    /// <summary>The log of a token's weight.</summary>
    private double Scaled(float logit) => ((double)logit - _largest) / _temperature;

    private void Reserve(int size)
    {
        if (_ids.Length >= size)
            return;
        (_ids, _weights, _keys) = (new int[size], new double[size], new ulong[size]);
        (_selectedKeys, _selectedWeights) = (new ulong[size], new double[size]);
        _maxima = new float[(size + Block - 1) / Block];
    }

    private void FillAll(int size)
    {
        Count = size;
        for (int id = 0; id < size; id++)
            _ids[id] = id;
    }

    private void FillTopK(ReadOnlySpan<float> logits, int k)
    {
        int blocks = (logits.Length + Block - 1) / Block;
        if (k > blocks / 2)
            FillAll(logits.Length);
        else
            FillAbove(logits, KthBlock(logits, blocks, k));
        for (int i = 0; i < Count; i++)
            (_keys[i], _weights[i]) = (Key(logits[_ids[i]], _ids[i]), 1);
        KeepSmallestKeys(k, TopPRule.Crossing);
    }

    /// <summary>The k-th largest of the blocks' largest logits: k tokens at least are as likely, so the k likeliest lie at or above it.</summary>
    private float KthBlock(ReadOnlySpan<float> logits, int blocks, int k)
    {
        for (int block = 0; block < blocks; block++)
        {
            _maxima[block] = TensorPrimitives.Max(logits[(block * Block)..Math.Min(logits.Length, (block + 1) * Block)]);
            (_keys[block], _weights[block]) = (Key(_maxima[block], block), 1);
        }

        (ulong key, _) = WeightedSelection.Reach(_keys.AsSpan(0, blocks), _weights.AsSpan(0, blocks), k, _selectedKeys, _selectedWeights);
        return _maxima[(int)(uint)key];
    }

    private void FillAbove(ReadOnlySpan<float> logits, float bound)
    {
        Count = 0;
        for (int start = 0; start < logits.Length; start += Block)
        {
            if (_maxima[start / Block] < bound)
                continue;
            for (int id = start; id < Math.Min(logits.Length, start + Block); id++)
            {
                if (logits[id] >= bound)
                    _ids[Count++] = id;
            }
        }
    }

    /// <summary>Keeps the tokens with the smallest keys whose weights reach the target.</summary>
    private void KeepSmallestKeys(double target, TopPRule rule)
    {
        Span<ulong> keys = _keys.AsSpan(0, Count);
        (ulong last, double sum) = WeightedSelection.Reach(keys, Weights, target, _selectedKeys, _selectedWeights);
        if (rule == TopPRule.Released && sum > target && TensorPrimitives.Min<ulong>(keys) < last)
            last--;
        Span<int> ids = _ids.AsSpan(0, Count);
        Span<double> weights = Weights;
        int kept = 0;
        for (int i = 0; i < keys.Length; i++)
        {
            (ids[kept], weights[kept]) = (ids[i], weights[i]);
            kept += keys[i] <= last ? 1 : 0;
        }

        Count = kept;
    }

    /// <summary>A number that orders tokens by falling logit, and equal logits by id.</summary>
    private static ulong Key(float logit, int id)
    {
        int bits = BitConverter.SingleToInt32Bits(logit == 0 ? 0f : logit); // -0 equals 0
        uint falling = bits < 0 ? (uint)bits : ~((uint)bits | 0x8000_0000);
        return ((ulong)falling << 32) | (uint)id;
    }
}
