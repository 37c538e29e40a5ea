using Foreword.Numerics;

namespace Foreword.Generation;

/// <summary>
/// Draws the tokens of one completion from their logits, in the order of steps that <see cref="SamplingOptions"/> gives. Same options, same prompt and same logits,
/// same ids. Probabilities are computed in double precision. A token costs no allocation once the first is drawn. Not safe to share between threads.
/// </summary>
public sealed class Sampler
{
    private readonly SamplingOptions _options;
    private readonly SplitMix64 _random;
    private readonly LogitAdjustments _adjustments;
    private readonly Candidates _candidates = new();

    /// <summary>A sampler at the start of the options' seed.</summary>
    /// <param name="options">How to draw.</param>
    /// <param name="prompt">The tokens before the completion; the repetition penalty counts them.</param>
    /// <exception cref="ArgumentException">An option is impossible.</exception>
    public Sampler(SamplingOptions options, params ReadOnlySpan<int> prompt)
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options.Validate();
        _random = new SplitMix64(unchecked((ulong)options.Seed));
        _adjustments = new LogitAdjustments(options, prompt);
    }

    /// <summary>Draws the next token's id from its logits [V] and counts it as part of the completion.</summary>
    /// <exception cref="ArgumentException">There are no logits, one is NaN or infinite (the message names its id), or a biased id is outside the vocabulary.</exception>
    public int Sample(ReadOnlySpan<float> logits)
    {
        int id = Choose(_adjustments.Apply(logits));
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
            _candidates.KeepAtLeast(_options.MinP); // weights are shares of the likeliest token's probability
        if (_options.TypicalP < 1)
            _candidates.KeepTypical(logits, _options.TypicalP);
        return _candidates.At(_random.NextDouble());
    }
}
