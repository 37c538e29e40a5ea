using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Studies.Grid;
using Foreword.Torch.FineTuning;

namespace Foreword.Cli.Commands.Study;

/// <summary>Shows a grid that runs: a bar over its cells, with the steps of the cell, and a line for each finished cell.</summary>
internal sealed class GridDisplay(ProgressDisplay display)
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
                display.Line(string.Create(CultureInfo.InvariantCulture, $"{ended.Result.Name}: {ended.Result.Metric} {string.Join(", ", ended.Result.Values.Where(value => value.Key is not ("best_epoch" or "examples")).Select(value => $"{value.Key} {ProgressDisplay.Number(value.Value)}"))} ({ended.Result.Seconds:0} s)"));
                if (_done < _total)
                    display.Step(_done, _total, _before, "");
                break;
        }
    }

    /// <summary>Shows a step of the cell that is computed.</summary>
    public void Tell(FineTuneEvent happened)
    {
        if (happened is FineTuneEvent.Stepped && display.IsLive)
            display.Step(_done, _total, _before, _cell);
    }
}
