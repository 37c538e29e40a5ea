using Foreword.Models;
using static TorchSharp.torch;

namespace Foreword.Torch.Inference;

/// <summary>
/// Keeps the keys and values of the tokens that a decoder has read. They are stored in parts. The last part belongs to this cache. The parts before it
/// belong to the caches that this one was forked from; they are only read. Each part has room for the rest of the context from the start and is never
/// moved. On a CPU, memory that has never been written costs nothing.
/// </summary>
internal sealed class KvCache : DecoderState
{
    /// <summary>
    /// Smallest number of tokens that a fork shares. Fewer tokens are copied; otherwise beam search would split the caches into parts of a single
    /// token.
    /// </summary>
    private const long WorthSharing = 32;

    private readonly GptConfig _config;
    private readonly ScalarType _type;
    private readonly Device _device;
    private readonly List<KvPart> _shared = [];
    private KvStorage? _own;
    private long _sharedLength;

    /// <summary>Creates an empty cache.</summary>
    /// <param name="config">The model's architecture.</param>
    /// <param name="precision">The number format of keys and values.</param>
    /// <param name="device">The device on which they are stored.</param>
    public KvCache(GptConfig config, Precision precision, Device device)
    {
        ArgumentNullException.ThrowIfNull(config);
        (_config, _type, _device) = (config, precision.ScalarType(), device);
    }

    private KvCache(KvCache other) => (_config, _type, _device) = (other._config, other._type, other._device);

    /// <summary>
    /// Creates a cache that has read the same tokens; the two then continue independently. The tokens of this cache are shared and not copied, unless
    /// they are few.
    /// </summary>
    /// <returns>The new cache; the caller disposes it.</returns>
    public override DecoderState Fork()
    {
        KvCache fork = new(this);
        foreach (KvPart part in _shared)
            fork.Share(part);
        long own = Length - _sharedLength;
        if (own >= WorthSharing)
        {
            fork.Share(new KvPart(_own!, own));
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
    public override void Dispose()
    {
        foreach (KvPart part in _shared)
            part.Storage.Release();
        _shared.Clear();
        _own?.Release();
        _own = null;
    }

    /// <summary>Gets the parts that other caches may read too.</summary>
    internal IReadOnlyList<KvPart> Shared => _shared;

    /// <summary>
    /// Returns the cache's own part, including <paramref name="newTokens"/> tokens that <see cref="Store"/> has stored in a layer but that
    /// <see cref="DecoderState.Length"/> does not count yet.
    /// </summary>
    internal KvPart Own(long newTokens) => new(_own!, Length - _sharedLength + newTokens);

    /// <summary>Stores a layer's keys and values, [nh, T, hs], of new tokens.</summary>
    internal void Store(int layer, Tensor k, Tensor v)
    {
        _own ??= new KvStorage(_config, _config.ContextLength - _sharedLength, _type, _device);
        long start = Length - _sharedLength, T = k.shape[1];
        _own.Keys(layer).narrow(1, start, T).copy_(k);
        _own.Values(layer).narrow(1, start, T).copy_(v);
    }

    /// <summary>Counts new tokens as read. It must be called after all layers have stored them.</summary>
    internal override void Extend(long count) => Length += count;

    private void Share(KvPart part)
    {
        part.Storage.Share();
        _shared.Add(part);
        _sharedLength += part.Length;
    }
}

/// <summary>A part of a cache: the first tokens of a storage.</summary>
internal readonly record struct KvPart(KvStorage Storage, long Length)
{
    /// <summary>Returns the keys of a layer, [nh, Length, hs].</summary>
    public Tensor Keys(int layer) => Storage.Keys(layer).narrow(1, 0, Length);

    /// <summary>Returns the values of a layer, [nh, Length, hs].</summary>
    public Tensor Values(int layer) => Storage.Values(layer).narrow(1, 0, Length);
}

/// <summary>Holds the keys and values of some tokens: one pair of tensors, [nh, capacity, hs], per layer. The memory is freed with the last cache that holds it.</summary>
internal sealed class KvStorage
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;
    private int _holders = 1;

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

    public void Share() => _holders++;

    public void Release()
    {
        if (--_holders > 0)
            return;
        foreach (Tensor tensor in _keys.Concat(_values))
            tensor.Dispose();
    }
}
