using System.Numerics.Tensors;

namespace Foreword.Generation;

/// <summary>
/// Holds the tokens that can be drawn next, in ascending order of id. The weight of a token is its probability divided by that of the most likely
/// token. The drawn token depends only on the remaining tokens, not on how they were selected. Buffers are reused from row to row.
/// </summary>
internal sealed class Candidates
{
    /// <summary>
    /// The number of logits or weights in a block. The maximum or the sum of a block is computed before its elements are examined one by one.
    /// </summary>
    private const int Block = 64;

    private int[] _ids = [];
    private double[] _weights = [];
    private ulong[] _keys = []; // one key per token; tokens with smaller keys are kept first
    private ulong[] _selectedKeys = [];
    private double[] _selectedWeights = [];
    private float[] _maxima = [];
    private float _largest;
    private double _temperature;

    /// <summary>Gets the number of remaining tokens.</summary>
    public int Count { get; private set; }

    /// <summary>Gets the remaining tokens, in ascending order of id.</summary>
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, Count);

    /// <summary>Gets the weights of the remaining tokens: each probability divided by that of the most likely token.</summary>
    public Span<double> Weights => _weights.AsSpan(0, Count);

    /// <summary>Fills the candidates from a row of finite logits.</summary>
    /// <param name="logits">The logits [V].</param>
    /// <param name="largest">The largest logit.</param>
    /// <param name="temperature">Divides the logits. Greater than 0.</param>
    /// <param name="k">
    /// The number of most likely tokens to keep, or 0 for all. Among equally likely tokens, those with the lowest ids are kept.
    /// </param>
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
        for (int start = 0; start < Count; start += Block) // all steps for one block while it is in the cache
        {
            Span<double> weights = _weights.AsSpan(start, Math.Min(Block, Count - start));
            TensorPrimitives.ConvertTruncating(logits.Slice(start, weights.Length), weights);
            TensorPrimitives.Subtract(weights, (double)largest, weights);
            if (temperature != 1)
                TensorPrimitives.Divide(weights, temperature, weights);
            TensorPrimitives.Exp(weights, weights);
        }
    }

    /// <summary>Keeps the most likely tokens whose probabilities sum to p (top-p).</summary>
    public void KeepTopP(ReadOnlySpan<float> logits, double p, TopPRule rule)
    {
        double target = p * TensorPrimitives.Sum<double>(Weights);
        KeepAtLeast(Enough(target));
        Span<ulong> keys = _keys.AsSpan(0, Count);
        for (int i = 0; i < keys.Length; i++)
            keys[i] = Key(logits[_ids[i]], _ids[i]);
        KeepSmallestKeys(target, rule);
    }

    /// <summary>Keeps the tokens whose weight is at least the given one.</summary>
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
                // Writes the token whether it is kept or not. This costs less than a branch that is hard to predict.
                double own = weights[i];
                (ids[kept], weights[kept]) = (ids[i], own);
                kept += own >= weight ? 1 : 0;
            }
        }

        Count = kept;
    }

    /// <summary>
    /// Keeps the tokens whose information -log p is nearest to the entropy, until their probabilities sum to the given mass (Meister et al. 2022).
    /// </summary>
    public void KeepTypical(ReadOnlySpan<float> logits, double mass)
    {
        double total = TensorPrimitives.Sum<double>(Weights), mean = 0;
        for (int i = 0; i < Count; i++)
            mean += _weights[i] > 0 ? _weights[i] * Scaled(logits[_ids[i]]) : 0; // a weight of 0 may be exp(-infinity)
        mean /= total;
        // The tokens with at least the weight Enough(...) reach the mass. None of them is farther from the entropy than this distance.
        // Less likely tokens that are farther away are therefore never selected, so they are removed without being ordered.
        double farthest = Math.Max(-mean, mean - Math.Log(Enough(mass * total)));
        KeepAtLeast(Math.Exp(mean - farthest) * (1 - 1e-9)); // a margin for rounding errors
        // -log p = log(total) - scaled, and the entropy is the mean of -log p. Their difference does not depend on log(total).
        for (int i = 0; i < Count; i++)
            _keys[i] = BitConverter.DoubleToUInt64Bits(Math.Abs(mean - Scaled(logits[_ids[i]])));
        KeepSmallestKeys(mass * total, TopPRule.Crossing);
    }

    /// <summary>Returns the first token, in ascending order of id, at which the running sum of the weights exceeds a share of their total.</summary>
    /// <param name="share">The share of the total weight, from 0 to 1.</param>
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

        int last = Count - 1; // rounding made the target larger than the sum
        while (_weights[last] == 0)
            last--;
        return _ids[last];
    }

    /// <summary>
    /// Returns a weight w such that the tokens with at least weight w reach the target. The other tokens may have at most the total minus the target.
    /// w is that amount divided by the number of tokens, so tokens below w together stay below it.
    /// </summary>
    private double Enough(double target) => Math.Max(0, TensorPrimitives.Sum<double>(Weights) - target) / Count;

    /// <summary>Returns the logarithm of a token's weight.</summary>
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

    /// <summary>
    /// Returns the k-th largest of the blocks' largest logits. At least k tokens have a logit this large, so this is a lower bound for the k most
    /// likely tokens.
    /// </summary>
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

    /// <summary>Returns a key that orders tokens by descending logit, and equal logits by ascending id.</summary>
    private static ulong Key(float logit, int id)
    {
        int bits = BitConverter.SingleToInt32Bits(logit == 0 ? 0f : logit); // -0 equals 0
        uint falling = bits < 0 ? (uint)bits : ~((uint)bits | 0x8000_0000);
        return ((ulong)falling << 32) | (uint)id;
    }
}
