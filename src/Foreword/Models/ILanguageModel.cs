namespace Foreword.Models;

/// <summary>A trained language model, whichever engine computes it: scores sequences and opens decoders. Whether threads may share it the engine says; a decoder is for one at a time.</summary>
public interface ILanguageModel : IDisposable
{
    /// <summary>The model's architecture.</summary>
    GptConfig Config { get; }

    /// <summary>
    /// log p(t[i] | t[..i]) in nats for i = 1 .. length - 1: one row of length - 1 values per sequence.
    /// </summary>
    /// <exception cref="ArgumentException">A sequence is empty, longer than the context, or holds an id outside the vocabulary.</exception>
    float[][] LogProbs(IReadOnlyList<int[]> sequences);

    /// <summary>
    /// For each request, each of its continuations and each token of it: its log-probability and whether it is the likeliest. The engine
    /// batches as it likes; the numbers do not depend on what shares a batch (beyond the rounding of float32 sums).
    /// </summary>
    /// <exception cref="ArgumentException">A context is empty, a continuation does not fit the context length, or an id lies outside the vocabulary.</exception>
    TokenScore[][][] Score(IReadOnlyList<ScoringRequest> requests);

    /// <summary>A decoder with an empty KV cache of its own.</summary>
    IDecoder NewDecoder();

    /// <summary>
    /// Reads one token with each of several decoders, in one pass over the weights, as if <see cref="IDecoder.Append"/> had been called for each.
    /// The decoders may be at different positions; those forked from one another share what they have in common. Where reading fails, none has read anything.
    /// </summary>
    /// <param name="decoders">Decoders of this model, at least one, none twice.</param>
    /// <param name="tokens">Decoder i reads tokens[i].</param>
    /// <param name="logits">Receives [n, V], row after row: the logits of the token after each decoder's.</param>
    /// <exception cref="ArgumentException">
    /// The sizes do not match, a decoder is another model's or listed twice or at the end of its context, or an id is outside the vocabulary.
    /// </exception>
    void AppendEach(IReadOnlyList<IDecoder> decoders, ReadOnlySpan<int> tokens, Span<float> logits);

    /// <summary>
    /// Calls <paramref name="body"/> once with each number from 0 to <paramref name="count"/> - 1, on the threads that compute passes where the engine has such:
    /// they are at hand between two passes. One after the other otherwise.
    /// </summary>
    /// <param name="count">How many calls.</param>
    /// <param name="body">Must not call the model, nor depend on the other calls or on its thread. What it throws is thrown here.</param>
    void ForEach(int count, Action<int> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        for (int i = 0; i < count; i++)
            body(i);
    }
}

/// <summary>Reads tokens one after the other and remembers them in a KV cache.</summary>
public interface IDecoder : IDisposable
{
    /// <summary>Number of tokens read so far.</summary>
    int Position { get; }

    /// <summary>
    /// Reads <paramref name="tokens"/> and returns the logits [V] of the token after the last one.
    /// The span is valid until the next call. Where reading fails, the decoder has read none of them and can be asked again.
    /// </summary>
    /// <exception cref="ArgumentException">No tokens, an id outside the vocabulary, or more tokens than the context holds.</exception>
    ReadOnlySpan<float> Append(ReadOnlySpan<int> tokens);

    /// <summary>
    /// A second decoder that has read the same tokens; the two go on apart, and each is disposed by itself. What was read so far is shared where
    /// copying it would cost more.
    /// </summary>
    IDecoder Fork();
}
