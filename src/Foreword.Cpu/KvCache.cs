using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;

namespace Foreword.Cpu;

/// <summary>
/// Keys and values of the tokens that one sequence has read, every layer's, float32, in pages of 64 positions: it grows by pages, so nothing
/// is copied and a short sequence holds little, and copies of a sequence share the pages that are full.
/// </summary>
internal sealed unsafe class KvCache(KvPages source) : IDisposable
{
    private readonly List<KvPage> _pages = [];

    /// <summary>Tokens read.</summary>
    public int Length { get; private set; }

    /// <summary>Makes room for <paramref name="count"/> more tokens and counts them as read.</summary>
    /// <returns>The position of the first of them.</returns>
    public int Extend(int count)
    {
        int first = Length;
        while (_pages.Count * AttentionKernels.PagePositions < Length + count)
            _pages.Add(source.Rent());
        Length += count;
        return first;
    }

    /// <summary>Floats from one row of values to the next.</summary>
    public int ValueWidth => source.ValueWidth;

    /// <summary>Keys of a page for a head, [4][hs][16].</summary>
    public float* Keys(int layer, int head, int page) => _pages[page].Pointer + source.Offset(layer, head);

    /// <summary>Values of a page for a head, [64][<see cref="ValueWidth"/>].</summary>
    public float* Values(int layer, int head, int page) => Keys(layer, head, page) + source.KeyFloats;

    /// <summary>A second cache with the same tokens, which may be continued otherwise: full pages are shared, the last one is copied.</summary>
    public KvCache Fork()
    {
        KvCache fork = new(source) { Length = Length };
        foreach (KvPage page in _pages)
            fork._pages.Add(page.Share());
        if (Length % AttentionKernels.PagePositions != 0)
        {
            KvPage own = source.Rent(), shared = fork._pages[^1];
            new ReadOnlySpan<float>(shared.Pointer, source.PageFloats).CopyTo(new Span<float>(own.Pointer, source.PageFloats));
            source.Return(shared);
            fork._pages[^1] = own;
        }

        return fork;
    }

    /// <summary>Gives the pages back.</summary>
    public void Dispose()
    {
        foreach (KvPage page in _pages)
            source.Return(page);
        _pages.Clear();
        Length = 0;
    }
}

/// <summary>64 positions of every layer, and how many caches hold them.</summary>
internal sealed unsafe class KvPage(NativeBuffer<float> memory)
{
    private int _holders = 1;

    public float* Pointer => memory.Pointer;

    public KvPage Share()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    /// <summary>One holder less; true when it was the last.</summary>
    public bool Release() => Interlocked.Decrement(ref _holders) == 0;

    public void Reuse() => _holders = 1;

    public void Free() => memory.Dispose();
}

/// <summary>Pages of one model's shape. What comes back is handed out again: touching new memory costs far more than writing to old.</summary>
internal sealed class KvPages(GptConfig config) : IDisposable
{
    private readonly Stack<KvPage> _free = [];
    private bool _disposed;

    /// <summary>Floats of a row of values: the head size, rounded up to what a kernel sums at once.</summary>
    public int ValueWidth { get; } = Panels.RoundUp(config.HeadSize, AttentionKernels.ValueTile);

    /// <summary>Floats of a head's keys in a page.</summary>
    public int KeyFloats => config.HeadSize * AttentionKernels.PagePositions;

    /// <summary>Floats of a page.</summary>
    public int PageFloats => (int)Offset(config.NLayer, 0);

    /// <summary>Where a head's keys begin in a page; its values follow.</summary>
    public long Offset(int layer, int head) => ((long)layer * config.NHead + head) * (KeyFloats + AttentionKernels.PagePositions * ValueWidth);

    public KvPage Rent()
    {
        lock (_free)
        {
            if (!_free.TryPop(out KvPage? page))
                return new KvPage(new NativeBuffer<float>(PageFloats));
            page.Reuse();
            return page;
        }
    }

    public void Return(KvPage page)
    {
        if (!page.Release())
            return;
        lock (_free)
        {
            if (_disposed)
                page.Free();
            else
                _free.Push(page);
        }
    }

    public void Dispose()
    {
        lock (_free)
        {
            _disposed = true;
            while (_free.TryPop(out KvPage? page))
                page.Free();
        }
    }
}
