using Foreword.Cpu.Cache;
using Foreword.Models;

namespace Foreword.Cpu.Tests.Cache;

public sealed class PrefixCacheTests
{
    private static readonly GptConfig _config = new() { VocabSize = 10, ContextLength = 1024, NLayer = 1, NHead = 1, NEmbd = 16 };

    [Theory]
    [InlineData(64, 0)] // the last token is always read
    [InlineData(65, 64)]
    [InlineData(192, 128)]
    [InlineData(300, 256)]
    public void WholePagesOfTheSameBeginningAreTaken(int length, int taken)
    {
        using KvPages pages = new(_config, CacheType.F32);
        using PrefixCache prefixes = new(pages, 100);
        int[] tokens = [.. Enumerable.Range(0, 400).Select(i => i % 7)];
        using KvCache first = Filled(pages, 300);
        prefixes.Add(tokens.AsSpan(0, 300), first);
        using KvCache second = new(pages);
        Assert.Equal(taken, prefixes.Take(tokens.AsSpan(0, length), second));
        Assert.Equal(taken, second.Length);
        Assert.True(taken == 0 || ReferenceEquals(first.Page(0), second.Page(0)));
    }

    [Fact]
    public void ADifferentTokenEndsTheBeginning()
    {
        using KvPages pages = new(_config, CacheType.F32);
        using PrefixCache prefixes = new(pages, 100);
        int[] tokens = new int[256], other = new int[256];
        other[100] = 1;
        using KvCache first = Filled(pages, 256), second = Filled(pages, 256), third = new(pages);
        prefixes.Add(tokens, first);
        prefixes.Add(other, second);
        Assert.Equal(4 + 3, prefixes.Count); // the first page is shared
        Assert.Equal(192, prefixes.Take(other, third));
        Assert.Same(first.Page(0), third.Page(0));
        Assert.Same(second.Page(1), third.Page(1));
    }

    [Fact]
    public void ThePagesUsedLeastRecentlyGoTheLastOfASequenceFirst()
    {
        using KvPages pages = new(_config, CacheType.F32);
        using PrefixCache prefixes = new(pages, 4);
        int[] old = new int[193], newer = [.. Enumerable.Repeat(1, 129)];
        using KvCache first = Filled(pages, 193), second = Filled(pages, 129);
        prefixes.Add(old, first);
        prefixes.Add(newer, second);
        Assert.Equal(4, prefixes.Count);
        Assert.Equal(128, Take(old)); // the third page went
        prefixes.Add([.. Enumerable.Repeat(2, 65)], first);
        Assert.Equal(64, Take(newer)); // used before the old sequence
        Assert.Equal(128, Take(old));
        prefixes.Clear();
        Assert.Equal(0, Take(old));

        int Take(int[] tokens)
        {
            using KvCache cache = new(pages);
            return prefixes.Take(tokens, cache);
        }
    }

    /// <summary>A page that a running sequence holds outlives its place in the cache.</summary>
    [Fact]
    public void APageInUseIsNotReused()
    {
        using KvPages pages = new(_config, CacheType.F32);
        using PrefixCache prefixes = new(pages, 1);
        KvCache first = Filled(pages, 65);
        KvPage page = first.Page(0);
        prefixes.Add(new int[65], first);
        first.Dispose();
        using KvCache holder = new(pages);
        Assert.Equal(64, prefixes.Take(new int[65], holder));
        prefixes.Clear();
        Assert.NotSame(page, pages.Rent());
        Assert.Same(page, holder.Page(0));
    }

    private static KvCache Filled(KvPages pages, int length)
    {
        KvCache cache = new(pages);
        cache.Extend(length);
        return cache;
    }
}
