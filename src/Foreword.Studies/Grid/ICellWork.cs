using Foreword.Progress;
using Microsoft.Extensions.Logging;

namespace Foreword.Studies.Grid;

/// <summary>A cell and how it is computed.</summary>
internal interface ICellWork
{
    /// <summary>Gets the cell.</summary>
    StudyCell Cell { get; }

    /// <summary>
    /// Computes the cell. If it was stopped or killed before, it goes on from what is saved. This stays until the result is stored, see
    /// <see cref="CellRun.Delete"/>.
    /// </summary>
    /// <returns>The result; null if it was stopped.</returns>
    /// <exception cref="InvalidDataException">A model or a file is broken.</exception>
    /// <exception cref="OperationCanceledException">The cell was canceled.</exception>
    CellResult? Run(CellContext context);
}

/// <summary>Holds what a cell that is computed gets from its study.</summary>
/// <param name="Runs">The directory for runs of cells, each in a directory of its own.</param>
/// <param name="Stepped">Called after each step; null for nothing.</param>
/// <param name="Logger">Receives warnings; null for none.</param>
/// <param name="Stop">Ends the work gracefully.</param>
/// <param name="CancellationToken">Cancels work that has nothing to save.</param>
internal sealed record CellContext(string Runs, Action? Stepped, ILogger? Logger, StopRequest Stop, CancellationToken CancellationToken);
