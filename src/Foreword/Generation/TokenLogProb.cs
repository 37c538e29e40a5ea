using Foreword.Numerics;

namespace Foreword.Generation;

/// <summary>Represents the log-probability that the model itself assigned to a token of a completion, before any sampling options.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProb">The log-probability in nats.</param>
/// <param name="Top">
/// The most likely tokens at this position with their log-probabilities, most likely first. Their number is <see cref="SamplingOptions.LogProbs"/>.
/// </param>
public sealed record TokenLogProb(int Id, float LogProb, IReadOnlyList<(int Id, float LogProb)> Top)
{
    /// <summary>Computes the log-probability of a token from its logits [V].</summary>
    /// <param name="logits">All logits of the model.</param>
    /// <param name="vocabSize">The number of ids of the tokenizer. Higher ids only pad the vocabulary and are not listed.</param>
    /// <param name="id">The token.</param>
    /// <param name="top">The number of most likely tokens to list. Among equals, the lowest ids are listed.</param>
    internal static TokenLogProb Compute(ReadOnlySpan<float> logits, int vocabSize, int id, int top)
    {
        double sum = LogitRow.LogSumExp(logits);
        List<(int Id, float LogProb)> likeliest = [];
        top = Math.Min(top, vocabSize);
        for (int other = 0; other < vocabSize && top > 0; other++)
        {
            if (likeliest.Count == top && logits[other] <= logits[likeliest[^1].Id])
                continue;
            if (likeliest.Count == top)
                likeliest.RemoveAt(top - 1);
            int at = likeliest.Count;
            while (at > 0 && logits[other] > logits[likeliest[at - 1].Id])
                at--;
            likeliest.Insert(at, (other, (float)(logits[other] - sum)));
        }

        return new TokenLogProb(id, (float)(logits[id] - sum), likeliest);
    }
}
