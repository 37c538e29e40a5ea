using Foreword.Progress;

namespace Foreword.Studies.Grid;

/// <summary>Runs the cells of a study, one after the other or several at a time. Cells that have a result are not repeated.</summary>
public static class StudyGrid
{
    /// <summary>Runs the cells that have no result yet.</summary>
    /// <param name="cells">All cells, in the order in which they are run.</param>
    /// <param name="store">Holds the results, and receives new ones.</param>
    /// <param name="work">Computes a cell; returns null if it was stopped before its end. With several jobs, it is called by several threads.</param>
    /// <param name="jobs">The number of cells that are computed at a time, 1 or more. With 1, the caller's thread computes them.</param>
    /// <param name="progress">Receives the events, one at a time; null for none.</param>
    /// <param name="stop">Ends the study: no further cell begins.</param>
    /// <param name="stored">Called when the result of a cell is in the file, so that what the cell needed to go on can be deleted; null for nothing.</param>
    /// <returns>Whether all cells have a result.</returns>
    /// <exception cref="ArgumentException">Two cells have one name.</exception>
    /// <exception cref="InvalidDataException">A stored result was computed with another definition. No cell has been computed.</exception>
    public static bool Run(IReadOnlyList<StudyCell> cells, CellStore store, Func<StudyCell, CellResult?> work, int jobs, IProgress<GridEvent>? progress, StopRequest stop, Action<StudyCell>? stored = null)
    {
        ArgumentNullException.ThrowIfNull(cells);
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(stop);
        ArgumentOutOfRangeException.ThrowIfLessThan(jobs, 1);
        if (cells.GroupBy(cell => cell.Name).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new ArgumentException($"the cell '{twice.Key}' occurs twice in the grid", nameof(cells));
        store.Arrange(cells);
        Queue<StudyCell> open = new([.. cells.Where(cell => store.Find(cell) is null)]);
        int done = cells.Count - open.Count;
        Lock order = new();
        Exception? problem = null;
        progress?.Report(new GridEvent.Began(done, cells.Count));
        if (jobs == 1)
        {
            Take();
        }
        else
        {
            OnThreads(Math.Min(jobs, open.Count), Take, thrown => problem ??= thrown); // the other workers finish their cells and begin no more
            if (problem is not null)
                System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(problem);
        }

        return cells.All(cell => store.Find(cell) is not null);

        void Take()
        {
            while (!stop.IsRequested && problem is null)
            {
                StudyCell cell;
                lock (order)
                {
                    if (!open.TryDequeue(out cell!))
                        return;
                    progress?.Report(new GridEvent.CellStarted(cell, done, cells.Count));
                }

                CellResult? result = work(cell);
                if (result is null)
                    return;
                lock (order)
                {
                    store.Add(result);
                    stored?.Invoke(cell);
                    progress?.Report(new GridEvent.CellEnded(result, ++done, cells.Count));
                }
            }
        }
    }

    /// <summary>Calls a method on several threads at the same time, and waits until all have ended.</summary>
    /// <param name="count">The number of threads.</param>
    /// <param name="work">The method.</param>
    /// <param name="failed">Receives the exception of a call that failed, on its thread.</param>
    private static void OnThreads(int count, Action work, Action<Exception> failed)
    {
        Thread[] workers = [.. Enumerable.Range(0, count).Select(_ => new Thread(() =>
        {
            try
            {
                work();
            }
            catch (Exception thrown)
            {
                failed(thrown);
            }
        }))];
        foreach (Thread worker in workers)
            worker.Start();
        foreach (Thread worker in workers)
            worker.Join();
    }
}
