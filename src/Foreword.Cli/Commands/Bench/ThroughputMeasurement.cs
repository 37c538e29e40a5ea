using System.Diagnostics;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Tasks;
using Foreword.Tasks.Kinds;
using Foreword.Torch;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Kernels;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Paths;
using Foreword.Torch.Paths.Fused;
using Foreword.Torch.Runtime;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Cli.Commands.Bench;

/// <summary>
/// Measures the training speed on this machine, next to its measured peak. Weights and tokens are random, because the speed does not depend
/// on them.
/// </summary>
internal static class ThroughputMeasurement
{
    /// <summary>Steps of each path that are not timed, because they touch memory for the first time.</summary>
    private const int WarmUp = 2;

    private const string EagerName = "eager fp32", FineTuningName = "fine-tuning";

    /// <summary>
    /// Measures training steps (forward, backward, clipping, AdamW) on every path that this machine has. These are the fused kernels in bf16 and
    /// fp32, the same model on autograd in <paramref name="precision"/>, and plain eager float32 (whole logits, libtorch's own AdamW). Also
    /// measures Foreword's fine-tuning steps with the auxiliary loss, on sequences of the same length. The paths take turns, so that other load
    /// on the machine slows all of them.
    /// </summary>
    /// <param name="config">The architecture and its dropout.</param>
    /// <param name="batch">Number of sequences of a step (B).</param>
    /// <param name="length">Number of tokens of a sequence (T).</param>
    /// <param name="precision">Number format of the matrix products on the path that training uses.</param>
    /// <param name="rounds">Number of timed steps of each path, after two that are not timed. The best step counts.</param>
    /// <param name="recompute">Whether the fused kernels compute activations again in the backward pass.</param>
    /// <param name="cancellationToken">Cancels the measurement.</param>
    public static TrainingThroughput Train(
        ModelConfig config, int batch, int length, Precision precision, int rounds, bool recompute = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        // Without bfloat16 instructions, a CPU computes bfloat16 in float32, one number at a time. Measure that format only on request.
        Precision[] formats = Compute.CpuHasBFloat16 || precision == Precision.Bf16 ? [Precision.Bf16, Precision.Fp32] : [Precision.Fp32];
        Dictionary<Precision, double> peaks = formats.ToDictionary(format => format, format => MachinePeak.Measure(format, CPU));
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor ids = randint(0, config.VocabSize, [batch, length], int64), targets = randint(0, config.VocabSize, [batch, length], int64);

        using LanguageModule model = LanguageModule.Create(config, precision: precision);
        using AdamW optimizer = new(model.named_parameters(), new AdamWOptions());
        using var eagerOptimizer = optim.AdamW(model.parameters(), lr: 1e-4);
        using FineTuner tuner = FineTuning(config, batch, length, precision, rounds);
        using FineTunedModel tuned = tuner.Model;
        List<Contender> contenders = [];
        try
        {
            foreach (Precision format in formats)
            {
                model.Precision = format;
                IModelPath path = ModelPath.Create(model, FusedChoice.Auto, recompute);
                if (path.IsFused)
                    contenders.Add(new Contender(FusedName(format), format, path, () => OwnStep(path)));
                else
                    path.Dispose();
            }

            IModelPath autograd = ModelPath.Create(model, FusedChoice.Off);
            contenders.Add(new Contender(AutogradName(precision), precision, autograd, () => OwnStep(autograd)));
            contenders.Add(new Contender(EagerName, Precision.Fp32, null, EagerStep));
            contenders.Add(new Contender(FineTuningName, precision, null, () => tuner.Step()));
            Race(contenders, model, rounds, cancellationToken);
        }
        finally
        {
            contenders.ForEach(contender => contender.Path?.Dispose());
        }

        TrainingSpeed[] paths = Speeds(contenders, batch * length, config, peaks);
        TrainingSpeed product = paths.FirstOrDefault(path => path.Name == FusedName(precision)) ?? paths.Single(path => path.Name == AutogradName(precision));
        return new TrainingThroughput(paths, product, peaks);

        void OwnStep(IModelPath path)
        {
            path.Backward(ids, targets, 1);
            optimizer.Step(1e-4, clipNorm: 1);
        }

        void EagerStep()
        {
            model.train();
            F.cross_entropy(model.call(ids).view(-1, config.VocabSize), targets.view(-1)).backward();
            nn.utils.clip_grad_norm_(model.parameters(), 1);
            eagerOptimizer.step();
            eagerOptimizer.zero_grad(); // the fused kernels then start without gradients
        }

        static string FusedName(Precision precision) => $"fused {precision.Name()}";

        static string AutogradName(Precision precision) => precision == Precision.Bf16 ? "autograd, bf16 casts" : "autograd fp32";
    }

    /// <summary>Times a step of each path in turn, and stores the best time of each. The first rounds are not timed.</summary>
    private static void Race(List<Contender> contenders, LanguageModule model, int rounds, CancellationToken cancellationToken)
    {
        for (int round = 0; round < WarmUp + rounds; round++)
        {
            foreach (Contender contender in contenders)
            {
                cancellationToken.ThrowIfCancellationRequested();
                model.Precision = contender.Precision;
                double seconds = Time(contender.Step);
                if (round >= WarmUp)
                    contender.Best = Math.Min(contender.Best, seconds);
            }
        }
    }

    /// <summary>Converts the best times of steps to speeds.</summary>
    private static TrainingSpeed[] Speeds(List<Contender> contenders, int tokens, ModelConfig config, Dictionary<Precision, double> peaks)
    {
        double eager = contenders.Single(contender => contender.Name == EagerName).Best;
        return [.. contenders.Select(contender => new TrainingSpeed(
            contender.Name, contender.Precision, tokens / contender.Best, tokens / contender.Best * config.TrainingFlopsPerToken / peaks[contender.Precision], eager / contender.Best))];
    }

