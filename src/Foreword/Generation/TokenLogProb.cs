namespace Foreword.Generation;

/// <summary>The log-probability that the model itself gave a token of a completion, whatever the options made of it.</summary>
/// <param name="Id">The token.</param>
/// <param name="LogProb">Its log-probability in nats.</param>
/// <param name="Top">The likeliest tokens of that place with their log-probabilities, the likeliest first, as many as were asked for.</param>
public sealed record TokenLogProb(int Id, float LogProb, IReadOnlyList<(int Id, float LogProb)> Top)
{
    /// <summary>That of a token among its logits [V].</summary>
    /// <param name="logits">Every logit of the model.</param>
    /// <param name="vocabularySize">Only ids below it are among the likeliest; those above pad the vocabulary.</param>
    /// <param name="id">The token.</param>
    /// <param name="top">How many likeliest tokens to name, of equals those with the lowest ids.</param>
    internal static TokenLogProb Of(ReadOnlySpan<float> logits, int vocabularySize, int id, int top)
    {
        double sum = LogitRow.LogSumExp(logits);
        List<(int Id, float LogProb)> likeliest = [];
        top = Math.Min(top, vocabularySize);
        for (int other = 0; other < vocabularySize && top > 0; other++)
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
