using Foreword.Progress;
using Foreword.Studies.Grid;

namespace Foreword.Studies.Tests.Grid;

public sealed class StudyGridTests : IDisposable
{
    private static readonly StudyCell[] Cells = [.. Enumerable.Range(1, 6).Select(seed => CellStoreTests.Cell($"{seed}"))];

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void EachCellIsComputedOnce(int jobs)
    {
        List<StudyCell> computed = [];
        List<GridEvent> events = [];
        StopRequest stop = new();
        bool Run(CellStore store, Func<StudyCell, CellResult?> work) => StudyGrid.Run(Cells, store, work, jobs, new SynchronousProgress<GridEvent>(events.Add), stop);
        CellStore store = CellStore.Open(_directory.Path);
        store.Add(CellStoreTests.Result(Cells[2]));
        Assert.True(Run(store, cell =>
        {
            lock (computed)
                computed.Add(cell);
            return CellStoreTests.Result(cell);
        }));
        Assert.Equal(Cells.Except([Cells[2]]).Select(cell => cell.Name), computed.Select(cell => cell.Name).Order());
        Assert.Equal(new GridEvent.Began(1, 6), events[0]);
        Assert.Equal([2, 3, 4, 5, 6], events.OfType<GridEvent.CellEnded>().Select(ended => ended.Done));
        Assert.True(Run(CellStore.Open(_directory.Path), _ => throw new InvalidOperationException("all cells have a result")));
    }

    [Fact]
    public void ResultsAreInTheOrderOfTheGrid()
    {
        StudyCell foreign = CellStoreTests.Cell("99");
        CellStore store = CellStore.Open(_directory.Path);
        foreach (StudyCell cell in (StudyCell[])[Cells[4], foreign, Cells[1]])
            store.Add(CellStoreTests.Result(cell));
        StudyGrid.Run(Cells, store, CellStoreTests.Result, 3, null, new StopRequest());
        string[] expected = [foreign.Name, .. Cells.Select(cell => cell.Name)];
        Assert.Equal(expected, store.Results.Select(result => result.Name));
        Assert.Equal(expected, CellStore.Open(_directory.Path).Results.Select(result => result.Name));
    }

    /// <summary>What a cell needs to go on may be deleted only when its result is on the disk.</summary>
    [Fact]
    public void ACellIsStoredBeforeItsRunIsDeleted()
    {
        List<string> stored = [];
        StudyGrid.Run(Cells, CellStore.Open(_directory.Path), CellStoreTests.Result, 2, null, new StopRequest(), cell =>
        {
            Assert.NotNull(CellStore.Open(_directory.Path).Find(cell));
            stored.Add(cell.Name);
        });
        Assert.Equal(Cells.Select(cell => cell.Name), stored.Order());
    }

    [Fact]
    public void AStopLeavesTheOtherCellsForLater()
    {
        StopRequest stop = new();
        CellStore store = CellStore.Open(_directory.Path);
        Assert.False(StudyGrid.Run(Cells, store, cell =>
        {
            if (cell == Cells[2])
            {
                stop.Request();
                return null;
            }

            return CellStoreTests.Result(cell);
        }, 1, null, stop));
        Assert.Equal(2, store.Results.Count);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void AFailedCellEndsTheGridAndKeepsTheOthers(int jobs)
    {
        CellStore store = CellStore.Open(_directory.Path);
        Assert.Equal("broken", Assert.Throws<InvalidOperationException>(() => StudyGrid.Run(
            Cells, store, cell => cell == Cells[3] ? throw new InvalidOperationException("broken") : CellStoreTests.Result(cell), jobs, null, new StopRequest())).Message);
        Assert.DoesNotContain(store.Results, result => result.Name == Cells[3].Name);
        Assert.True(store.Results.Count >= 3 || jobs > 1);
    }

    [Fact]
    public void TwoCellsOfOneNameAreRefused() =>
        Assert.StartsWith("the cell 'data=a, seed=1' occurs twice in the grid", Assert.Throws<ArgumentException>(() => StudyGrid.Run(
            [Cells[0], Cells[0]], CellStore.Open(_directory.Path), CellStoreTests.Result, 1, null, new StopRequest())).Message, StringComparison.Ordinal);
}
