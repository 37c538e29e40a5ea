using Foreword.Studies.Grid;

namespace Foreword.Studies.Tests.Grid;

public sealed class CellRunTests : IDisposable
{
    private static readonly StudyCell Cell = CellStoreTests.Cell("1");

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ARunGoesOnForTheSameDefinitionOnly()
    {
        string path;
        using (CellRun begun = CellRun.Open(Cell, _directory.Path))
        {
            Assert.False(begun.IsBegun);
            path = begun.Directory.Path;
            File.WriteAllText(begun.Directory.RecipePath, "");
        }

        using (CellRun resumed = CellRun.Open(Cell, _directory.Path))
            Assert.True(resumed.IsBegun);
        Assert.Equal(
            $"{path}: the run of the cell 'data=a, seed=1' was begun with another recipe, model or data; use another directory, or delete this run to compute the cell anew",
            Assert.Throws<InvalidDataException>(() => CellRun.Open(new StudyCell(Cell.Factors, "other weights"), _directory.Path)).Message);
        Assert.True(File.Exists(Path.Combine(path, "recipe.yaml")));
    }

    [Fact]
    public void ARunOfAnEarlierVersionGoesOn()
    {
        Directory.CreateDirectory(Path.Combine(_directory.Path, Cell.DirectoryName));
        File.WriteAllText(Path.Combine(_directory.Path, Cell.DirectoryName, "recipe.yaml"), "");
        using CellRun resumed = CellRun.Open(Cell, _directory.Path);
        Assert.True(resumed.IsBegun);
    }

    [Fact]
    public void OneProcessAtATimeComputesACell()
    {
        using (CellRun held = CellRun.Open(Cell, _directory.Path))
        {
            IOException refused = Assert.Throws<IOException>(() => CellRun.Open(Cell, _directory.Path));
            Assert.Equal($"another process computes the cell 'data=a, seed=1' in {held.Directory.Path}; wait for its end", refused.Message);
        }

        CellRun.Open(Cell, _directory.Path).Dispose();
        CellRun.Delete(Cell, _directory.Path);
        Assert.Empty(Directory.GetFileSystemEntries(_directory.Path));
        CellRun.Delete(Cell, _directory.Path); // nothing is there
    }

    [Fact]
    public void OneProcessAtATimeRunsAStudy()
    {
        using (StudyLock.Take(_directory.Path))
            Assert.Equal($"another process runs the study in {_directory.Path}; wait for its end, or use another directory", Assert.Throws<IOException>(() => StudyLock.Take(_directory.Path)).Message);
        StudyLock.Take(_directory.Path).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(_directory.Path));
    }
}
