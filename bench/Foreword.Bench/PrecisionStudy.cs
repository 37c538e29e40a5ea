using System.Globalization;
using System.Runtime.CompilerServices;
using Foreword.Cli.Reports;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.Models;
using Foreword.Torch;
using Foreword.Torch.Runs;
using Foreword.Torch.Training;
using ScottPlot;

namespace Foreword.Bench;

/// <summary>
/// Compares training in bf16 with the fused kernels and training in fp32 on autograd. Trains the same model from the same seeds on the same
/// windows in both, and writes the mean loss curves. The curves of single seeds differ by chance, so the mean over the seeds is compared.
/// </summary>
internal static class PrecisionStudy
{
    private const int Seeds = 4;
    private const int Steps = 500;

    /// <summary>Number of steps at the end whose mean loss is compared.</summary>
    private const int Tail = 20;

    public static void Run(string text, string output)
    {
        string shards = Path.Combine(Path.GetTempPath(), $"foreword-precision-{Environment.ProcessId}");
        DataSection section = new() { Text = [text], VocabSize = 4096, Validation = 0.05 };
        using PretrainingData data = PretrainingData.Open(section, 1, shards);
        double[][] fp32 = Train(data.Train, Precision.Fp32, FusedChoice.Off), bf16 = Train(data.Train, Precision.Bf16, FusedChoice.Auto);
        double difference = fp32.Zip(bf16).Average(pair => TailMean(pair.Second) - TailMean(pair.First));
        for (int seed = 0; seed < Seeds; seed++)
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"seed {seed + 1}: fp32 {TailMean(fp32[seed]):F4}  bf16 {TailMean(bf16[seed]):F4}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"mean:   fp32 {fp32.Average(TailMean):F4}  bf16 {bf16.Average(TailMean):F4}  difference {difference:F4} nats (last {Tail} of {Steps} steps)"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"mean over all steps: fp32 {fp32.Average(run => run.Average()):F4}  bf16 {bf16.Average(run => run.Average()):F4}"));
        Draw(MeanCurve(fp32), MeanCurve(bf16), output);
        Directory.Delete(shards, recursive: true);
    }

    private static double[][] Train(TokenDataset data, Precision precision, FusedChoice fused) => [.. Enumerable.Range(1, Seeds).Select(seed => Train(data, precision, fused, seed))];

    private static double[] Train(TokenDataset data, Precision precision, FusedChoice fused, int seed)
    {
        GptConfig config = GptConfig.Preset("gpt2-tiny-5m") with { EmbdDropout = 0, AttnDropout = 0, ResidDropout = 0, VocabSize = data.VocabSize };
        TrainingConfig training = new() { Steps = Steps, BatchSize = 4, SequenceLength = 128, Lr = 1e-3, MinLr = 1e-4, WarmupSteps = 30, Seed = seed, Fused = fused };
        using GptModel model = new(config, seed, precision);
        using Pretrainer trainer = new(model, data, null, training);
        return [.. Enumerable.Range(0, Steps).Select(_ => trainer.Step().Loss)];
    }

    private static double TailMean(double[] losses) => losses[^Tail..].Average();

    /// <summary>Returns the mean over the seeds, smoothed over ten steps.</summary>
    private static double[] MeanCurve(double[][] runs)
    {
        double[] mean = [.. Enumerable.Range(0, Steps).Select(step => runs.Average(run => run[step]))];
        return [.. Enumerable.Range(0, Steps).Select(step => mean[Math.Max(0, step - 9)..(step + 1)].Average())];
    }

    private static void Draw(double[] fp32, double[] bf16, string output)
    {
        RuntimeHelpers.RunClassConstructor(typeof(LossPlot).TypeHandle); // registers the font, which a system without fonts needs
        Plot plot = new();
        double[] steps = [.. Enumerable.Range(1, Steps).Select(step => (double)step)];
        var exact = plot.Add.ScatterLine(steps, fp32);
        (exact.LegendText, exact.LineWidth) = ("fp32 on autograd", 4);
        var rounded = plot.Add.ScatterLine(steps, bf16);
        (rounded.LegendText, rounded.LineWidth) = ("bf16, fused", 1.5f);
        plot.XLabel("step");
        plot.YLabel("training loss, nats a token");
        plot.Title($"Mean over {Seeds} seeds");
        plot.ShowLegend(Alignment.UpperRight);
        plot.Font.Set("DejaVu Sans");
        plot.SavePng(output, 900, 500);
    }
}
