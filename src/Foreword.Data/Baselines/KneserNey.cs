namespace Foreword.Data.Baselines;

/// <summary>
/// An interpolated modified Kneser-Ney trigram model over token ids. It is the strongest count-based language model, and therefore a fair baseline
/// for a neural one. Source: S. F. Chen and J. Goodman, "An empirical study of smoothing techniques for language modeling", Computer Speech and
/// Language 13 (1999), section 4.1.6 and equations 26 to 30.
/// </summary>
/// <remarks>
/// p(w | u v) = max(c(u v w) - D(c), 0) / c(u v) + gamma(u v) p(w | v). The trigram order counts occurrences. The lower orders count the number of
/// different contexts that an n-gram continues (N1+). Below the unigrams is the uniform distribution, so every token has a probability above 0. The
/// stream is one sequence without sentence boundaries, and an end-of-text token is treated like any other token.
/// </remarks>
public sealed class KneserNey
{
    /// <summary>Number of bits of an id in a packed n-gram. Three ids fit into 64 bits.</summary>
    private const int IdBits = 21;

    private readonly int _vocabularySize;
    private readonly NGramOrder _trigrams;
    private readonly NGramOrder _bigrams;
    private readonly NGramOrder _unigrams;

    private KneserNey(int vocabSize, NGramOrder trigrams, NGramOrder bigrams, NGramOrder unigrams)
    {
        _vocabularySize = vocabSize;
        _trigrams = trigrams;
        _bigrams = bigrams;
        _unigrams = unigrams;
    }

    /// <summary>Counts a stream of tokens. Memory is about 40 bytes per token.</summary>
    /// <param name="tokens">At least 3 ids, each from 0 to <paramref name="vocabSize"/> - 1.</param>
    /// <param name="vocabSize">V, from 1 to 2,097,152.</param>
    /// <exception cref="ArgumentException">There are fewer than 3 tokens, an id is outside the vocabulary, or V is out of range.</exception>
    public static KneserNey Train(ReadOnlySpan<int> tokens, int vocabSize)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vocabSize, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vocabSize, 1 << IdBits);
        if (tokens.Length < 3)
            throw new ArgumentException($"{tokens.Length} tokens contain no trigram; at least 3 are needed", nameof(tokens));
        CheckIds(tokens, vocabSize);

        ulong[] trigrams = NGrams(tokens, 3);
        ulong[] bigrams = NGrams(tokens, 2);
        (ulong[] Keys, int[] Counts) occurrences = CountRuns(trigrams);
        ulong pairMask = (1UL << (2 * IdBits)) - 1;
        ulong idMask = (1UL << IdBits) - 1;
        // N1+(. v w): number of different u before v w. N1+(. w): number of different v before w.
        (ulong[] Keys, int[] Counts) pairs = CountRuns(Array.ConvertAll(occurrences.Keys, key => key & pairMask));
        (ulong[] Keys, int[] Counts) singles = CountRuns(Array.ConvertAll(CountRuns(bigrams).Keys, key => key & idMask));
        return new KneserNey(
            vocabSize,
            new NGramOrder(occurrences.Keys, occurrences.Counts, IdBits),
            new NGramOrder(pairs.Keys, pairs.Counts, IdBits),
            new NGramOrder(singles.Keys, singles.Counts, IdBits));
    }

    /// <summary>Returns p(token | context). Only the last two tokens of the context are used. The context may be shorter or empty.</summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    public double Probability(ReadOnlySpan<int> context, int token)
    {
        context = context[^Math.Min(2, context.Length)..];
        CheckIds(context, _vocabularySize);
        CheckIds([token], _vocabularySize);
        return Interpolate(context, token);
    }

    /// <summary>
    /// Computes the mean negative log-likelihood, in nats, of the tokens from the second one on. Each is conditioned on the one or two tokens before
    /// it.
    /// </summary>
    /// <exception cref="ArgumentException">There are fewer than 2 tokens, or an id is outside the vocabulary.</exception>
    public double MeanNegativeLogLikelihood(ReadOnlySpan<int> tokens)
    {
        if (tokens.Length < 2)
            throw new ArgumentException($"{tokens.Length} tokens cannot be scored; at least 2 are needed", nameof(tokens));
        CheckIds(tokens, _vocabularySize);
        double sum = 0;
        for (int i = 1; i < tokens.Length; i++)
            sum -= Math.Log(Interpolate(tokens[Math.Max(0, i - 2)..i], tokens[i]));
        return sum / (tokens.Length - 1);
    }

    private double Interpolate(ReadOnlySpan<int> context, int token)
    {
        double p = _unigrams.Interpolate(0, (ulong)token, 1.0 / _vocabularySize);
        if (context.Length == 0)
            return p;
        p = _bigrams.Interpolate((ulong)context[^1], (ulong)token, p);
        return context.Length == 1 ? p : _trigrams.Interpolate(((ulong)context[0] << IdBits) | (uint)context[1], (ulong)token, p);
    }

    /// <summary>Packs every n-gram into one number, with the first token in the highest bits.</summary>
    private static ulong[] NGrams(ReadOnlySpan<int> tokens, int order)
    {
        ulong[] packed = new ulong[tokens.Length - order + 1];
        ulong mask = (1UL << (order * IdBits)) - 1;
        ulong key = 0;
        for (int i = 0; i < tokens.Length; i++)
        {
            key = ((key << IdBits) | (uint)tokens[i]) & mask;
            if (i >= order - 1)
                packed[i - order + 1] = key;
        }

        return packed;
    }

    /// <summary>Sorts the keys in place and counts how often each occurs.</summary>
    private static (ulong[] Keys, int[] Counts) CountRuns(ulong[] keys)
    {
        Array.Sort(keys);
        List<ulong> distinct = [];
        List<int> counts = [];
        for (int i = 0; i < keys.Length;)
        {
            int end = i + 1;
            while (end < keys.Length && keys[end] == keys[i])
                end++;
            distinct.Add(keys[i]);
            counts.Add(end - i);
            i = end;
        }

        return ([.. distinct], [.. counts]);
    }

    private static void CheckIds(ReadOnlySpan<int> tokens, int vocabSize)
    {
        foreach (int token in tokens)
        {
            if ((uint)token >= (uint)vocabSize)
                throw new ArgumentOutOfRangeException(nameof(tokens), $"token id {token} is outside the vocabulary of {vocabSize}");
        }
    }
}
