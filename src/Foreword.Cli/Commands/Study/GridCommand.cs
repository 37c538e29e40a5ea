using System.CommandLine;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cli.Reports.Studies;
using Foreword.Progress;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;

namespace Foreword.Cli.Commands.Study;

/// <summary>Runs the grid of a study, and writes its results.</summary>
internal sealed class GridCommand(Terminal terminal, StudyPlan plan, GridArguments arguments)
{
    /// <summary>Computes the cells that have no result yet, and writes the table, the picture and the page.</summary>
    /// <returns>The exit code.</returns>
    public int Run(ParseResult parsed, IReadOnlyList<ICellWork> cells)
    {
        string place = arguments.Output(parsed);
        if (arguments.Cell(parsed) is { } single)
            return RunOne(parsed, place, cells.FirstOrDefault(cell => cell.Cell.Name == single) ?? throw new UsageException($"--cell {single} is not a cell of this study"));
        int jobs = arguments.Jobs(parsed), threads = Math.Max(1, Environment.ProcessorCount / jobs);
        CellStore store = CellStore.Open(place);
        Dictionary<string, ICellWork> byName = cells.ToDictionary(cell => cell.Cell.Name);
        using StopSignals stop = new(terminal);
        return stop.Run(() =>
        {
            ProgressDisplay display = new(terminal);
            GridDisplay shown = new(display, plan.Values);
            bool isComplete = display.Show(() => StudyGrid.Run(
                [.. cells.Select(cell => cell.Cell)], store,
                cell => jobs > 1 ? CellProcess.Run(parsed, cell, threads, stop.Request) : Compute(parsed, place, byName[cell.Name], shown, stop),
                jobs, new SynchronousProgress<GridEvent>(shown.Tell), stop.Request));
            CellResult[] results = [.. store.Results.Where(result => byName.ContainsKey(result.Name))];
            if (results.Length > 0)
            {
                StudyReport.Write(place, plan, results);
                StudyReport.Print(terminal.Out, plan, results);
                terminal.Say($"page    {Path.Combine(place, StudyReport.PageName)}");
                terminal.Say($"numbers {Path.Combine(place, plan.Name)}.csv");
            }

            if (isComplete)
                return ExitCodes.Done;
            terminal.Say($"{results.Length} of {cells.Count} cells have a result; continue with: {ShellText.Again(parsed, ["--out"], "--out", place)}");
            return stop.ExitCode;
        });
    }

    /// <summary>Computes one cell and prints its result as JSON.</summary>
    private int RunOne(ParseResult parsed, string place, ICellWork cell)
    {
        using StopSignals stop = new(terminal);
        return stop.Run(() =>
        {
            if (Compute(parsed, place, cell, null, stop) is not { } result)
                return stop.ExitCode;
            terminal.Out.WriteLine(CellStore.ToJson(result));
            return ExitCodes.Done;
        });
    }

    private CellResult? Compute(ParseResult parsed, string place, ICellWork cell, GridDisplay? shown, StopSignals stop) => cell.Run(
        new CellContext(Path.Combine(place, "runs"), arguments.Keep(parsed), shown is null ? null : shown.Step, shown is null ? null : terminal.Logger, stop.Request, stop.Token));
}
