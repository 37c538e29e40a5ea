namespace Foreword.Models;

/// <summary>What every engine asks of the tokens it is given, in one place, so that all of them refuse the same in the same words.</summary>
public static class ModelInput
{
    /// <summary>Checks that tokens can be read after so many others.</summary>
    /// <exception cref="ArgumentException">There are none, the context does not hold them, or an id is outside the vocabulary.</exception>
    public static void Check(GptConfig config, ReadOnlySpan<int> tokens, int past = 0)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (tokens.IsEmpty)
            throw new ArgumentException("a sequence without tokens cannot be read");
        if (past + tokens.Length > config.ContextLength)
            throw new ArgumentException($"sequence has {past + tokens.Length} tokens; the context length is {config.ContextLength}");
        CheckIds(config, tokens);
    }

    /// <summary>Checks a context and its continuations; a continuation's last token is scored, not read.</summary>
    /// <exception cref="ArgumentException">The context is empty, a continuation is null or does not fit, or an id is outside the vocabulary.</exception>
    public static void Check(GptConfig config, ScoringRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        Check(config, request.Context);
        if (request.Continuations?.Contains(null!) ?? true)
            throw new ArgumentException("a request's continuations, or one of them, is null; a continuation may be empty");
        foreach (int[] continuation in request.Continuations.Where(tokens => tokens.Length > 0))
        {
            int read = request.Context.Length + continuation.Length - 1;
            if (read > config.ContextLength)
                throw new ArgumentException($"context and continuation have {read + 1} tokens, {read} tokens without the last, which is not read; the context length is {config.ContextLength}");
            CheckIds(config, continuation);
        }
    }

    /// <summary>Checks the arguments of <see cref="ILanguageModel.AppendEach"/> and returns the decoders as the engine's own.</summary>
    /// <param name="config">The model's architecture.</param>
    /// <param name="decoders">The decoders given.</param>
    /// <param name="tokens">One token for each.</param>
    /// <param name="logits">Room for logits that the caller gave.</param>
    /// <param name="isOwn">Whether a decoder belongs to the model.</param>
    /// <exception cref="ArgumentException">As <see cref="ILanguageModel.AppendEach"/> says.</exception>
    public static T[] CheckEach<T>(GptConfig config, IReadOnlyList<IDecoder> decoders, ReadOnlySpan<int> tokens, int logits, Predicate<T> isOwn) where T : class, IDecoder
    {
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(decoders);
        ArgumentNullException.ThrowIfNull(isOwn);
        int n = decoders.Count;
        if (n == 0 || tokens.Length != n)
            throw new ArgumentException($"{tokens.Length} tokens for {n} decoders; each takes one");
        if (logits != (long)n * config.VocabSize)
            throw new ArgumentException($"room for {logits} logits; {n} decoders have {n} x {config.VocabSize}");
        T[] own = new T[n];
        for (int i = 0; i < n; i++)
        {
            if (decoders[i] is not T decoder || !isOwn(decoder))
                throw new ArgumentException($"decoder {i} is not this model's");
            Check(config, tokens.Slice(i, 1), decoder.Position);
            own[i] = decoder;
        }

        return own.Distinct().Count() == n ? own : throw new ArgumentException("a decoder is listed twice; it can read one token at a time");
    }

    private static void CheckIds(GptConfig config, ReadOnlySpan<int> tokens)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)config.VocabSize)
                throw new ArgumentException($"token id {token} is outside the vocabulary of {config.VocabSize}");
        }
    }
}
