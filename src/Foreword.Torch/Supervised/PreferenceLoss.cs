namespace Foreword.Torch.Supervised;

/// <summary>
/// Computes the loss of direct preference optimization (Rafailov et al. 2023, equation 7) for a pair of answers from their log-probabilities, which are sums
/// over the tokens of an answer, in nats. With label smoothing e, it is the loss of conservative DPO (Mitchell 2023): -(1 - e) log s(m) - e log s(-m).
/// </summary>
/// <param name="beta">The factor of rewards, above 0.</param>
/// <param name="labelSmoothing">The probability that the answers are exchanged by mistake, from 0 to below 0.5.</param>
internal readonly struct PreferenceLoss(double beta, double labelSmoothing)
{
    /// <summary>Returns the reward of an answer: beta times the logarithm of how much more probable the model makes it than the reference does.</summary>
    public double Reward(double logProbability, double reference) => beta * (logProbability - reference);

    /// <summary>Returns the loss in nats of a margin m: the reward of the chosen answer minus that of the rejected one.</summary>
    public double Of(double margin) => (1 - labelSmoothing) * Softplus(-margin) + labelSmoothing * Softplus(margin); // -log s(m) = log(1 + e^-m)

    /// <summary>Returns the derivative of the loss by the log-probability of the chosen answer. That by the rejected answer's is the opposite.</summary>
    public double Slope(double margin) => beta * (labelSmoothing * Sigmoid(margin) - (1 - labelSmoothing) * Sigmoid(-margin));

    private static double Softplus(double x) => Math.Max(x, 0) + Math.Log(1 + Math.Exp(-Math.Abs(x)));

    private static double Sigmoid(double x) => x >= 0 ? 1 / (1 + Math.Exp(-x)) : Math.Exp(x) / (1 + Math.Exp(x));
}
