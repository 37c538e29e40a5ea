using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>Keys and values of the tokens that a decoder has read, one preallocated pair of tensors [B, nh, context, hs] a layer.</summary>
public sealed class KvCache : IDisposable
{
    private readonly Tensor[] _keys;
    private readonly Tensor[] _values;

    /// <summary>An empty cache.</summary>
    /// <param name="config">The model's architecture.</param>
    /// <param name="batch">Number of sequences B.</param>
    /// <param name="precision">Number format of keys and values.</param>
    /// <param name="device">Where they lie.</param>
    public KvCache(GptConfig config, long batch, Precision precision, Device device)
    {
        ArgumentNullException.ThrowIfNull(config);
        Tensor New() => zeros([batch, config.NHead, config.ContextLength, config.HeadSize], precision.ScalarType(), device).DetachFromDisposeScope();
        _keys = [.. Enumerable.Range(0, config.NLayer).Select(_ => New())];
        _values = [.. Enumerable.Range(0, config.NLayer).Select(_ => New())];
    }

    /// <summary>Tokens in the cache.</summary>
    public long Length { get; private set; }

    /// <summary>Stores the new tokens' keys and values [B, nh, T, hs] of a layer and returns those of all tokens [B, nh, Length + T, hs].</summary>
    internal (Tensor Keys, Tensor Values) Append(int layer, Tensor k, Tensor v)
    {
        long T = k.shape[2];
        _keys[layer].narrow(2, Length, T).copy_(k);
        _values[layer].narrow(2, Length, T).copy_(v);
        return (_keys[layer].narrow(2, 0, Length + T), _values[layer].narrow(2, 0, Length + T));
    }

    /// <summary>Called once all layers have stored their T new tokens.</summary>
    internal void Advance(long tokens) => Length += tokens;

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (Tensor tensor in _keys.Concat(_values))
            tensor.Dispose();
    }
}
