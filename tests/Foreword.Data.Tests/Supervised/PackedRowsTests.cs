using Foreword.Data.Supervised;

namespace Foreword.Data.Tests.Supervised;

public sealed class PackedRowsTests
{
    [Theory]
    [InlineData(null)]
    [InlineData(7L)]
    public void EverySequenceIsInOneRowThatHasRoom(long? seed)
    {
        int[] lengths = [.. Enumerable.Range(0, 1000).Select(i => 1 + i * 37 % 100)];
        int[][] rows = PackedRows.Create(lengths, 100, seed);
        Assert.Equal(Enumerable.Range(0, 1000), rows.SelectMany(row => row).Order());
        Assert.All(rows, row => Assert.InRange(row.Sum(index => lengths[index]), 1, 100));
        Assert.InRange(lengths.Sum() / 100.0 / rows.Length, 0.93, 1);
        Assert.Equal(rows, PackedRows.Create(lengths, 100, seed));
        Assert.NotEqual(rows, PackedRows.Create(lengths, 100, 8));
    }

    [Fact]
    public void ASequenceThatIsTooLongIsRefused()
    {
        Assert.Equal("a sequence has 11 tokens; a row has room for 10 (Parameter 'lengths')", Assert.Throws<ArgumentException>(() => PackedRows.Create([3, 11], 10, null)).Message);
        Assert.Empty(PackedRows.Create([], 10, 1));
    }
}
