namespace Foreword.Models;

/// <summary>
/// A trained language model that scores sequences and creates decoders, independent of the engine that computes it. The documentation of each engine
/// states whether threads can share a model. Only one thread at a time can use a decoder.
/// </summary>
public interface ILanguageModel : IDisposable
{
    /// <summary>Gets the architecture of the model.</summary>
    ModelConfig Config { get; }

    /// <summary>Computes the log-probability of every token after the first in each sequence, given the tokens before it.</summary>
    /// <param name="sequences">The token ids of each sequence, at least one and at most the context length.</param>
    /// <param name="cancellationToken">Cancels the work between two passes.</param>
    /// <returns>For each sequence of n tokens, n - 1 values in nats: log p(t[i] | t[..i]) for i = 1 .. n - 1.</returns>
    /// <exception cref="ArgumentException">
    /// A sequence is empty, is longer than the context length, or contains an id outside the vocabulary.
    /// </exception>
    /// <exception cref="OperationCanceledException">The work was canceled.</exception>
    float[][] LogProbs(IReadOnlyList<int[]> sequences, CancellationToken cancellationToken = default);

    /// <summary>Scores every token of every continuation: its log-probability, and whether it is the most likely token.</summary>
    /// <param name="requests">The contexts and their continuations.</param>
    /// <param name="cancellationToken">Cancels the work between two passes.</param>
    /// <returns>The scores, indexed by request, continuation and token.</returns>
    /// <remarks>
    /// The engine decides which sequences share a batch. The results do not depend on the batch, except for the rounding of float32 sums.
    /// </remarks>
    /// <exception cref="ArgumentException">
    /// A context is empty, a continuation does not fit into the context length, or an id is outside the vocabulary.
    /// </exception>
    /// <exception cref="OperationCanceledException">The work was canceled.</exception>
    TokenScore[][][] Score(IReadOnlyList<ScoringRequest> requests, CancellationToken cancellationToken = default);

    /// <summary>Creates a decoder with its own, empty KV cache.</summary>
    /// <returns>The decoder. The caller disposes it.</returns>
    IDecoder CreateDecoder();

    /// <summary>
    /// Reads one token with each of several decoders, in one pass over the weights. The result is the same as calling <see cref="IDecoder.Append"/>
    /// on each decoder. The decoders can be at different positions. Decoders that were forked from one another share the tokens they have in common.
    /// If reading fails, no decoder has read its token.
    /// </summary>
    /// <param name="decoders">Decoders of this model: at least one, and each only once.</param>
    /// <param name="tokens">The tokens, one per decoder. Decoder i reads tokens[i].</param>
    /// <param name="logits">Receives the logits [n, V] of the next token, one row per decoder.</param>
    /// <exception cref="ArgumentException">
    /// The sizes do not match, a decoder belongs to another model, is listed twice or is at the end of its context, or an id is outside the
    /// vocabulary.
    /// </exception>
    void AppendEach(IReadOnlyList<IDecoder> decoders, ReadOnlySpan<int> tokens, Span<float> logits);

    /// <summary>
    /// Calls <paramref name="body"/> once with each number from 0 to <paramref name="count"/> - 1. If the engine has worker threads for its passes,
    /// they make the calls, because they are idle between two passes. Otherwise, the calls are made one after another.
    /// </summary>
    /// <param name="count">The number of calls.</param>
    /// <param name="body">
    /// The method to call. It must not call the model and must not depend on the other calls or on its thread. An exception in it is thrown to the
    /// caller.
    /// </param>
    void ForEach(int count, Action<int> body)
    {
        ArgumentNullException.ThrowIfNull(body);
        for (int i = 0; i < count; i++)
            body(i);
    }
}

/// <summary>Reads tokens in sequence and stores their keys and values in a KV cache.</summary>
public interface IDecoder : IDisposable
{
    /// <summary>Gets the number of tokens read so far.</summary>
    int Position { get; }

    /// <summary>
    /// Reads tokens and returns the logits [V] of the token that follows the last one. If reading fails, the decoder has read none of the tokens and
    /// can be called again.
    /// </summary>
    /// <param name="tokens">The token ids, at least one.</param>
    /// <returns>The logits [V]. The span is valid until the next call.</returns>
    /// <exception cref="ArgumentException">
    /// There are no tokens, an id is outside the vocabulary, or the tokens do not fit into the rest of the context.
    /// </exception>
    ReadOnlySpan<float> Append(ReadOnlySpan<int> tokens);

    /// <summary>
    /// Creates a second decoder that has read the same tokens. From then on the two are independent, and each is disposed separately. They share the
    /// cache of the tokens read so far if a copy would cost more.
    /// </summary>
    /// <returns>The new decoder. The caller disposes it.</returns>
    IDecoder Fork();
}
