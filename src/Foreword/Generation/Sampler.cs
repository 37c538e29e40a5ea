using Foreword.Generation.Constraints;
using Foreword.Numerics;

namespace Foreword.Generation;

/// <summary>Draws the tokens of one completion from their logits, in the order of steps that <see cref="SamplingOptions"/> describes.</summary>
/// <remarks>
/// The same options, prompt and logits produce the same ids. Probabilities are computed in double precision. After the first token, drawing allocates
/// no memory. The sampler is not thread-safe.
/// </remarks>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly SplitMix64 _random;
    private readonly LogitAdjustments _adjustments;
    private readonly Candidates _candidates = new();

    /// <summary>Initializes a sampler with the seed in the options.</summary>
    /// <param name="options">How tokens are chosen.</param>
    /// <param name="prompt">The tokens before the completion. The repetition penalty counts them.</param>
    /// <exception cref="ArgumentException">An option is not valid, or the options have a constraint, which needs a tokenizer.</exception>
    public Sampler(SamplingOptions options, params ReadOnlySpan<int> prompt)
        : this(options, prompt, hasTokenizer: false)
    {
    }

    /// <summary>Initializes a sampler whose caller applies the constraint in the options.</summary>
    internal static Sampler ForConstrained(SamplingOptions options, ReadOnlySpan<int> prompt) => new(options, prompt, hasTokenizer: true);

    private Sampler(SamplingOptions options, ReadOnlySpan<int> prompt, bool hasTokenizer)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Validate();
        if (options.Constraint is not null && !hasTokenizer)
            throw new ArgumentException("the options have a constraint, which a sampler without a tokenizer cannot apply", nameof(options));
        _random = new SplitMix64(unchecked((ulong)options.Seed));
        _adjustments = new LogitAdjustments(options, prompt);
    }

    /// <summary>Draws the id of the next token from its logits and adds it to the completion.</summary>
    /// <param name="logits">The logits [V].</param>
    /// <exception cref="ArgumentException">
    /// There are no logits, a logit is NaN or infinite (the message names its id), or an id with a bias is outside the vocabulary.
    /// </exception>
    public int Sample(ReadOnlySpan<float> logits)
    {
        int id = Choose(_adjustments.Apply(logits));
        _adjustments.Add(id);
        return id;
    }

    /// <summary>Draws the id of the next token among the allowed ones and adds it to the completion.</summary>
    /// <param name="logits">The logits [V].</param>
    /// <param name="allowed">The tokens that may be drawn; at least one. The result is the same as if the vocabulary had no other tokens.</param>
    /// <exception cref="ArgumentException">As for <see cref="Sample(ReadOnlySpan{float})"/>.</exception>
    internal int Sample(ReadOnlySpan<float> logits, TokenMask allowed)
    {
        LogitRow.CheckFinite(logits);
        int id = allowed.IdAt(Choose(allowed.Select(_adjustments.Apply(logits))));
        _adjustments.Add(id);
        return id;
    }

    private int Choose(ReadOnlySpan<float> logits)
    {
        int best = LogitRow.ArgMax(logits);
        if (_options.Temperature == 0 || _options.TopK == 1)
            return best;
        _candidates.Fill(logits, logits[best], _options.Temperature, _options.TopK);
        if (_options.TopP < 1)
            _candidates.KeepTopP(logits, _options.TopP, _options.TopPRule);
        if (_options.MinP > 0)
            _candidates.KeepAtLeast(_options.MinP); // a weight is a token's probability relative to the most likely token's
        if (_options.TypicalP < 1)
            _candidates.KeepTypical(logits, _options.TypicalP);
        return _candidates.At(_random.NextDouble());
    }
}
