namespace Foreword.Models;

/// <summary>
/// Checks the token ids that are passed to a model. All engines use these checks, so they reject the same input with the same messages.
/// </summary>
public static class ModelInput
{
    /// <summary>Checks that a model can read tokens.</summary>
    /// <param name="config">The architecture of the model.</param>
    /// <param name="tokens">The token ids.</param>
    /// <param name="past">The number of tokens that have been read before these.</param>
    /// <exception cref="ArgumentException">
    /// There are no tokens, they do not fit into the context length, or an id is outside the vocabulary.
    /// </exception>
    public static void Check(ModelConfig config, ReadOnlySpan<int> tokens, int past = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (tokens.IsEmpty)
            throw new ArgumentException("the sequence has no tokens", nameof(tokens));
        CheckLength(config, past + tokens.Length, nameof(tokens));
        CheckIds(config, tokens);
    }

    /// <summary>Checks that a sequence fits into the context.</summary>
    /// <param name="config">The architecture of the model.</param>
    /// <param name="length">The number of tokens of the sequence.</param>
    /// <param name="parameter">The caller's name of the tokens, for the exception.</param>
    /// <exception cref="ArgumentException">The sequence is longer than the context length.</exception>
    internal static void CheckLength(ModelConfig config, long length, string? parameter = null)
    {
        if (length > config.ContextLength)
            throw new ArgumentException($"sequence has {length} tokens; the context length is {config.ContextLength}", parameter);
    }

    /// <summary>
    /// Checks a context and its continuations. The last token of a continuation is scored but not read, so it can exceed the context length by one.
    /// </summary>
    /// <param name="config">The architecture of the model.</param>
    /// <param name="request">The context and its continuations.</param>
    /// <exception cref="ArgumentException">
    /// The context is empty, a continuation is null or does not fit into the context length, or an id is outside the vocabulary.
    /// </exception>
    public static void Check(ModelConfig config, ScoringRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(config, request.Context);
        if (request.Continuations?.Contains(null!) ?? true)
            throw new ArgumentException("a request's continuations, or one of them, is null; a continuation may be empty", nameof(request));
        foreach (int[] continuation in request.Continuations.Where(tokens => tokens.Length > 0))
        {
            int read = request.Context.Length + continuation.Length - 1;
            if (read > config.ContextLength)
                throw new ArgumentException($"context and continuation have {read + 1} tokens, {read} without the last one, which the model does not read; the context length is {config.ContextLength}", nameof(request));
            CheckIds(config, continuation);
        }
    }

    /// <summary>Checks the arguments of <see cref="ILanguageModel.AppendEach"/> and returns the decoders as the engine's own type.</summary>
    /// <typeparam name="T">The engine's type of decoders.</typeparam>
    /// <param name="config">The architecture of the model.</param>
    /// <param name="decoders">The decoders.</param>
    /// <param name="tokens">The tokens, one per decoder.</param>
    /// <param name="logits">The number of logits that the caller's buffer can hold. It must be the number of decoders times V.</param>
    /// <param name="isOwn">Returns whether a decoder belongs to the model.</param>
    /// <exception cref="ArgumentException">The arguments violate a rule of <see cref="ILanguageModel.AppendEach"/>.</exception>
    public static T[] CheckEach<T>(ModelConfig config, IReadOnlyList<IDecoder> decoders, ReadOnlySpan<int> tokens, int logits, Predicate<T> isOwn) where T : class, IDecoder
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(decoders);
        ArgumentNullException.ThrowIfNull(isOwn);
        int n = decoders.Count;
        if (n == 0 || tokens.Length != n)
            throw new ArgumentException($"{tokens.Length} tokens were given for {n} decoders; each decoder takes one token", nameof(tokens));
        if (logits != (long)n * config.VocabSize)
            throw new ArgumentException($"there is room for {logits} logits; {n} decoders need {n} x {config.VocabSize}", nameof(logits));
        T[] own = new T[n];
        for (int i = 0; i < n; i++)
        {
            if (decoders[i] is not T decoder || !isOwn(decoder))
                throw new ArgumentException($"decoder {i} does not belong to this model", nameof(decoders));
            Check(config, tokens.Slice(i, 1), decoder.Position);
            own[i] = decoder;
        }

        return own.Distinct().Count() == n ? own : throw new ArgumentException("a decoder is listed twice; it can read one token at a time", nameof(decoders));
    }

    private static void CheckIds(ModelConfig config, ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)config.VocabSize)
                throw new ArgumentException($"token id {token} is outside the vocabulary of {config.VocabSize}", nameof(tokens));
        }
    }
}
