namespace Foreword.Tokenization.Bpe;

/// <summary>
/// Merges the symbols of one word. Short words are scanned; long words use a heap. The merger owns working memory, so one thread uses it at a time.
/// </summary>
internal sealed class BpeMerger(MergeTable merges)
{
    /// <summary>The largest number of symbols in a word that is merged by scanning. A scan takes O(n²) time, so longer words use the heap.</summary>
    private const int LongestScan = 48;

    /// <summary>The largest number of symbols for which working memory is kept.</summary>
    private const int LargestKept = 1 << 20;

    private const int Smallest = 256;

    private int[] _ids = new int[Smallest];
    private int[] _ranks = new int[Smallest];
    private HeapMerge? _heap;

    /// <summary>Returns space for the symbols of a word. The caller fills it before it calls <see cref="Merge"/>.</summary>
    /// <param name="length">The number of symbols.</param>
    public Span<int> Start(int length)
    {
        if (_ids.Length < length)
        {
            int capacity = Math.Max(length, (int)Math.Min(Array.MaxLength, 2L * _ids.Length));
            (_ids, _ranks) = (new int[capacity], new int[capacity]);
        }

        return _ids.AsSpan(0, length);
    }

    /// <summary>Merges the symbols and returns the result, which is valid until the next word.</summary>
    public ReadOnlySpan<int> Merge(int length)
    {
        Span<int> ids = _ids.AsSpan(0, length);
        return ids[..(length <= LongestScan ? ScanMerge(ids) : (_heap ??= new HeapMerge(merges)).Merge(ids, _ranks))];
    }

    /// <summary>Releases working memory that an unusually long word needed.</summary>
    public void Trim()
    {
        if (_ids.Length > LargestKept)
            (_ids, _ranks, _heap) = (new int[Smallest], new int[Smallest], null);
    }

    /// <summary>
    /// Merges the pair of the lowest rank (the leftmost of equal rank) repeatedly until no pair can be merged. Returns the number of ids left.
    /// Suitable for chunks that are as short as words.
    /// </summary>
    private int ScanMerge(Span<int> ids)
    {
        Span<int> ranks = _ranks.AsSpan(0, ids.Length); // the rank of the pair that starts here
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
