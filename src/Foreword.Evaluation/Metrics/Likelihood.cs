namespace Foreword.Evaluation.Metrics;

/// <summary>
/// The probability of a text as the papers print it. Perplexities and bits are per unit of the original text, so that models with
/// different tokenizers can be compared.
/// </summary>
/// <param name="NegativeLogLikelihood">-log p of the whole text, in nats.</param>
/// <param name="Tokens">Tokens that were predicted.</param>
public readonly record struct Likelihood(double NegativeLogLikelihood, long Tokens)
{
    /// <summary>Mean nats a token.</summary>
    public double MeanNegativeLogLikelihood => NegativeLogLikelihood / Tokens;

    /// <summary>Perplexity per token.</summary>
    public double Perplexity => PerplexityPer(Tokens);

    /// <summary>The likelihood of predicted tokens.</summary>
    /// <param name="logProbs">log p of each, in nats.</param>
    public static Likelihood Of(ReadOnlySpan<float> logProbs)
    {
        double sum = 0;
        foreach (float logProb in logProbs)
            sum -= logProb;
        return new Likelihood(sum, logProbs.Length);
    }

    /// <summary>The likelihood of both texts together.</summary>
    public static Likelihood operator +(Likelihood a, Likelihood b) => new(a.NegativeLogLikelihood + b.NegativeLogLikelihood, a.Tokens + b.Tokens);

    /// <summary>exp(total / units): perplexity per word of the original text, say.</summary>
    public double PerplexityPer(long units) => Math.Exp(NegativeLogLikelihood / units);

    /// <summary>Bits per character or byte of the original text.</summary>
    public double BitsPer(long units) => NegativeLogLikelihood / (units * Math.Log(2));
}
