using System.Diagnostics;
using Foreword.Recipes;
using Foreword.Tasks;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Training;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch;

/// <summary>Measures training and decoding speed on this machine, beside its peak. Random weights and tokens: speed does not depend on them.</summary>
public static class ThroughputBenchmark
{
    /// <summary>
    /// Training steps (forward, backward, clipping, AdamW) as the product makes them, and as plain eager float32 makes them:
    /// the model on autograd, whole logits, libtorch's own AdamW; and fine-tuning steps of the product with the auxiliary loss on
    /// sequences of that length. They take turns, so that a busy neighbour slows all.
    /// </summary>
    /// <param name="config">The architecture; dropout is switched off.</param>
    /// <param name="batch">Sequences of a step (B).</param>
    /// <param name="length">Tokens of a sequence (T).</param>
    /// <param name="precision">Number format of the product's way.</param>
    /// <param name="rounds">Timed steps of each, after one that is not timed; the best counts.</param>
    /// <param name="cancellation">Ends the measurement.</param>
    public static TrainingThroughput Train(GptConfig config, int batch, int length, Precision precision, int rounds, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        config = config with { EmbdDropout = 0, AttnDropout = 0, ResidDropout = 0 };
        double peak = MachinePeak.Measure(precision, CPU);
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor ids = randint(0, config.VocabSize, [batch, length], int64), targets = randint(0, config.VocabSize, [batch, length], int64);

        using GptModel ours = new(config, precision: precision);
        using AdamW optimizer = new(ours.named_parameters(), new AdamWOptions());
        using ITrainingPath path = TrainingPath.Of(ours);
        using GptModel eager = new(config);
        using var eagerOptimizer = optim.AdamW(eager.parameters(), lr: 1e-4);
        using FineTuner tuner = FineTuning(config, batch, length, precision, rounds);
        using FineTunedModel tuned = tuner.Model;
        double best = double.PositiveInfinity, bestEager = double.PositiveInfinity, bestTuning = double.PositiveInfinity;
        for (int round = 0; round <= rounds; round++)
        {
            cancellation.ThrowIfCancellationRequested();
            double seconds = Time(() =>
            {
                path.Backward(ids, targets, 1);
                optimizer.Step(1e-4, clipNorm: 1);
            });
            double eagerSeconds = Time(() =>
            {
                eagerOptimizer.zero_grad();
                F.cross_entropy(eager.call(ids).view(-1, config.VocabSize), targets.view(-1)).backward();
                nn.utils.clip_grad_norm_(eager.parameters(), 1);
                eagerOptimizer.step();
            });
            double tuningSeconds = Time(() => tuner.Step());
            if (round > 0)
                (best, bestEager, bestTuning) = (Math.Min(best, seconds), Math.Min(bestEager, eagerSeconds), Math.Min(bestTuning, tuningSeconds));
        }

        double tokens = batch * length;
        return new TrainingThroughput(tokens / best, tokens / bestEager, tokens / bestTuning, tokens / best * config.TrainingFlopsPerToken / peak, peak);
    }

    /// <summary>Greedy decoding of one sequence with the KV cache, float32.</summary>
    /// <param name="model">The model.</param>
    /// <param name="promptLength">Tokens read at once before the clock starts.</param>
    /// <param name="tokens">Tokens decoded one by one.</param>
    /// <returns>Tokens per second.</returns>
    /// <exception cref="ArgumentException">Prompt and tokens do not fit the context.</exception>
    public static double Decode(ILanguageModel model, int promptLength, int tokens)
    {
        ArgumentNullException.ThrowIfNull(model);
        if (promptLength + tokens > model.Config.ContextLength)
            throw new ArgumentException($"{promptLength} + {tokens} tokens do not fit the context of {model.Config.ContextLength}");
        using IDecoder decoder = model.NewDecoder();
        int next = Greedy(decoder.Append(new int[promptLength]));
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < tokens; i++)
            next = Greedy(decoder.Append([next]));
        return tokens / Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    /// <summary>Classification of texts that fill the sequence, every step on all of them.</summary>
    private static FineTuner FineTuning(GptConfig config, int batch, int length, Precision precision, int rounds)
    {
        TaskDescription task = new()
        {
            Kind = new ClassificationTask().Kind,
            Target = TargetKind.Classes,
            Labels = ["a", "b"],
            Tokens = TaskTokens.Behind(config.VocabSize),
            ContextLength = config.ContextLength,
        };
        EncodedExample[] examples = [.. Enumerable.Range(0, batch).Select(b => new EncodedExample(
            new TaskSequences([[task.Tokens.Start, .. Enumerable.Range(0, Math.Max(0, length - 2)).Select(t => (b * 7919 + t * 104_729) % config.VocabSize), task.Tokens.Extract]], false), [1, 0], 1))];
        FineTunedModel model = FineTunedModel.Of(
            new GptModel(config with { VocabSize = task.Tokens.Extract + 1 }, precision: precision), new TaskHead(task, config.NEmbd, 0, 0), task);
        return new FineTuner(model, new BaseModelSection(), examples, new FineTuneConfig { BatchSize = batch, Epochs = rounds + 1 });
    }

    private static int Greedy(ReadOnlySpan<float> logits)
    {
        int best = 0;
        for (int i = 1; i < logits.Length; i++)
        {
            if (logits[i] > logits[best])
                best = i;
        }

        return best;
    }

    private static double Time(Action step)
    {
        using var scope = NewDisposeScope();
        long start = Stopwatch.GetTimestamp();
        step();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }
}

/// <summary>What <see cref="ThroughputBenchmark.Train"/> measured.</summary>
/// <param name="TokensPerSecond">Training tokens per second of the product's way.</param>
/// <param name="EagerTokensPerSecond">Training tokens per second of plain eager float32.</param>
/// <param name="FineTuningTokensPerSecond">Tokens per second of fine-tuning on sequences of the same shape.</param>
/// <param name="ShareOfPeak">6 N flops a token over the machine's measured peak in the product's precision.</param>
/// <param name="Peak">That peak in floating-point operations per second.</param>
public sealed record TrainingThroughput(double TokensPerSecond, double EagerTokensPerSecond, double FineTuningTokensPerSecond, double ShareOfPeak, double Peak)
{
    /// <summary>How many times as fast as plain eager float32.</summary>
    public double RatioToEager => TokensPerSecond / EagerTokensPerSecond;
}
