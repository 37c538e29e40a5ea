using System.Diagnostics;
using System.Globalization;
using Foreword.Torch;
using Spectre.Console;

namespace Foreword.Cli.Output;

/// <summary>
/// Shows the progress of long work on stderr. On a terminal it shows a live bar with the time left, and lines above it. Elsewhere it prints a
/// plain line every few seconds.
/// </summary>
internal sealed class ProgressDisplay(Terminal terminal)
{
    /// <summary>Time between two plain lines.</summary>
    private static readonly TimeSpan PlainInterval = TimeSpan.FromSeconds(10);

    /// <summary>Time between two updates of a bar that would otherwise change all the time.</summary>
    private static readonly TimeSpan LiveInterval = TimeSpan.FromSeconds(0.1);

    private readonly Stopwatch _sinceLine = Stopwatch.StartNew();
    private readonly Stopwatch _working = new();
    private IAnsiConsole? _console;
    private LiveDisplayContext? _live;
    private Markup? _bar;

    /// <summary>Gets whether there is a bar.</summary>
    public bool IsLive => _live is not null;

    /// <summary>Runs <paramref name="work"/> with the bar.</summary>
    /// <param name="work">The work.</param>
    /// <param name="staysVisible">Whether the bar stays on the terminal when the work has ended.</param>
    public T Show<T>(Func<T> work, bool staysVisible = true)
    {
        if (!terminal.IsInteractive || terminal.Quiet)
            return work();
        _console = terminal.Drawing();
        return _console.Live(Text.Empty).AutoClear(!staysVisible).Start(live =>
        {
            _live = live;
            T result = work();
            _live = null;
            return result;
        });
    }

    /// <summary>Starts measuring the time of the steps.</summary>
    public void StartClock() => _working.Restart();

    /// <summary>Shows that a step was made.</summary>
    /// <param name="step">Number of steps made, including those of an earlier process.</param>
    /// <param name="steps">Number of steps of the whole run.</param>
    /// <param name="first">Number of steps that an earlier process made.</param>
    /// <param name="numbers">Text after the step.</param>
    public void Step(int step, int steps, int first, string numbers)
    {
        Announced();
        if (_live is not null)
            _live.UpdateTarget(_bar = Bar((double)step / steps, $"step {step}/{steps}  {numbers}", TimeLeft(step, steps, first)));
        else if (_sinceLine.Elapsed >= PlainInterval || step == steps)
            Line($"step {step}/{steps}  {numbers}  {TimeLeft(step, steps, first)} left");
    }

    /// <summary>Shows that bytes have arrived.</summary>
    /// <param name="bytes">Number of bytes that have arrived.</param>
    /// <param name="total">Total number of bytes.</param>
    /// <param name="first">Number of bytes that had arrived before the clock was started.</param>
    /// <param name="name">Name of the file.</param>
    public void Bytes(long bytes, long total, long first, string name)
    {
        if (_live is null ? _sinceLine.Elapsed < PlainInterval : _sinceLine.Elapsed < LiveInterval)
            return;
        string text = string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:N1} of {total / 1e6:N1} MB  {name}");
        _sinceLine.Restart();
        if (_live is not null)
            _live.UpdateTarget(Bar((double)bytes / Math.Max(1, total), text, TimeLeft(bytes, total, first)));
        else
            Line($"{text}  {TimeLeft(bytes, total, first)} left");
    }

    /// <summary>Shows a line that the next status replaces. Without a terminal, prints one only every few seconds.</summary>
    public void Status(string text)
    {
        Announced();
        if (_live is not null)
            _live.UpdateTarget(new Text(FittedText.Cut(text, _console!.Profile.Width - 1)));
        else if (_sinceLine.Elapsed >= PlainInterval)
            Line(text);
    }

    /// <summary>Prints a permanent line, above the bar if there is one.</summary>
    public void Line(string text)
    {
        Announced();
        _sinceLine.Restart();
        if (_live is null)
            terminal.Say(text);
        else
        {
            _live.UpdateTarget(Text.Empty); // the line is written at the position of the bar; without this, the end of a longer bar would remain next to it
            _console!.Write(new Text(text + "\n")); // Spectre draws it above the live line
            if (_bar is not null)
                _live.UpdateTarget(_bar);
        }
    }

    /// <summary>Prints the announced lines now that the work has begun.</summary>
    private void Announced()
    {
        if (_live is not null && terminal.TakeAnnouncement() is { } earlier)
            _console!.Write(new Text(earlier + "\n"));
    }

    /// <summary>
    /// Describes the device and the number format of a training. If bfloat16 was requested on a CPU without bfloat16 instructions, adds what that
    /// costs.
    /// </summary>
    public static string Format(string device, Precision precision) =>
        $"{device} {precision.Name()}{(device == "cpu" && precision == Precision.Bf16 && !Compute.CpuHasBFloat16 ? " (this processor does not support bf16 products: fp32 is many times faster)" : "")}";

    /// <summary>Formats a count as in "1,234" or "1.2 M".</summary>
    public static string Millions(long count) => count >= 1_000_000 ? $"{count / 1e6:F1} M" : count.ToString("N0", CultureInfo.InvariantCulture);

    /// <summary>Formats a number with four decimal places.</summary>
    public static string Number(double value) => value.ToString("F4", CultureInfo.InvariantCulture);

    /// <summary>
    /// Draws the bar, the text and the time left on one line. If a line wrapped, its remainder would stay on the terminal when it is drawn again.
    /// On a narrow terminal the bar is shorter. If that is not sufficient, parts of the text, separated by two spaces, are dropped from the end.
    /// </summary>
    private Markup Bar(double share, string text, string left)
    {
        (text, int width) = Fitted(text, $"  {left} left".Length + 1, _console!.Profile.Width - 1); // some terminals wrap after the last column
        int full = (int)(Math.Clamp(share, 0, 1) * width);
        string bar = $"[green]{new string('━', full)}[/][grey]{new string('━', width - full)}[/]";
        return new Markup($"{bar} {Markup.Escape(FittedText.Cut(text, Math.Max(1, _console!.Profile.Width - left.Length - 9)))}  [blue]{left}[/] left") { Overflow = Overflow.Ellipsis };
    }

    /// <summary>Returns the part of the text that fits, and the width of the bar next to it.</summary>
    /// <param name="text">Parts separated by two spaces.</param>
    /// <param name="others">Columns of everything except text and bar.</param>
    /// <param name="columns">Columns of the line.</param>
    internal static (string Text, int Bar) Fitted(string text, int others, int columns)
    {
        const int Least = 8, Most = 24;
        while (text.Length + others + Least > columns && text.LastIndexOf("  ", StringComparison.Ordinal) is > 0 and var end)
            text = text[..end];
        return (text, Math.Clamp(columns - others - text.Length, 0, Most));
    }

    private string TimeLeft(long step, long steps, long first)
    {
        TimeSpan left = _working.Elapsed / Math.Max(1, step - first) * (steps - step);
        return left.TotalHours >= 1 ? left.ToString(@"h\:mm\:ss", CultureInfo.InvariantCulture) : left.ToString(@"m\:ss", CultureInfo.InvariantCulture);
    }
}
