using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Studies.Grid;
using Microsoft.Extensions.Logging;

namespace Foreword.Cli.Commands.Study;

/// <summary>Shows a grid that runs: a bar over its cells, with the steps of the cell, and a line for each finished cell.</summary>
internal sealed class GridDisplay(Terminal terminal, ProgressDisplay display, IReadOnlyList<string> shownValues)
{
    private int _done, _total, _before;
    private readonly Lock _lock = new(); // processes of cells end at the same time
    private string _cell = "";

    /// <summary>Shows an event of the grid.</summary>
    public void Tell(GridEvent happened)
    {
        lock (_lock)
            Show(happened);
    }

    /// <summary>Shows a message about a cell.</summary>
    public void Tell(StudyCell cell, string message)
    {
        lock (_lock)
            Line($"{cell.Name}: {message}");
    }

    /// <summary>Returns the log of a cell that this process computes.</summary>
    public ILogger LoggerOf(StudyCell cell) => new TerminalLogger(message => Tell(cell, message), sentence => Tell(cell, $"warning: {sentence}"));

    /// <summary>Shows that the cell made a step.</summary>
    public void Step()
    {
        if (display.IsLive)
            display.Step(_done, _total, _before, _cell);
    }

    private void Show(GridEvent happened)
    {
        switch (happened)
        {
            case GridEvent.Began began:
                (_before, _done, _total) = (began.Done, began.Done, began.Total);
                display.StartClock();
                Line(began.Done == 0 ? $"{began.Total} cells" : $"{began.Total} cells, of which {began.Done} have a result");
                break;
            case GridEvent.CellStarted started:
                _cell = started.Cell.Name;
                break;
            case GridEvent.CellEnded ended:
                _done = ended.Done;
                Line(string.Create(CultureInfo.InvariantCulture, $"{ended.Result.Name}: {ended.Result.Metric} {string.Join(", ", ended.Result.Values.Where(value => shownValues.Contains(value.Key) && !double.IsNaN(value.Value)).Select(value => $"{value.Key} {ProgressDisplay.Number(value.Value)}"))} ({ended.Result.Seconds:0} s)"));
                if (_done < _total)
                    display.Step(_done, _total, _before, "");
                break;
        }
    }

    /// <summary>Shows a line above the bar. Breaks it between words if it is longer than the terminal is wide.</summary>
    private void Line(string text)
    {
        foreach (string row in FittedText.Wrap(text, terminal.Width))
            display.Line(row);
    }
}
