using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Cli.Reports;
using Foreword.IO;
using Foreword.Torch.Runs;
using Microsoft.Extensions.Logging;

namespace Foreword.Cli.Commands.Pretrain;

/// <summary>
/// Shows a pre-training run: step, losses, speed and time left. Draws the loss curves into the run directory at every checkpoint.
/// </summary>
internal sealed class TrainingDisplay(Terminal terminal, RunDirectory directory, int seed)
{
    private readonly ProgressDisplay _display = new(terminal);
    private PretrainEvent.Began? _began;
    private StepMetrics? _last;
    private double _smoothed = double.NaN;
    private double? _evalLoss;

    /// <summary>Runs <paramref name="work"/> and passes it what receives the run's events and what receives its messages.</summary>
    public T Show<T>(Func<IProgress<PretrainEvent>, ILogger, T> work) =>
        _display.Show(() => work(new SynchronousProgress<PretrainEvent>(Tell), new TerminalLogger(_display.Line, sentence => _display.Line($"warning: {sentence}"))));

    private void Tell(PretrainEvent happened)
    {
        switch (happened)
        {
            case PretrainEvent.TrainingTokenizer reading:
                _display.Status($"training the tokenizer: {ProgressDisplay.Millions(reading.Characters)} characters read");
                break;
            case PretrainEvent.PreparingShards preparing:
                _display.Status($"writing shards: {preparing.Documents.ToString("N0", CultureInfo.InvariantCulture)} documents, {ProgressDisplay.Millions(preparing.Tokens)} tokens");
                break;
            case PretrainEvent.EmbeddingsRead(var coverage):
                _display.Line(string.Create(CultureInfo.InvariantCulture,
                    $"embeddings: {coverage.Found:N0} of {coverage.Words:N0} words ({100.0 * coverage.Found / coverage.Words:F1} %) from {coverage.Path}, {coverage.Width} wide{(coverage.Width == coverage.ModelWidth ? "" : $", projected to {coverage.ModelWidth}")}; the others are random"));
                break;
            case PretrainEvent.TrainsOn on:
                _display.Line(Describe(on));
                break;
            case PretrainEvent.Began began:
                _began = began;
                _display.StartClock();
                _display.Line(Describe(began));
                _display.Line(DescribeSteps(began));
                break;
            case PretrainEvent.Stepped stepped:
                _last = stepped.Metrics;
                _smoothed = double.IsNaN(_smoothed) ? _last.Loss : 0.95 * _smoothed + 0.05 * _last.Loss;
                Step();
                break;
            case PretrainEvent.Evaluated evaluated:
                _evalLoss = evaluated.Metrics.EvalLoss;
                if (evaluated.Metrics.Step == 0)
                    _display.Line($"before the first step: validation loss {ProgressDisplay.Number(evaluated.Metrics.EvalLoss)}");
                else if (_display.IsLive)
                    Step();
                else
                    _display.Line($"step {evaluated.Metrics.Step}: validation loss {ProgressDisplay.Number(evaluated.Metrics.EvalLoss)}{(evaluated.IsBest ? " (best so far)" : "")}");
                break;
            case PretrainEvent.Sampled sampled:
                _display.Line($"step {sampled.Step}, sample: {sampled.Prompt}{sampled.Text}");
                break;
            case PretrainEvent.Saved saved:
                LossPlot.Write(directory);
                if (!_display.IsLive)
                    _display.Line($"saved {saved.Path}");
                break;
        }
    }

    private void Step() => _display.Step(_last!.Step, _began!.Steps, _began.FirstStep, Numbers());

    private static string Describe(PretrainEvent.Began began) =>
        $"{ProgressDisplay.Millions(began.Config.ParameterCount)} parameters, {ProgressDisplay.Millions(began.TrainTokens)} training tokens, {ProgressDisplay.Millions(began.ValidationTokens)} held out";

    private string DescribeSteps(PretrainEvent.Began began) =>
        $"{ProgressDisplay.Format(began.Device, began.Precision)}{(began.IsFused ? " fused" : "")}, peak {began.Peak / 1e9:F0} GFLOP/s; {began.TokensPerStep.ToString("N0", CultureInfo.InvariantCulture)} tokens per step, {(began.FirstStep > 0 ? $"from step {began.FirstStep} to {began.Steps}" : $"{began.Steps} steps")}; seed {seed}";

    private static string Describe(PretrainEvent.TrainsOn on)
    {
        string tokens = on.NewTokens > 0 ? $"; {on.NewTokens.ToString("N0", CultureInfo.InvariantCulture)} new token{(on.NewTokens == 1 ? "" : "s")}, initialized to the mean of the others" : "";
        string part = on.TrainedParameters is { } trained ? $"; {ProgressDisplay.Millions(trained)} of them are trained" : "";
        return $"continuing training from {on.Path}: {ProgressDisplay.Millions(on.Source.ParameterCount)} parameters{part}{tokens}";
    }

    private string Numbers() =>
        $"loss {ProgressDisplay.Number(_smoothed)}  validation {(_evalLoss is { } loss ? ProgressDisplay.Number(loss) : "-")}  {_last!.TokensPerSecond.ToString("N0", CultureInfo.InvariantCulture)} tokens/s  {_last.ShareOfPeak ?? 0:P0} of peak";
}
