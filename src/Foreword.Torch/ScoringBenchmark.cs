using System.Diagnostics;
using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>Measures the scoring of continuations beside the bare forward pass, in one run. Random weights and tokens: speed does not depend on them.</summary>
public static class ScoringBenchmark
{
    /// <summary>Tokens of a LAMBADA passage, about.</summary>
    public const int PassageTokens = 100;

    private const int Passages = 40, TargetTokens = 2;
    private const int QuestionTokens = 450, Choices = 10, ChoiceTokens = 12; // of the Children's Book Test, about
    private static readonly int[] BatchSizes = [4, 8, 16];

    /// <summary>Runs everything in turns; the best round of each counts.</summary>
    /// <param name="config">The architecture.</param>
    /// <param name="rounds">Timed rounds, after one that is not timed.</param>
    /// <exception cref="ArgumentException">The context is shorter than a passage.</exception>
    public static ScoringThroughput Run(GptConfig config, int rounds)
    {
        ArgumentNullException.ThrowIfNull(config);
        if (config.ContextLength < PassageTokens + 31)
            throw new ArgumentException($"the context length is {config.ContextLength}; the passages have up to {PassageTokens + 31} tokens");
        using GptModel model = new(config);
        using TorchLanguageModel language = new(model, ownsModel: false);
        using ITrainingPath path = TrainingPath.Of(model);
        Random random = new(1);
        ScoringRequest[] passages = [.. Enumerable.Range(0, Passages).Select(i => new ScoringRequest(Tokens(PassageTokens - 30 + i * 61 / Passages), [Tokens(TargetTokens)]))];
        double passageTokens = passages.Sum(passage => passage.Context.Length + TargetTokens - 1);
        ScoringRequest question = new(Tokens(Math.Min(QuestionTokens, config.ContextLength + 1 - ChoiceTokens)), [.. Enumerable.Range(0, Choices).Select(_ => Tokens(ChoiceTokens))]);
        ScoringRequest[] alone = [.. question.Continuations.Select(choice => new ScoringRequest(question.Context, [choice]))];

        double scoring = double.PositiveInfinity, shared = double.PositiveInfinity, separate = double.PositiveInfinity;
        Dictionary<int, double> forward = [];
        for (int round = 0; round <= rounds; round++)
        {
            foreach (int batch in BatchSizes)
                Keep(round, Forward(path, config, batch), seconds => forward[batch] = Math.Min(forward.GetValueOrDefault(batch, double.PositiveInfinity), seconds));
            Keep(round, Time(() => language.Score(passages)), seconds => scoring = Math.Min(scoring, seconds));
            Keep(round, Time(() => language.Score([question])), seconds => shared = Math.Min(shared, seconds));
            Keep(round, Time(() => language.Score(alone)), seconds => separate = Math.Min(separate, seconds));
        }

        KeyValuePair<int, double> best = forward.MaxBy(pair => pair.Key / pair.Value);
        return new ScoringThroughput(passageTokens / scoring, best.Key * PassageTokens / best.Value, best.Key, separate / shared);

        int[] Tokens(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(config.VocabSize))];

        static void Keep(int round, double seconds, Action<double> keep)
        {
            if (round > 0)
                keep(seconds);
        }
    }

    /// <summary>Seconds of the blocks alone, as scoring runs them, no logits, on passages all of the same length.</summary>
    private static double Forward(ITrainingPath path, GptConfig config, int batch)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor ids = randint(0, config.VocabSize, [batch, PassageTokens], int64);
        return Time(() =>
        {
            using Tensor hidden = path.Hidden(ids);
        });
    }

    private static double Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}

/// <summary>What <see cref="ScoringBenchmark.Run"/> measured.</summary>
/// <param name="TokensPerSecond">Tokens of LAMBADA-length passages scored per second, logits included where a score is wanted.</param>
/// <param name="ForwardTokensPerSecond">Tokens per second of the bare forward pass at the best batch size, without any logits.</param>
/// <param name="ForwardBatchSize">That batch size.</param>
/// <param name="SharingSpeedup">How many times as fast ten choices of one question are when they share its context.</param>
public sealed record ScoringThroughput(double TokensPerSecond, double ForwardTokensPerSecond, int ForwardBatchSize, double SharingSpeedup)
{
    /// <summary>Scoring's share of the bare forward pass's speed.</summary>
    public double ShareOfForward => TokensPerSecond / ForwardTokensPerSecond;
}
