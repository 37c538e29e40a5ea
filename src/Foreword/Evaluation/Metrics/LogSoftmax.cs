namespace Foreword.Evaluation.Metrics;

/// <summary>Log-probabilities from logits, in double precision.</summary>
public static class LogSoftmax
{
    /// <summary>log p of one token, in nats.</summary>
    /// <param name="logits">The logits [V], finite.</param>
    /// <param name="token">The token's id.</param>
    public static double Of(ReadOnlySpan<float> logits, int token)
    {
        double largest = double.NegativeInfinity, sum = 0;
        foreach (float logit in logits)
            largest = Math.Max(largest, logit);
        foreach (float logit in logits)
            sum += Math.Exp(logit - largest);
        return logits[token] - largest - Math.Log(sum);
    }
}
