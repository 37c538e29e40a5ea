using System.Diagnostics;
using Foreword.Models;
using Foreword.Torch;
using Foreword.Torch.Inference;
using Foreword.Torch.Paths;
using static TorchSharp.torch;

namespace Foreword.Cli.Commands.Bench;

/// <summary>Measures the scoring of continuations by both engines, and libtorch's bare forward pass, in one run. Random weights and tokens: speed does not depend on them.</summary>
public static class ScoringMeasurement
{
    /// <summary>Tokens of a LAMBADA passage, about.</summary>
    public const int PassageTokens = 100;

    private const int Passages = 40, TargetTokens = 2;
    private const int QuestionTokens = 450, Choices = 10, ChoiceTokens = 12; // of the Children's Book Test, about
    private static readonly int[] BatchSizes = [4, 8, 16];

    /// <summary>Runs everything in turns; the best round of each counts.</summary>
    /// <param name="plain">The plain C# engine's model; libtorch's is made with the same architecture.</param>
    /// <param name="rounds">Timed rounds, after one that is not timed.</param>
    /// <exception cref="ArgumentException">The context is shorter than a passage.</exception>
    public static ScoringThroughput Run(ILanguageModel plain, int rounds)
    {
        ArgumentNullException.ThrowIfNull(plain);
        GptConfig config = plain.Config;
        if (config.ContextLength < PassageTokens + 31)
            throw new ArgumentException($"the context length is {config.ContextLength}; the passages have up to {PassageTokens + 31} tokens");
        using GptModel model = new(config);
        using TorchLanguageModel language = new(model, ownsModel: false);
        using IModelPath path = TrainingPath.Of(model);
        Workload workload = new(config);
        EngineScoring torch = EngineScoring.None, cpu = EngineScoring.None;
        Dictionary<int, double> forward = [];
        for (int round = 0; round <= rounds; round++)
        {
            bool counts = round > 0;
            foreach (int batch in BatchSizes)
            {
                double seconds = Forward(path, config, batch);
                if (counts)
                    forward[batch] = Math.Min(forward.GetValueOrDefault(batch, double.PositiveInfinity), seconds);
            }

            EngineScoring torchNow = workload.Measure(language), cpuNow = workload.Measure(plain);
            if (counts)
                (torch, cpu) = (torch.Best(torchNow), cpu.Best(cpuNow));
        }

        KeyValuePair<int, double> best = forward.MaxBy(pair => pair.Key / pair.Value);
        return new ScoringThroughput(torch, cpu, best.Key * PassageTokens / best.Value, best.Key);
    }

    /// <summary>Seconds of the blocks alone, as scoring runs them, no logits, on passages all of the same length.</summary>
    private static double Forward(IModelPath path, GptConfig config, int batch)
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

    /// <summary>What is scored.</summary>
    private sealed class Workload
    {
        private readonly ScoringRequest[] _passages, _alone;
        private readonly ScoringRequest _question;

        public Workload(GptConfig config)
        {
            Random random = new(1);
            _passages = [.. Enumerable.Range(0, Passages).Select(i => new ScoringRequest(Tokens(PassageTokens - 30 + i * 61 / Passages), [Tokens(TargetTokens)]))];
            _question = new ScoringRequest(Tokens(Math.Min(QuestionTokens, config.ContextLength + 1 - ChoiceTokens)), [.. Enumerable.Range(0, Choices).Select(_ => Tokens(ChoiceTokens))]);
            _alone = [.. _question.Continuations.Select(choice => new ScoringRequest(_question.Context, [choice]))];

            int[] Tokens(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(config.VocabSize))];
        }

        public EngineScoring Measure(ILanguageModel model) =>
            new(_passages.Sum(passage => passage.Context.Length + TargetTokens - 1) / Time(() => model.Score(_passages)), Time(() => model.Score([_question])), Time(() => model.Score(_alone)));
    }
}

/// <summary>What <see cref="ScoringMeasurement.Run"/> measured.</summary>
/// <param name="Torch">libtorch.</param>
/// <param name="Cpu">Plain C#.</param>
/// <param name="ForwardTokensPerSecond">Tokens per second of libtorch's bare forward pass at the best batch size, without any logits.</param>
/// <param name="ForwardBatchSize">That batch size.</param>
public sealed record ScoringThroughput(EngineScoring Torch, EngineScoring Cpu, double ForwardTokensPerSecond, int ForwardBatchSize)
{
    /// <summary>libtorch's scoring as a share of its bare forward pass's speed.</summary>
    public double ShareOfForward => Torch.TokensPerSecond / ForwardTokensPerSecond;
}

/// <summary>How fast an engine scores.</summary>
/// <param name="TokensPerSecond">Tokens of LAMBADA-length passages scored per second, logits included where a score is wanted.</param>
/// <param name="SharedSeconds">Seconds for ten choices of one question that share its context.</param>
/// <param name="SeparateSeconds">Seconds for the same when each has the context to itself.</param>
public sealed record EngineScoring(double TokensPerSecond, double SharedSeconds, double SeparateSeconds)
{
    /// <summary>How many times as fast the choices are when they share their context.</summary>
    public double SharingSpeedup => SeparateSeconds / SharedSeconds;

    /// <summary>Nothing measured yet.</summary>
    internal static EngineScoring None { get; } = new(0, double.PositiveInfinity, double.PositiveInfinity);

    /// <summary>The better of two rounds, figure by figure.</summary>
    internal EngineScoring Best(EngineScoring other) =>
        new(Math.Max(TokensPerSecond, other.TokensPerSecond), Math.Min(SharedSeconds, other.SharedSeconds), Math.Min(SeparateSeconds, other.SeparateSeconds));
}
