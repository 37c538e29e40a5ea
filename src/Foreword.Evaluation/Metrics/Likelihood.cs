namespace Foreword.Evaluation.Metrics;

/// <summary>
/// The probability of a text, in the units that the papers report. Perplexities and bits can be computed per unit of the original text, so that
/// models with different tokenizers are comparable.
/// </summary>
/// <param name="NegativeLogLikelihood">-log p of the whole text, in nats.</param>
/// <param name="Tokens">Number of tokens that were predicted.</param>
public readonly record struct Likelihood(double NegativeLogLikelihood, long Tokens)
{
    /// <summary>Gets the mean number of nats per token.</summary>
    public double MeanNegativeLogLikelihood => NegativeLogLikelihood / Tokens;

    /// <summary>Gets the perplexity per token.</summary>
    public double Perplexity => PerplexityPer(Tokens);

    /// <summary>Creates the likelihood of predicted tokens.</summary>
    /// <param name="logProbs">log p of each token, in nats.</param>
    public static Likelihood Compute(ReadOnlySpan<float> logProbs)
    {
        double sum = 0;
        foreach (float logProb in logProbs)
            sum -= logProb;
        return new Likelihood(sum, logProbs.Length);
    }

    /// <summary>Adds the likelihoods of two texts.</summary>
    public static Likelihood operator +(Likelihood a, Likelihood b) => new(a.NegativeLogLikelihood + b.NegativeLogLikelihood, a.Tokens + b.Tokens);

    /// <summary>Computes exp(total nats / units), for example the perplexity per word of the original text.</summary>
    public double PerplexityPer(long units) => Math.Exp(NegativeLogLikelihood / units);
}
