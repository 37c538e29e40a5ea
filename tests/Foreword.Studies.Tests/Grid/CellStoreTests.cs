using Foreword.Studies.Grid;

namespace Foreword.Studies.Tests.Grid;

public sealed class CellStoreTests : IDisposable
{
    private static readonly StudyCell First = Cell("1"), Second = Cell("2");

    private readonly TemporaryDirectory _directory = new();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ResultsAreReadAsTheyWereWritten()
    {
        CellStore store = CellStore.Open(_directory.Path);
        store.Add(new CellResult(First.Factors, First.Fingerprint, "accuracy", new Dictionary<string, double> { ["validation"] = 0.1 + 0.2, ["test"] = double.NaN }, 12.34));
        store.Add(Result(Second));
        CellStore again = CellStore.Open(_directory.Path);
        Assert.Equal(["data=a, seed=1", "data=a, seed=2"], again.Results.Select(result => result.Name));
        CellResult read = again.Find(First)!;
        Assert.Equal((0.1 + 0.2, double.NaN, "accuracy", 12.3), (read.Values["validation"], read.Values["test"], read.Metric, read.Seconds));
        Assert.Null(again.Find(Cell("3")));
    }

    [Fact]
    public void AResultOfAnotherDefinitionIsRefused()
    {
        CellStore store = CellStore.Open(_directory.Path);
        store.Add(Result(Second));
        store.Add(Result(First));
        InvalidDataException refused = Assert.Throws<InvalidDataException>(() => store.Find(new StudyCell(First.Factors, "another recipe")));
        Assert.Equal($"{_directory.File("cells.jsonl")}:2: the cell 'data=a, seed=1' was computed with another recipe, model or data; use another directory, or delete the line to compute it again", refused.Message);
    }

    [Fact]
    public void BlankLinesCountInMessages()
    {
        string path = _directory.Write("cells.jsonl", $"\r\n \n{CellStore.ToJson(Result(First))}\r\n\r\n");
        CellStore store = CellStore.Open(_directory.Path);
        Assert.Equal(First.Name, Assert.Single(store.Results).Name);
        StudyCell other = new(First.Factors, "another recipe");
        Assert.StartsWith($"{path}:3: ", Assert.Throws<InvalidDataException>(() => store.Find(other)).Message, StringComparison.Ordinal);
        store.Add(Result(Second)); // writes the file without blank lines
        Assert.StartsWith($"{path}:1: ", Assert.Throws<InvalidDataException>(() => store.Find(other)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ACellHasOneResult()
    {
        CellStore store = CellStore.Open(_directory.Path);
        store.Add(Result(First));
        Assert.StartsWith("the cell 'data=a, seed=1' already has a result", Assert.Throws<ArgumentException>(() => store.Add(Result(First))).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{", ":2: not valid JSON: ")]
    [InlineData("[]", ":2: not the result of a cell, which has factors, fingerprint, metric, values, seconds, each name once")]
    [InlineData("{\"factors\":{\"seed\":null},\"fingerprint\":\"a\",\"metric\":\"b\",\"values\":{},\"seconds\":1}", ":2: not the result of a cell")]
    [InlineData("{\"factors\":{\"seed\":\"1\"},\"fingerprint\":\"a\",\"metric\":null,\"values\":{},\"seconds\":1}", ":2: not the result of a cell")]
    [InlineData("{\"factors\":{\"seed\":\"1\"},\"fingerprint\":\"a\",\"metric\":\"b\",\"values\":{\"x\":1,\"x\":2},\"seconds\":1}", ":2: not the result of a cell")]
    [InlineData("{\"factors\":{\"seed\":\"1\"},\"note\":\"a\",\"fingerprint\":\"a\",\"metric\":\"b\",\"values\":{},\"seconds\":1}", ":2: the field 'note' is not one of a cell, which has factors, fingerprint, metric, values, seconds; the next result would delete it")]
    [InlineData("{\"factors\":{\"seed\":\"1\"}}", ":2: not the result of a cell")]
    [InlineData("{\"factors\":{\"seed\":1},\"fingerprint\":\"a\",\"metric\":\"b\",\"values\":{},\"seconds\":1}", ":2: not the result of a cell")]
    [InlineData("{\"factors\":{\"data\":\"a\",\"seed\":\"1\"},\"fingerprint\":\"a\",\"metric\":\"b\",\"values\":{},\"seconds\":1}", ":2: the cell 'data=a, seed=1' occurs twice; delete one of its lines")]
    public void AMalformedLineIsNamed(string line, string problem)
    {
        string path = _directory.Write("cells.jsonl", $"{CellStore.ToJson(Result(First))}\n{line}\n");
        Assert.StartsWith(path + problem, Assert.Throws<InvalidDataException>(() => CellStore.Open(_directory.Path)).Message, StringComparison.Ordinal);
    }

    internal static StudyCell Cell(string seed) => new([new("data", "a"), new(StudyFactor.Seed, seed)], "recipe");

    internal static CellResult Result(StudyCell cell) => new(cell.Factors, cell.Fingerprint, "accuracy", new Dictionary<string, double> { ["validation"] = 0.5 }, 1);
}
