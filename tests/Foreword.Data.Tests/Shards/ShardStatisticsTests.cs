using Foreword.Data.Preparing;
using Foreword.Data.Reading.Formats;
using Foreword.Data.Shards;

namespace Foreword.Data.Tests.Shards;

public sealed class ShardStatisticsTests
{
    [Fact]
    public void LengthsTokensAndSamplesAreThoseOfTheSplit()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        string[] texts = ["a", "bb", "cccc", "aaaaaaa"]; // 2, 3, 5 and 8 tokens, including the end of text
        new CorpusPreparer(new ByteTokenizer(), new PreparationOptions { ValidationShare = 0, ShardTokens = 5 })
            .Prepare(texts.Select(text => new TextChunk(text, true)), directory.File("out"), [], cancellationToken: TestContext.Current.CancellationToken);
        using TokenDataset data = TokenDataset.Open(directory.File("out"), TokenDataset.Train);
        ShardStatistics statistics = ShardStatistics.Compute(data, top: 2, TestContext.Current.CancellationToken);
        Assert.Equal([new(2, 3, 2), new(4, 7, 1), new(8, 15, 1)], statistics.Lengths);
        Assert.Equal(8, statistics.Longest);
        Assert.Equal(4, statistics.DistinctTokens);
        Assert.Equal([new('a', 8), new('c', 4)], statistics.MostFrequent); // the end of text also occurs 4 times, but has a higher id
        Assert.Equal([(0L, "a"), (2L, "cccc")], ShardStatistics.Samples(data, 2, 4).Select(sample => (sample.Document, string.Concat(sample.Ids.Where(id => id < 256).Select(id => (char)id)))));
    }
}
