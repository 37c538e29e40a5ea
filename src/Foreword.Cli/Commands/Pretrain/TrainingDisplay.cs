using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Cli.Reports;
using Foreword.Progress;
using Foreword.Torch.Runs;
using Microsoft.Extensions.Logging;

namespace Foreword.Cli.Commands.Pretrain;

/// <summary>
/// Shows a pre-training run: step, losses, speed and time left. Draws the loss curves into the run directory at every checkpoint.
/// </summary>
internal sealed class TrainingDisplay(Terminal terminal, RunDirectory directory, int seed)
{
    private readonly ProgressDisplay _display = new(terminal);
    private PretrainInfo? _info;
    private StepMetrics? _last;
    private double _smoothed = double.NaN;
    private double? _validationLoss;

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
            case PretrainEvent.StartingModelRead start:
                _display.Line(Describe(start));
                break;
            case PretrainEvent.Began(var info):
                _info = info;
                _display.StartClock();
                _display.Line(Describe(info));
                _display.Line(DescribeSteps(info));
                break;
            case PretrainEvent.Stepped stepped:
                _last = stepped.Metrics;
                _smoothed = double.IsNaN(_smoothed) ? _last.Loss : 0.95 * _smoothed + 0.05 * _last.Loss;
                Step();
                break;
            case PretrainEvent.Validated validated:
                _validationLoss = validated.Metrics.Loss;
                if (validated.Metrics.Step == 0)
                    _display.Line($"before the first step: validation loss {ProgressDisplay.Number(validated.Metrics.Loss)}");
                else if (_display.IsLive)
                    Step();
                else
                    _display.Line($"step {validated.Metrics.Step}: validation loss {ProgressDisplay.Number(validated.Metrics.Loss)}{(validated.IsBest ? " (best so far)" : "")}");
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

    private void Step() => _display.Step(_last!.Step, _info!.Steps, _info.FirstStep, Numbers());

    private static string Describe(PretrainInfo info) =>
        $"{ProgressDisplay.Millions(info.Config.ParameterCount)} parameters, {ProgressDisplay.Millions(info.TrainTokens)} training tokens, {ProgressDisplay.Millions(info.ValidationTokens)} held out";

    private string DescribeSteps(PretrainInfo info) =>
        $"{ProgressDisplay.Format(info.Device, info.Precision)}{(info.IsFused ? " fused" : "")}, peak {info.Peak / 1e9:F0} GFLOP/s; {info.TokensPerStep.ToString("N0", CultureInfo.InvariantCulture)} tokens per step, {(info.FirstStep > 0 ? $"from step {info.FirstStep} to {info.Steps}" : $"{info.Steps} steps")}; seed {seed}";

    private static string Describe(PretrainEvent.StartingModelRead start)
    {
        string tokens = start.NewTokens > 0 ? $"; {start.NewTokens.ToString("N0", CultureInfo.InvariantCulture)} new token{(start.NewTokens == 1 ? "" : "s")}, initialized to the mean of the others" : "";
        string part = start.TrainedParameters is { } trained ? $"; {ProgressDisplay.Millions(trained)} of them are trained" : "";
        return $"continuing training from {start.Path}: {ProgressDisplay.Millions(start.Source.ParameterCount)} parameters{part}{tokens}";
    }

    private string Numbers() =>
        $"loss {ProgressDisplay.Number(_smoothed)}  validation {(_validationLoss is { } loss ? ProgressDisplay.Number(loss) : "-")}  {_last!.TokensPerSecond.ToString("N0", CultureInfo.InvariantCulture)} tokens/s  {_last.ShareOfPeak ?? 0:P0} of peak";
}
