using Foreword.Data.Baselines;

namespace Foreword.Data.Supervised;

/// <summary>Measures how well a 3-gram that has read the training examples predicts the held-out answers. A neural model should be better.</summary>
internal static class TrigramBaseline
{
    /// <summary>The largest number of training tokens that are counted. They take 40 bytes each.</summary>
    private const long Most = 20_000_000;

    /// <summary>Computes the loss of a Kneser-Ney 3-gram in nats for each token of the held-out answers.</summary>
    /// <param name="train">The examples to count.</param>
    /// <param name="validation">The examples to predict, with at least one answer.</param>
    /// <param name="vocabSize">The number of ids.</param>
    /// <returns>The loss; null if there are too many training tokens to count.</returns>
    public static double? Loss(IReadOnlyList<SupervisedExample> train, IReadOnlyList<SupervisedExample> validation, int vocabSize)
    {
        if (train.Sum(example => (long)example.Ids.Length) is > Most or < 3)
            return null;
        KneserNey model = KneserNey.Train(train.SelectMany(example => example.Ids).ToArray(), vocabSize);
        double sum = 0;
        long count = 0;
        foreach (SupervisedExample example in validation)
        {
            for (int i = 1; i < example.Ids.Length; i++)
            {
                if (!example.IsAnswer[i])
                    continue;
                sum -= Math.Log(model.Probability(example.Ids.AsSpan(Math.Max(0, i - 2)..i), example.Ids[i]));
                count++;
            }
        }

        return sum / count;
    }
}
