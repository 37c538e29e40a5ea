namespace Foreword.Tokenization.Bpe;

/// <summary>Merges one word's symbols, by scanning when it is short and with a heap when it is long. Holds working memory: one thread uses it at a time.</summary>
internal sealed class BpeMerger(MergeTable merges)
{
    /// <summary>Words up to this many symbols are merged by plain scans; longer ones need the heap to stay far from n².</summary>
    private const int LongestScan = 48;

    /// <summary>Working memory above this many symbols is given back.</summary>
    private const int LargestKept = 1 << 20;

    private const int Smallest = 256;

    private int[] _ids = new int[Smallest];
    private int[] _ranks = new int[Smallest];
    private HeapMerge? _heap;

    /// <summary>Room for so many symbols, to be filled before <see cref="Merge"/>.</summary>
    public Span<int> Start(int length)
    {
        if (_ids.Length < length)
        {
            int capacity = Math.Max(length, (int)Math.Min(Array.MaxLength, 2L * _ids.Length));
            (_ids, _ranks) = (new int[capacity], new int[capacity]);
        }

        return _ids.AsSpan(0, length);
    }

    /// <summary>What the symbols become; valid until the next word.</summary>
    public ReadOnlySpan<int> Merge(int length)
    {
        Span<int> ids = _ids.AsSpan(0, length);
        return ids[..(length <= LongestScan ? ScanMerge(ids) : (_heap ??= new HeapMerge(merges)).Merge(ids, _ranks))];
    }

    /// <summary>Gives back what an unusually long word asked for.</summary>
    public void Trim()
    {
        if (_ids.Length > LargestKept)
            (_ids, _ranks, _heap) = (new int[Smallest], new int[Smallest], null);
    }

    /// <summary>The lowest rank first, the leftmost of equals, until no pair has one: for chunks as short as words.</summary>
    private int ScanMerge(Span<int> ids)
    {
        Span<int> ranks = _ranks.AsSpan(0, ids.Length); // of the pair that starts here
        for (int i = 0; i + 1 < ids.Length; i++)
            ranks[i] = merges.Rank(ids[i], ids[i + 1]);
        int count = ids.Length;
        while (count > 1)
        {
            int at = 0;
            for (int i = 1; i < count - 1; i++)
            {
                if (ranks[i] < ranks[at])
                    at = i;
            }

            if (ranks[at] == MergeTable.None)
                break;
            ids[at] = merges.Result(ranks[at]);
            count--;
            ids[(at + 2)..(count + 1)].CopyTo(ids[(at + 1)..]);
            if (at + 1 < count)
            {
                ranks[(at + 2)..count].CopyTo(ranks[(at + 1)..]);
                ranks[at] = merges.Rank(ids[at], ids[at + 1]);
            }

            if (at > 0)
                ranks[at - 1] = merges.Rank(ids[at - 1], ids[at]);
        }

        return count;
    }
}
