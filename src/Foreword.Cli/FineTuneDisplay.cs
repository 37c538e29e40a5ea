using System.Globalization;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Training;

namespace Foreword.Cli;

/// <summary>Shows a fine-tuning run: what is trained on what, then step, loss, speed and time left, and a line an epoch.</summary>
internal sealed class FineTuneDisplay(Terminal terminal)
{
    private readonly ProgressDisplay _display = new(terminal);
    private FineTuneInfo? _info;
    private double _smoothed = double.NaN;

    /// <summary>Runs <paramref name="work"/>, giving it the function that the run's events go to.</summary>
    public T Show<T>(Func<Action<FineTuneEvent>, T> work) => _display.Show(() => work(Tell));

    private void Tell(FineTuneEvent happened)
    {
        switch (happened)
        {
            case FineTuneEvent.Doubted doubted:
                foreach (string line in FittedText.Wrap($"warning: {doubted.Doubt}"))
                    _display.Line(line);
                break;
            case FineTuneEvent.Began began:
                _info = began.Info;
                _display.StartClock();
                foreach (string line in Describe(began.Info))
                    _display.Line(line);
                break;
            case FineTuneEvent.Stepped stepped:
                Step(stepped.Metrics);
                break;
            case FineTuneEvent.Evaluated evaluated:
                _display.Line($"epoch {evaluated.Epoch}: validation {Text(evaluated.Metrics.Task!)}, loss {ProgressDisplay.Number(evaluated.Metrics.EvalLoss)}{(evaluated.IsBest ? " (best so far)" : "")}");
                break;
            case FineTuneEvent.Saved:
                break; // once an epoch: the epoch's line says enough
        }
    }

    /// <summary>accuracy 0.9134, macro_f1 0.9101.</summary>
    public static string Text(IReadOnlyDictionary<string, double> metrics) => string.Join(", ", metrics.Select(metric => $"{metric.Key} {ProgressDisplay.Number(metric.Value)}"));

    private void Step(StepMetrics metrics)
    {
        _smoothed = double.IsNaN(_smoothed) ? metrics.Loss : 0.9 * _smoothed + 0.1 * metrics.Loss;
        string epoch = (metrics.Step / (double)_info!.StepsPerEpoch).ToString("F1", CultureInfo.InvariantCulture);
        _display.Step(metrics.Step, _info.Steps, _info.FirstStep,
            $"epoch {epoch}  loss {ProgressDisplay.Number(_smoothed)}  {metrics.TokensPerSecond.ToString("N0", CultureInfo.InvariantCulture)} tokens/s  {metrics.ShareOfPeak ?? 0:P0} of peak");
    }

    private static IEnumerable<string> Describe(FineTuneInfo info)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        int examples = info.TrainExamples + info.ValidationExamples;
        yield return string.Create(invariant, $"{info.TrainExamples:N0} examples to learn from, {info.ValidationExamples:N0} held out, {(info.Outputs == 1 ? "1 output" : $"{info.Outputs} outputs")}; ")
            + (info.Truncated == 0
                ? $"all fit the context of {info.Config.ContextLength} tokens"
                : string.Create(invariant, $"{info.Truncated:N0} of {examples:N0} were cut to the context of {info.Config.ContextLength} tokens"))
            + string.Create(invariant, $"; {info.Padding:P0} padding");
        yield return $"{ProgressDisplay.Millions(info.TrainedParameters)} of {ProgressDisplay.Millions(info.Parameters)} parameters learn; "
            + $"{ProgressDisplay.Format(info.Device, info.Precision)}, peak {info.Peak / 1e9:F0} GFLOP/s; "
            + (info.FirstStep > 0 ? $"from step {info.FirstStep} to {info.Steps}" : $"{info.Steps} steps, {info.StepsPerEpoch} an epoch");
    }
}
