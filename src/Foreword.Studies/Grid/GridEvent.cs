namespace Foreword.Studies.Grid;

/// <summary>An event of a grid that runs.</summary>
public abstract record GridEvent
{
    private GridEvent()
    {
    }

    /// <summary>The stored results were read. The first cell follows.</summary>
    /// <param name="Done">Cells that have a result.</param>
    /// <param name="Total">All cells.</param>
    public sealed record Began(int Done, int Total) : GridEvent;

    /// <summary>A cell begins.</summary>
    /// <param name="Cell">The cell.</param>
    /// <param name="Done">Cells that have a result.</param>
    /// <param name="Total">All cells.</param>
    public sealed record CellStarted(StudyCell Cell, int Done, int Total) : GridEvent;

    /// <summary>A cell has a result, which is stored.</summary>
    /// <param name="Result">The result.</param>
    /// <param name="Done">Cells that have a result.</param>
    /// <param name="Total">All cells.</param>
    public sealed record CellEnded(CellResult Result, int Done, int Total) : GridEvent;
}
