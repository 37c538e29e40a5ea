using Foreword.Models;
using static TorchSharp.torch;

namespace Foreword.Torch.Inference;

/// <summary>
/// Keys and values of the tokens that a decoder has read. They lie in pieces: the last one is the cache's own, those before it belong
/// to the caches it was forked from and are only read. A piece has room for the rest of the context from the start and is never moved;
/// memory that nothing was written to costs none on a CPU.
/// </summary>
public sealed class KvCache : IDisposable
{
    /// <summary>A fork copies fewer tokens than these instead of reading them from another's piece: beams would fray into pieces of a token each.</summary>
    private const long WorthSharing = 32;

    private readonly GptConfig _config;
    private readonly ScalarType _type;
    private readonly Device _device;
    private readonly List<KvPiece> _shared = [];
    private KvStorage? _own;
    private long _sharedLength;

    /// <summary>An empty cache.</summary>
    /// <param name="config">The model's architecture.</param>
    /// <param name="precision">Number format of keys and values.</param>
    /// <param name="device">Where they lie.</param>
    public KvCache(GptConfig config, Precision precision, Device device)
    {
        ArgumentNullException.ThrowIfNull(config);
        (_config, _type, _device) = (config, precision.ScalarType(), device);
    }

    private KvCache(KvCache other) => (_config, _type, _device) = (other._config, other._type, other._device);

    /// <summary>Tokens in the cache.</summary>
    public long Length { get; private set; }

    /// <summary>A cache that has read the same tokens; the two go on apart. What this one has read is shared, not copied, unless it is short.</summary>
    public KvCache Fork()
    {
        KvCache fork = new(this);
        foreach (KvPiece piece in _shared)
            fork.Share(piece);
        long own = Length - _sharedLength;
        if (own >= WorthSharing)
        {
            fork.Share(new KvPiece(_own!, own));
        }
        else if (own > 0)
        {
            fork._own = new KvStorage(_config, _config.ContextLength - _sharedLength, _type, _device);
            fork._own.CopyFrom(_own!, own);
        }

        fork.Length = Length;
        return fork;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (KvPiece piece in _shared)
            piece.Storage.Release();
        _shared.Clear();
        _own?.Release();
        _own = null;
    }

    /// <summary>The pieces that other caches may read too.</summary>
    internal IReadOnlyList<KvPiece> Shared => _shared;

    /// <summary>The cache's own piece with as many tokens as <see cref="Append"/> has stored in a layer.</summary>
    internal KvPiece Own(long newTokens) => new(_own!, Length - _sharedLength + newTokens);

    /// <summary>Stores the new tokens' keys and values [nh, T, hs] of a layer.</summary>
    internal void Append(int layer, Tensor k, Tensor v)
    {
        _own ??= new KvStorage(_config, _config.ContextLength - _sharedLength, _type, _device);
        long start = Length - _sharedLength, T = k.shape[1];
        _own.Keys(layer).narrow(1, start, T).copy_(k);
        _own.Values(layer).narrow(1, start, T).copy_(v);
    }

    /// <summary>Called once all layers have stored their new tokens.</summary>
    internal void Advance(long tokens) => Length += tokens;

    private void Share(KvPiece piece)
    {
        piece.Storage.Retain();
        _shared.Add(piece);
        _sharedLength += piece.Length;
    }
}

/// <summary>The first tokens of a storage.</summary>
internal readonly record struct KvPiece(KvStorage Storage, long Length)
{
    /// <summary>Keys [nh, Length, hs] of a layer.</summary>
    public Tensor Keys(int layer) => Storage.Keys(layer).narrow(1, 0, Length);

    /// <summary>Values [nh, Length, hs] of a layer.</summary>
    public Tensor Values(int layer) => Storage.Values(layer).narrow(1, 0, Length);
}

/// <summary>Room for the keys and values of some tokens: one pair of tensors [nh, capacity, hs] a layer. Freed with its last reader.</summary>
internal sealed class KvStorage
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;
    private int _readers = 1;

    public KvStorage(GptConfig config, long capacity, ScalarType type, Device device)
    {
        Tensor New() => empty([config.NHead, capacity, config.HeadSize], type, device).DetachFromDisposeScope();
        _keys = [.. Enumerable.Range(0, config.NLayer).Select(_ => New())];
        _values = [.. Enumerable.Range(0, config.NLayer).Select(_ => New())];
    }

    public Tensor Keys(int layer) => _keys[layer];

    public Tensor Values(int layer) => _values[layer];

    public void CopyFrom(KvStorage other, long tokens)
    {
        using var scope = NewDisposeScope();
        using var noGradient = no_grad();
        for (int layer = 0; layer < _keys.Length; layer++)
        {
            _keys[layer].narrow(1, 0, tokens).copy_(other._keys[layer].narrow(1, 0, tokens));
            _values[layer].narrow(1, 0, tokens).copy_(other._values[layer].narrow(1, 0, tokens));
        }
    }

    public void Retain() => _readers++;

    public void Release()
    {
        if (--_readers > 0)
            return;
        foreach (Tensor tensor in _keys.Concat(_values))
            tensor.Dispose();
    }
}
