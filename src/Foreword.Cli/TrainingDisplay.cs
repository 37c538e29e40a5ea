using System.Diagnostics;
using System.Globalization;
using Foreword.Torch.Training;
using Spectre.Console;

namespace Foreword.Cli;

/// <summary>
/// Shows a pre-training run: on a terminal a live bar with step, losses, speed and time left; elsewhere a plain line every
/// few seconds. Everything goes to stderr.
/// </summary>
internal sealed class TrainingDisplay(Terminal terminal)
{
    /// <summary>Time between two plain lines.</summary>
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10);

    private readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    private readonly Stopwatch _training = new();
    private PretrainEvent.Began? _began;
    private StepMetrics? _last;
    private double _smoothed = double.NaN;
    private double? _evalLoss;
    private IAnsiConsole? _console;
    private LiveDisplayContext? _live;

    /// <summary>Runs <paramref name="work"/>, giving it the function that the run's events go to.</summary>
    public T Show<T>(Func<Action<PretrainEvent>, T> work)
    {
        if (!terminal.IsInteractive || terminal.Quiet)
            return work(Tell);
        _console = terminal.Drawing();
        return _console.Live(Text.Empty).AutoClear(false).Start(live =>
        {
            _live = live;
            T result = work(Tell);
            _live = null;
            return result;
        });
    }

    private void Tell(PretrainEvent happened)
    {
        switch (happened)
        {
            case PretrainEvent.TrainingTokenizer reading:
                Status($"training the tokenizer: {Millions(reading.Characters)} characters read");
                break;
            case PretrainEvent.PreparingShards preparing:
                Status($"writing shards: {preparing.Documents.ToString("N0", CultureInfo.InvariantCulture)} documents, {Millions(preparing.Tokens)} tokens");
                break;
            case PretrainEvent.Began began:
                _began = began;
                _training.Start();
                Line(Describe(began));
                break;
            case PretrainEvent.Stepped stepped:
                Step(stepped.Metrics);
                break;
            case PretrainEvent.Evaluated evaluated:
                _evalLoss = evaluated.Metrics.EvalLoss;
                if (_live is not null)
                    _live.UpdateTarget(Bar());
                else
                    Line($"step {evaluated.Metrics.Step}: validation loss {Number(evaluated.Metrics.EvalLoss)}{(evaluated.IsBest ? " (best so far)" : "")}");
                break;
            case PretrainEvent.Sampled sampled:
                Line($"step {sampled.Step}, sample: {sampled.Prompt}{sampled.Text}");
                break;
            case PretrainEvent.Saved saved:
                if (_live is null)
                    Line($"saved {saved.Path}");
                break;
        }
    }

    private void Step(StepMetrics metrics)
    {
        _last = metrics;
        _smoothed = double.IsNaN(_smoothed) ? metrics.Loss : 0.95 * _smoothed + 0.05 * metrics.Loss;
        if (_live is not null)
        {
            _live.UpdateTarget(Bar());
            return;
        }

        if (_sinceLine.Elapsed < PlainInterval && metrics.Step != _began!.Steps)
            return;
        Line($"step {metrics.Step}/{_began!.Steps}  {Numbers()}  {TimeLeft()} left");
    }

    private static string Describe(PretrainEvent.Began began) =>
        $"{Millions(began.Config.ParameterCount)} parameters, {Millions(began.TrainTokens)} tokens to learn from, {Millions(began.ValidationTokens)} held out; "
        + $"{began.Device} {began.Precision.ToString().ToLowerInvariant()}, peak {began.Peak / 1e9:F0} GFLOP/s; "
        + $"{began.TokensPerStep.ToString("N0", CultureInfo.InvariantCulture)} tokens a step, {(began.FirstStep > 0 ? $"from step {began.FirstStep} to {began.Steps}" : $"{began.Steps} steps")}";

    private string Numbers() =>
        $"loss {Number(_smoothed)}  validation {(_evalLoss is { } loss ? Number(loss) : "-")}  {_last!.TokensPerSecond.ToString("N0", CultureInfo.InvariantCulture)} tokens/s  {_last.ShareOfPeak ?? 0:P0} of peak";

    private string TimeLeft()
    {
        int made = _last!.Step - _began!.FirstStep;
        TimeSpan left = _training.Elapsed / made * (_began.Steps - _last.Step);
        return left.TotalHours >= 1 ? left.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture) : left.ToString(@"m\:ss", CultureInfo.InvariantCulture);
    }

    private Markup Bar()
    {
        const int Width = 24;
        double share = (double)_last!.Step / _began!.Steps;
        int full = (int)(share * Width);
        string bar = $"[green]{new string('━', full)}[/][grey]{new string('━', Width - full)}[/]";
        return new Markup($"{bar} step {_last.Step}/{_began.Steps}  {Markup.Escape(Numbers())}  [blue]{TimeLeft()}[/] left") { Overflow = Overflow.Ellipsis };
    }

    /// <summary>A line that the next one of its kind replaces; without a terminal one in a while is enough.</summary>
    private void Status(string text)
    {
        if (_live is not null)
            _live.UpdateTarget(new Text(text));
        else if (_sinceLine.Elapsed >= PlainInterval)
            Line(text);
    }

    /// <summary>A line that stays, above the bar where there is one.</summary>
    private void Line(string text)
    {
        _sinceLine.Restart();
        if (_live is null)
            terminal.Say(text);
        else
            _console!.Write(new Text(text + "\n")); // Spectre draws it above the live line
    }

    private static string Millions(long count) => count >= 1_000_000 ? $"{count / 1e6:F1} M" : count.ToString("N0", CultureInfo.InvariantCulture);

    private static string Number(double loss) => loss.ToString("F4", CultureInfo.InvariantCulture);
}
