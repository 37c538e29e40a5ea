namespace Foreword.Tokenization.Bpe;

/// <summary>
/// Merges a long chunk in O(n log n) time with a binary heap of (rank, position) over a linked list of tokens. The order of the merges is that of
/// the plain scan (lowest rank first, leftmost of equal rank), so the ids are the same.
/// </summary>
internal sealed class HeapMerge(MergeTable merges)
{
    private ulong[] _heap = []; // rank in the upper half, position in the lower half: entries are ordered as numbers
    private int _heapSize;
    private int[] _next = [];
    private int[] _previous = [];

    /// <summary>Merges <paramref name="ids"/> in place and returns how many are left. <paramref name="ranks"/> is working memory of equal length.</summary>
    public int Merge(Span<int> ids, Span<int> ranks)
    {
        Start(ids, ranks);
        while (_heapSize > 0)
        {
            ulong top = Pop();
            int at = (int)(uint)top;
            int rank = (int)(top >> 32);
            if (ranks[at] != rank)
                continue; // outdated: one of the two tokens has changed
            ids[at] = merges.Result(rank);
            int gone = _next[at];
            int after = _next[gone];
            ranks[gone] = MergeTable.None;
            _next[at] = after;
            if (after < ids.Length)
                _previous[after] = at;
            Update(at, ids, ranks);
            if (_previous[at] >= 0)
                Update(_previous[at], ids, ranks);
        }

        int count = 0;
        for (int at = 0; at < ids.Length; at = _next[at])
            ids[count++] = ids[at];
        return count;
    }

    private void Start(ReadOnlySpan<int> ids, Span<int> ranks)
    {
        int length = ids.Length;
        if (_next.Length < length)
        {
            // Each merge removes one pair and creates at most two new ones.
            (_next, _previous, _heap) = (new int[length], new int[length], new ulong[3 * length]);
        }

        _heapSize = 0;
        for (int i = 0; i < length; i++)
        {
            (_previous[i], _next[i]) = (i - 1, i + 1);
            ranks[i] = i + 1 < length ? merges.Rank(ids[i], ids[i + 1]) : MergeTable.None;
            if (ranks[i] != MergeTable.None)
                _heap[_heapSize++] = Entry(ranks[i], i);
        }

        for (int i = _heapSize / 2 - 1; i >= 0; i--)
            SiftDown(i, _heap[i]);
    }

    /// <summary>Looks up the pair that starts at a position again, after one of its tokens has changed.</summary>
    private void Update(int at, ReadOnlySpan<int> ids, Span<int> ranks)
    {
        int next = _next[at];
        ranks[at] = next < ids.Length ? merges.Rank(ids[at], ids[next]) : MergeTable.None;
        if (ranks[at] != MergeTable.None)
            Push(Entry(ranks[at], at));
    }

    private static ulong Entry(int rank, int at) => ((ulong)(uint)rank << 32) | (uint)at;

    private void Push(ulong entry)
    {
        int at = _heapSize++;
        while (at > 0 && _heap[(at - 1) / 2] > entry)
        {
            _heap[at] = _heap[(at - 1) / 2];
            at = (at - 1) / 2;
        }

        _heap[at] = entry;
    }

    private ulong Pop()
    {
        ulong top = _heap[0];
        _heapSize--;
        if (_heapSize > 0)
            SiftDown(0, _heap[_heapSize]);
        return top;
    }

    /// <summary>Moves the entry down from a place until it is not larger than its children.</summary>
    private void SiftDown(int at, ulong entry)
    {
        while (2 * at + 1 < _heapSize)
        {
            int child = 2 * at + 1;
            if (child + 1 < _heapSize && _heap[child + 1] < _heap[child])
                child++;
            if (_heap[child] >= entry)
                break;
            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = entry;
    }
}
