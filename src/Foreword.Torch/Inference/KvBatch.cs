using static TorchSharp.torch;

namespace Foreword.Torch.Inference;

// n sequences, nh heads, hs head size, S tokens of a sequence including the new one, P tokens of a part, m sequences that read it.

/// <summary>
/// The caches of the sequences that one pass of the model reads, in their order. The sequences may have different lengths. A part of a cache that
/// several sequences share is read once for all of them.
/// </summary>
internal sealed class KvBatch : StateBatch
{
    private readonly IReadOnlyList<KvCache> _caches;
    private readonly List<Reading> _readings = [];
    private readonly List<(Reading Of, int Slot)>[] _rows;

    /// <summary>Creates a batch of caches.</summary>
    /// <param name="caches">The caches: at least one, and none twice.</param>
    public KvBatch(params IReadOnlyList<KvCache> caches) : base(caches)
    {
        ArgumentNullException.ThrowIfNull(caches);
        _caches = caches;
        _rows = [.. caches.Select(_ => new List<(Reading, int)>())];
        Dictionary<KvPart, Reading> shared = [];
        for (int i = 0; i < caches.Count; i++)
        {
            foreach (KvPart part in caches[i].Shared)
            {
                if (!shared.TryGetValue(part, out Reading? reading))
                    _readings.Add(shared[part] = reading = new Reading(() => part));
                Add(i, reading);
            }

            KvCache cache = caches[i];
            Reading own = new(() => cache.Own(newTokens: 1));
            _readings.Add(own);
            Add(i, own);
        }
    }

    /// <summary>Returns the positions [n, T] of the next T tokens of each sequence.</summary>
    internal Tensor Positions(long T, Device device) =>
        tensor(_caches.Select(cache => cache.Length).ToArray(), device: device).unsqueeze(1) + arange(T, int64, device);

    /// <summary>
    /// Stores a layer's keys and values (n, nh, T, hs) of T new tokens of a sequence, and returns its keys and values of all tokens, (1, nh, S, hs).
    /// </summary>
    internal (Tensor Keys, Tensor Values) Store(int sequence, int layer, Tensor k, Tensor v)
    {
        KvCache cache = _caches[sequence];
        cache.Store(layer, k[sequence], v[sequence]);
        KvPart[] parts = [.. cache.Shared, cache.Own(k.shape[2])];
        return (Whole(part => part.Keys(layer)), Whole(part => part.Values(layer)));

        Tensor Whole(Func<KvPart, Tensor> part) =>
            (parts.Length == 1 ? part(parts[0]) : cat([.. parts.Select(part)], 1)).unsqueeze(0);
    }

    /// <summary>
    /// Computes the attention of one new token of each sequence. Stores the keys and values (n, nh, 1, hs) of the new tokens. Returns softmax(q kᵀ /
    /// sqrt(hs)) v over all tokens of each sequence, (n, nh, 1, hs). The softmax is computed in float32.
    /// </summary>
    internal Tensor AttendNext(int layer, Tensor q, Tensor k, Tensor v)
    {
        Tensor[] queries = q.mul(1 / Math.Sqrt(q.shape[3])).unbind(0), keys = k.unbind(0), values = v.unbind(0); // n of (nh, 1, hs)
        for (int i = 0; i < Count; i++)
            _caches[i].Store(layer, keys[i], values[i]);

        foreach (Reading reading in _readings)
            reading.Results = Rows(reading.Gather(queries).matmul(reading.Part.Keys(layer).transpose(1, 2))); // m of (nh, 1, P)
        for (int i = 0; i < Count; i++)
        {
            Tensor[] scores = [.. _rows[i].Select(row => row.Of.Results[row.Slot])];
            Tensor probabilities = Joined(scores, 2).to(ScalarType.Float32).softmax(-1).to(q.dtype); // (nh, 1, S)
            long start = 0;
            foreach ((Reading of, int slot) in _rows[i])
            {
                long P = of.Part.Length;
                of.Results[slot] = probabilities.narrow(2, start, P);
                start += P;
            }
        }

        foreach (Reading reading in _readings)
            reading.Results = Rows(Joined(reading.Results, 1).matmul(reading.Part.Values(layer))); // m of (nh, 1, hs)
        return stack(_rows.Select(rows => rows.Select(row => row.Of.Results[row.Slot]).Aggregate((sum, part) => sum + part)));
    }

    private static Tensor Joined(IReadOnlyList<Tensor> parts, long dimension) => parts.Count == 1 ? parts[0] : cat([.. parts], dimension);

    private static Tensor[] Rows(Tensor rows) => rows.shape[1] == 1 ? [rows] : rows.split(1, 1);

    private void Add(int sequence, Reading reading)
    {
        _rows[sequence].Add((reading, reading.Readers.Count));
        reading.Readers.Add(sequence);
    }

    /// <summary>A part of a cache, the sequences that read it, and the intermediate result of each of them.</summary>
    private sealed class Reading(Func<KvPart> part)
    {
        public KvPart Part => part();

        public List<int> Readers { get; } = [];

        public Tensor[] Results { get; set; } = [];

        public Tensor Gather(Tensor[] queries) => Joined([.. Readers.Select(i => queries[i])], 1);
    }
}
