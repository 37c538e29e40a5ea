using System.Diagnostics;
using Foreword.Models;
using Foreword.Torch;
using Foreword.Torch.Inference;
using Foreword.Torch.Paths;
using static TorchSharp.torch;

namespace Foreword.Cli.Commands.Bench;

/// <summary>
/// Measures, in one run, how fast both engines score continuations, and how fast libtorch's forward pass alone is. Weights and tokens are
/// random, because the speed does not depend on them.
/// </summary>
internal static class ScoringMeasurement
{
    /// <summary>Approximate number of tokens of a LAMBADA passage.</summary>
    public const int PassageTokens = 100;

    private const int Passages = 40, TargetTokens = 2;
    private const int QuestionTokens = 450, Choices = 10, ChoiceTokens = 12; // approximate sizes of a question of the Children's Book Test
    private static readonly int[] BatchSizes = [4, 8, 16];

    /// <summary>Runs all measurements in turns. The best round of each counts.</summary>
    /// <param name="plain">The model of the plain C# engine. The libtorch model is created with the same architecture.</param>
    /// <param name="rounds">Number of timed rounds, after one that is not timed.</param>
    /// <exception cref="ArgumentException">The context is shorter than a passage.</exception>
    public static ScoringThroughput Run(ILanguageModel plain, int rounds)
    {
        ArgumentNullException.ThrowIfNull(plain);
        ModelConfig config = plain.Config;
        if (config.ContextLength < PassageTokens + 31)
            throw new ArgumentException($"the context length is {config.ContextLength}; the passages have up to {PassageTokens + 31} tokens", nameof(plain));
        using LanguageModule model = LanguageModule.Create(config);
        using TorchLanguageModel language = new(model, ownsModel: false);
        using IModelPath path = ModelPath.Create(model);
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

    /// <summary>Measures the seconds of the blocks alone, as scoring runs them, without logits. All passages have the same length.</summary>
    private static double Forward(IModelPath path, ModelConfig config, int batch)
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

    /// <summary>The requests that are scored.</summary>
    private sealed class Workload
    {
        private readonly ScoringRequest[] _passages, _alone;
        private readonly ScoringRequest _question;

        public Workload(ModelConfig config)
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

/// <summary>The results of <see cref="ScoringMeasurement.Run"/>.</summary>
/// <param name="Torch">The results of libtorch.</param>
/// <param name="Cpu">The results of plain C#.</param>
/// <param name="ForwardTokensPerSecond">Tokens per second of libtorch's forward pass without logits, at the best batch size.</param>
/// <param name="ForwardBatchSize">The best batch size.</param>
internal sealed record ScoringThroughput(EngineScoring Torch, EngineScoring Cpu, double ForwardTokensPerSecond, int ForwardBatchSize)
{
    /// <summary>Gets libtorch's scoring speed as a share of the speed of its forward pass alone.</summary>
    public double ShareOfForward => Torch.TokensPerSecond / ForwardTokensPerSecond;
}

/// <summary>The scoring speed of an engine.</summary>
/// <param name="TokensPerSecond">Tokens per second in passages of LAMBADA's length, including the logits that the scores need.</param>
/// <param name="SharedSeconds">Seconds for the ten choices of one question when they share its context.</param>
/// <param name="SeparateSeconds">Seconds for the same choices when each has its own copy of the context.</param>
internal sealed record EngineScoring(double TokensPerSecond, double SharedSeconds, double SeparateSeconds)
{
    /// <summary>Gets the speedup of the choices when they share their context.</summary>
    public double SharingSpeedup => SeparateSeconds / SharedSeconds;

    /// <summary>Gets the result before any measurement.</summary>
    internal static EngineScoring None { get; } = new(0, double.PositiveInfinity, double.PositiveInfinity);

    /// <summary>Returns the better value of each figure in two rounds.</summary>
    internal EngineScoring Best(EngineScoring other) =>
        new(Math.Max(TokensPerSecond, other.TokensPerSecond), Math.Min(SharedSeconds, other.SharedSeconds), Math.Min(SeparateSeconds, other.SeparateSeconds));
}
