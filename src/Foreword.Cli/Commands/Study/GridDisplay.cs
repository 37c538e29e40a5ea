using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Studies.Grid;

namespace Foreword.Cli.Commands.Study;

/// <summary>Shows a grid that runs: a bar over its cells, with the steps of the cell, and a line for each finished cell.</summary>
internal sealed class GridDisplay(ProgressDisplay display, IReadOnlyList<string> shownValues)
{
    private int _done, _total, _before;
    private string _cell = "";

    /// <summary>Shows an event of the grid.</summary>
    public void Tell(GridEvent happened)
    {
        switch (happened)
        {
            case GridEvent.Began began:
                (_before, _done, _total) = (began.Done, began.Done, began.Total);
                display.StartClock();
                display.Line(began.Done == 0 ? $"{began.Total} cells" : $"{began.Total} cells, of which {began.Done} have a result");
                break;
            case GridEvent.CellStarted started:
                _cell = started.Cell.Name;
                break;
            case GridEvent.CellEnded ended:
                _done = ended.Done;
                display.Line(string.Create(CultureInfo.InvariantCulture, $"{ended.Result.Name}: {ended.Result.Metric} {string.Join(", ", ended.Result.Values.Where(value => shownValues.Contains(value.Key) && !double.IsNaN(value.Value)).Select(value => $"{value.Key} {ProgressDisplay.Number(value.Value)}"))} ({ended.Result.Seconds:0} s)"));
                if (_done < _total)
                    display.Step(_done, _total, _before, "");
                break;
        }
    }

    /// <summary>Shows that the cell made a step.</summary>
    public void Step()
    {
        if (display.IsLive)
            display.Step(_done, _total, _before, _cell);
    }
}
