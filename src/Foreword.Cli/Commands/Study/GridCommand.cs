using System.CommandLine;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cli.Reports.Studies;
using Foreword.Progress;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;
using Microsoft.Extensions.Logging;

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
            return RunOne(place, cells.FirstOrDefault(cell => cell.Cell.Name == single) ?? throw new UsageException($"--cell {single} is not a cell of this study"));
        int jobs = arguments.Jobs(parsed), threads = Math.Max(1, Environment.ProcessorCount / jobs);
        using StudyLock held = StudyLock.Take(place);
        CellStore store = CellStore.Open(place);
        Dictionary<string, ICellWork> byName = cells.ToDictionary(cell => cell.Cell.Name);
        using StopSignals stop = new(terminal);
        return stop.Run(() =>
        {
            ProgressDisplay display = new(terminal);
            GridDisplay shown = new(terminal, display, plan.Values);
            bool isComplete = display.Show(() => StudyGrid.Run(
                [.. cells.Select(cell => cell.Cell)], store,
                cell => jobs > 1 ? CellProcess.Run(parsed, cell, threads, message => shown.Tell(cell, message), stop.Request) : Compute(place, byName[cell.Name], shown.Step, shown.LoggerOf(cell), stop),
                jobs, new SynchronousProgress<GridEvent>(shown.Tell), stop.Request, cell => Clean(parsed, place, cell)));
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

    /// <summary>Computes one cell and prints its result as JSON. Its run stays for the study, which deletes it when it has stored the result.</summary>
    private int RunOne(string place, ICellWork cell)
    {
        using StopSignals stop = new(terminal);
        CellProcess.StopWithParent(terminal, stop);
        return stop.Run(() =>
        {
            if (Compute(place, cell, null, terminal.Logger, stop) is not { } result)
                return stop.ExitCode == ExitCodes.Done ? ExitCodes.Interrupted : stop.ExitCode;
            terminal.Out.WriteLine(CellStore.ToJson(result));
            return ExitCodes.Done;
        });
    }

    /// <summary>Computes a cell in this process. Returns null if it was stopped; what it had no time to save is computed again.</summary>
    internal static CellResult? Compute(string place, ICellWork cell, Action? stepped, ILogger logger, StopSignals stop)
    {
        try
        {
            return cell.Run(new CellContext(Runs(place), stepped, logger, stop.Request, stop.Token));
        }
        catch (OperationCanceledException) when (stop.Token.IsCancellationRequested)
        {
            return null;
        }
    }

    private void Clean(ParseResult parsed, string place, StudyCell cell)
    {
        if (!arguments.Keep(parsed))
            CellRun.Delete(cell, Runs(place));
    }

    private static string Runs(string place) => Path.Combine(place, "runs");
}