    /// <summary>Measures training steps (forward, backward, clipping, AdamW) with the fused kernels only, and times each operation.</summary>
    /// <inheritdoc cref="Train" path="/param"/>
    /// <exception cref="NotSupportedException">The fused kernels cannot run the model here. The message names the reason.</exception>
    public static TrainingProfile Profile(
        ModelConfig config, int batch, int length, Precision precision, int rounds, bool recompute = false, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(config);
        using var scope = NewDisposeScope();
        manual_seed(1);
        Tensor ids = randint(0, config.VocabSize, [batch, length], int64), targets = randint(0, config.VocabSize, [batch, length], int64);
        using LanguageModule model = LanguageModule.Create(config, precision: precision);
        if (FusedPath.WhyNot(model) is { } reason)
            throw new NotSupportedException($"the fused kernels do not run here: {reason}");
        double peak = MachinePeak.Measure(precision, CPU);
        using AdamW optimizer = new(model.named_parameters(), new AdamWOptions());
        StepProfile profile = new();
        using IModelPath path = FusedPath.Create(model, recompute, profile);
        double best = double.PositiveInfinity, sum = 0;
        for (int round = 0; round < WarmUp + rounds; round++)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (round == WarmUp)
                (best, sum) = (double.PositiveInfinity, 0);
            if (round <= WarmUp)
                profile.Clear();
            double seconds = Time(() =>
            {
                path.Backward(ids, targets, 1);
                using (profile.Time("clipping, AdamW"))
                    optimizer.Step(1e-4, clipNorm: 1);
            });
            (best, sum) = (Math.Min(best, seconds), sum + seconds);
        }

        return new TrainingProfile(
            profile.Operations, rounds, sum / rounds, batch * length / best, batch * length / best * config.TrainingFlopsPerToken / peak, peak,
            path.Bytes.Activations, path.Bytes.Most);
    }

    /// <summary>Creates the fine-tuning of a classification. Its texts fill the sequence, and every step trains on all of them.</summary>
    private static FineTuner FineTuning(ModelConfig config, int batch, int length, Precision precision, int rounds)
    {
        TaskDescription task = new()
        {
            Kind = new ClassificationTask().Kind,
            Target = TargetKind.Classes,
            Labels = ["a", "b"],
            Tokens = TaskTokens.After(config.VocabSize),
            ContextLength = config.ContextLength,
        };
        EncodedExample[] examples = [.. Enumerable.Range(0, batch).Select(b => new EncodedExample(
            new TaskSequences([[task.Tokens!.Start, .. Enumerable.Range(0, Math.Max(0, length - 2)).Select(t => (b * 7919 + t * 104_729) % config.VocabSize), task.Tokens!.Extract]], false), [1, 0], 1))];
        FineTunedModel model = FineTunedModel.Create(
            LanguageModule.Create(config with { VocabSize = task.Tokens!.Extract + 1 }, precision: precision), new TaskHead(task, config.HiddenWidth, 0, 0), task);
        return new FineTuner(model, new BaseModelSection(), examples, new FineTuneConfig { BatchSize = batch, Epochs = WarmUp + rounds });
    }

    private static double Time(Action step)
    {
        using var scope = NewDisposeScope();
        long start = Stopwatch.GetTimestamp();
        step();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private sealed record Contender(string Name, Precision Precision, IModelPath? Path, Action Step)
    {
        /// <summary>Gets or sets the seconds of the fastest step.</summary>
        public double Best { get; set; } = double.PositiveInfinity;
    }
}

/// <summary>The results of <see cref="ThroughputMeasurement.Train"/>.</summary>
/// <param name="Paths">The speed of every path.</param>
/// <param name="Product">The speed of the path that Foreword's training uses.</param>
/// <param name="Peaks">The machine's measured peak in each of the formats, in floating-point operations per second.</param>
internal sealed record TrainingThroughput(IReadOnlyList<TrainingSpeed> Paths, TrainingSpeed Product, IReadOnlyDictionary<Precision, double> Peaks);

/// <summary>The results of <see cref="ThroughputMeasurement.Profile"/>.</summary>
/// <param name="Operations">Every operation over all timed steps, the longest first.</param>
/// <param name="Steps">Number of timed steps.</param>
/// <param name="SecondsPerStep">Mean seconds of a step, including time outside the listed operations.</param>
/// <param name="TokensPerSecond">Training tokens per second in the best step.</param>
/// <param name="ShareOfPeak">Floating-point operations per second of the best step, at 6 N per token, divided by the machine's peak.</param>
/// <param name="Peak">The machine's measured peak in floating-point operations per second.</param>
/// <param name="ActivationBytes">Bytes that a forward pass keeps for its backward pass.</param>
/// <param name="WorkspaceBytes">Largest number of bytes in use in addition to weights, gradients and moments; includes the activations.</param>
internal sealed record TrainingProfile(
    IReadOnlyList<ProfiledOperation> Operations, int Steps, double SecondsPerStep, double TokensPerSecond, double ShareOfPeak, double Peak, long ActivationBytes, long WorkspaceBytes);

/// <summary>The speed of a path.</summary>
/// <param name="Name">Name of the path.</param>
/// <param name="Precision">Number format of its matrix products.</param>
/// <param name="TokensPerSecond">Training tokens per second.</param>
/// <param name="ShareOfPeak">Floating-point operations per second, at 6 N per token, divided by the machine's peak in that format.</param>
/// <param name="RatioToEager">Speed divided by that of plain eager float32.</param>
internal sealed record TrainingSpeed(string Name, Precision Precision, double TokensPerSecond, double ShareOfPeak, double RatioToEager);
