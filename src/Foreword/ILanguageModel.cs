namespace Foreword;

/// <summary>A trained language model, whichever engine computes it: scores sequences and opens decoders.</summary>
public interface ILanguageModel : IDisposable
{
    /// <summary>The model's architecture.</summary>
    GptConfig Config { get; }

    /// <summary>
    /// log p(t[i] | t[..i]) in nats for i = 1 .. length - 1: one row of length - 1 values per sequence.
    /// </summary>
    /// <exception cref="ArgumentException">A sequence is empty, longer than the context, or holds an id outside the vocabulary.</exception>
    float[][] LogProbs(IReadOnlyList<int[]> sequences);

    /// <summary>A decoder with an empty KV cache of its own.</summary>
    IDecoder NewDecoder();
}

/// <summary>Reads tokens one after the other and remembers them in a KV cache.</summary>
public interface IDecoder : IDisposable
{
    /// <summary>Number of tokens read so far.</summary>
    int Position { get; }

    /// <summary>
    /// Reads <paramref name="tokens"/> and returns the logits [V] of the token after the last one.
    /// The span is valid until the next call.
    /// </summary>
    /// <exception cref="ArgumentException">No tokens, an id outside the vocabulary, or more tokens than the context holds.</exception>
    ReadOnlySpan<float> Append(ReadOnlySpan<int> tokens);
}
