using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Cli.Reports;
using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Tasks.Metrics;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Runs;
using Microsoft.Extensions.Logging;

namespace Foreword.Cli.Commands.FineTune;

/// <summary>
/// Shows a fine-tuning run: model and data, then step, loss, speed and time left, and one line for each epoch. Lines fit 80 columns. Draws
/// the loss curves into the run directory at every checkpoint.
/// </summary>
internal sealed class FineTuneDisplay(Terminal terminal, RunDirectory directory)
{
    private readonly ProgressDisplay _display = new(terminal);
    private FineTuneInfo? _info;
    private double _smoothed = double.NaN;

    /// <summary>Runs <paramref name="work"/> and passes it what receives the run's events and what receives its warnings.</summary>
    public T Show<T>(Func<IProgress<FineTuneEvent>, ILogger, T> work) =>
        _display.Show(() => work(new SynchronousProgress<FineTuneEvent>(Tell), new TerminalLogger(_display.Line, Warn)));

    /// <summary>Shows a warning. Before the run begins, it is about the data, which it may quote at length.</summary>
    private void Warn(string sentence)
    {
        string warning = $"warning: {sentence}";
        foreach (string line in _info is null ? FittedText.Wrap(warning) : [warning])
            _display.Line(line);
    }

    private void Tell(FineTuneEvent happened)
    {
        switch (happened)
        {
            case FineTuneEvent.Began began:
                _info = began.Info;
                _display.StartClock();
                foreach (string line in Describe(began.Info))
                    _display.Line(line);
                break;
            case FineTuneEvent.Stepped stepped:
                Step(stepped.Metrics);
                break;
            case FineTuneEvent.Validated validated:
                foreach (string line in Describe(validated, TaskMetric.F1.ClassAmong(_info!.Labels)))
                    _display.Line(line);
                break;
            case FineTuneEvent.Saved: // saved once an epoch: the line of the epoch is sufficient
                LossPlot.Write(directory, taskUnit: _info!.Target == TargetKind.Score ? "squared error, standardized" : "nats per example");
                break;
        }
    }

    /// <summary>Formats the metrics as in "accuracy 0.9134, f1 of 'yes' 0.9101".</summary>
    /// <param name="metrics">Values by name.</param>
    /// <param name="positive">The class that F1 is computed for; null if F1 is a mean over the classes.</param>
    public static string Text(IReadOnlyDictionary<string, double> metrics, string? positive) =>
        string.Join(", ", metrics.Select(metric => $"{NameOf(metric.Key, positive)} {ProgressDisplay.Number(metric.Value)}"));

    /// <summary>Returns the name of a metric, with the class that it is computed for. The name of a part of the data set may stand before it.</summary>
    public static string NameOf(string metric, string? positive) => metric.Split(FinalTests.PartSeparator, 2) is [var part, var own] ? $"{part} {NameOf(own, positive)}" :
        metric == TaskMetric.F1.Name && positive is not null ? TaskMetric.F1Of(positive).NameAmong([]) : TaskMetric.ByName(metric).NameAmong([]);

    private void Step(StepMetrics metrics)
    {
        _smoothed = double.IsNaN(_smoothed) ? metrics.Loss : 0.9 * _smoothed + 0.1 * metrics.Loss;
        string epoch = (metrics.Step / (double)_info!.StepsPerEpoch).ToString("F1", CultureInfo.InvariantCulture);
        _display.Step(metrics.Step, _info.Steps, _info.FirstStep,
            $"epoch {epoch}  loss {ProgressDisplay.Number(_smoothed)}  {metrics.TokensPerSecond.ToString("N0", CultureInfo.InvariantCulture)} tokens/s  {metrics.ShareOfPeak ?? 0:P0} of peak");
    }

    /// <summary>Returns one line, or two if the metrics do not fit one.</summary>
    private static IEnumerable<string> Describe(FineTuneEvent.Validated validated, string? positive)
    {
        string begin = $"epoch {validated.Epoch}: validation", metrics = Text(validated.Metrics.Task!, positive);
        string end = $"loss {ProgressDisplay.Number(validated.Metrics.Loss)}{(validated.IsBest ? " (best so far)" : "")}";
        return $"{begin} {metrics}, {end}" is { Length: <= Columns } line ? [line] : [$"{begin} {metrics},", $"  {end}"];
    }

    /// <summary>Columns of a narrow terminal.</summary>
    private const int Columns = 80;

    private static IEnumerable<string> Describe(FineTuneInfo info)
    {
        CultureInfo invariant = CultureInfo.InvariantCulture;
        int examples = info.TrainExamples + info.ValidationExamples;
        yield return string.Create(invariant, $"{info.TrainExamples:N0} training examples, {info.ValidationExamples:N0} held out, {(info.Outputs == 1 ? "1 output" : $"{info.Outputs} outputs")}");
        yield return (info.Windows > info.TrainExamples
                ? string.Create(invariant, $"{info.Windows:N0} windows of at most {info.Config.ContextLength} tokens in training")
                : info.Truncated == 0
                ? $"all fit the context of {info.Config.ContextLength} tokens"
                : string.Create(invariant, $"{info.Truncated:N0} of {examples:N0} were cut to the context of {info.Config.ContextLength} tokens"))
            + string.Create(invariant, $"; {info.Padding:P0} padding");
        yield return $"{ProgressDisplay.Millions(info.TrainedParameters)} of {ProgressDisplay.Millions(info.Parameters)} parameters are trained; "
            + (info.FirstStep == 0 ? $"{info.Steps} steps, {info.StepsPerEpoch} per epoch"
                : info.FirstStep == info.Steps ? $"all {info.Steps} steps are already done"
                : $"from step {info.FirstStep} to {info.Steps}");
        yield return $"{ProgressDisplay.Format(info.Device, info.Precision)}, peak {info.Peak / 1e9:F0} GFLOP/s";
    }
}
