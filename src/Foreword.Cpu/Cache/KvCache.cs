using System.Runtime.InteropServices;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;
using Foreword.Models;

namespace Foreword.Cpu.Cache;

/// <summary>
/// Keys and values of the tokens that one sequence has read, every layer's, in pages of 64 positions: it grows by pages, so nothing is copied
/// and a short sequence holds little, and copies of a sequence share the pages that are full.
/// </summary>
internal sealed unsafe class KvCache(KvPages source) : IDisposable
{
    private readonly List<KvPage> _pages = [];

    /// <summary>Tokens read.</summary>
    public int Length { get; private set; }

    /// <summary>Makes room for <paramref name="count"/> more tokens and counts them as read.</summary>
    public void Extend(int count)
    {
        while (_pages.Count * AttentionKernels.PagePositions < Length + count)
            _pages.Add(source.Rent());
        Length += count;
    }

    /// <summary>Forgets what was read beyond the first tokens, and room made for more: a pass that failed is taken back.</summary>
    /// <param name="length">How many stay; at most <see cref="Length"/>.</param>
    public void Truncate(int length)
    {
        Length = length;
        for (int last = _pages.Count - 1; last >= 0 && last * AttentionKernels.PagePositions >= length; last--)
        {
            source.Return(_pages[last]);
            _pages.RemoveAt(last);
        }
    }

    /// <summary>Floats from one row of values to the next.</summary>
    public int ValueWidth => source.ValueWidth;

    /// <summary>Pages of 64 positions, the last one in part.</summary>
    public int Pages => _pages.Count;

    /// <summary>Keys of a page for a head, [4][hs][16].</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The head.</param>
    /// <param name="page">The page.</param>
    /// <typeparam name="T">As <see cref="KvPages.Type"/> says: float, or ushort for bfloat16.</typeparam>
    public T* Keys<T>(int layer, int head, int page) where T : unmanaged => (T*)(_pages[page].Pointer + source.Offset(layer, head));

    /// <summary>Values of a page for a head, [64][<see cref="ValueWidth"/>].</summary>
    /// <inheritdoc cref="Keys"/>
    public T* Values<T>(int layer, int head, int page) where T : unmanaged => (T*)(_pages[page].Pointer + source.ValueOffset(layer, head));

    /// <summary>Keeps the key and value of one position that the cache counts already.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The head.</param>
    /// <param name="position">The position.</param>
    /// <param name="key">Its key [hs].</param>
    /// <param name="value">Its value [hs].</param>
    /// <typeparam name="T">As <see cref="KvPages.Type"/> says: float, or ushort for bfloat16.</typeparam>
    public void Store<T>(int layer, int head, int position, T* key, T* value) where T : unmanaged
    {
        int page = position / AttentionKernels.PagePositions, slot = position % AttentionKernels.PagePositions;
        AttentionKernels.StoreKey(source.HeadSize, key, Keys<T>(layer, head, page), slot);
        Span<T> row = new(Values<T>(layer, head, page) + (long)slot * ValueWidth, ValueWidth);
        new ReadOnlySpan<T>(value, source.HeadSize).CopyTo(row);
        row[source.HeadSize..].Clear();
    }

    /// <summary>Keeps the keys and values of neighbouring positions that the cache counts already.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The head.</param>
    /// <param name="position">The first position.</param>
    /// <param name="count">How many.</param>
    /// <param name="key">Its key [hs], the next one <paramref name="stride"/> on.</param>
    /// <param name="value">Its value [hs], likewise.</param>
    /// <param name="stride">Elements from one to the next.</param>
    /// <typeparam name="T">As <see cref="KvPages.Type"/> says: float, or ushort for bfloat16.</typeparam>
    public void Store<T>(int layer, int head, int position, int count, float* key, float* value, int stride) where T : unmanaged
    {
        for (int together; count > 0; count -= together, position += together, key += (long)together * stride, value += (long)together * stride)
        {
            int slot = position % AttentionKernels.PagePositions;
            together = Math.Min(count, AttentionKernels.PagePositions - slot);
            AttentionKernels.StoreKeys(source.HeadSize, key, stride, together, Keys<T>(layer, head, position / AttentionKernels.PagePositions), slot);
            AttentionKernels.StoreValues(source.HeadSize, value, stride, together, Values<T>(layer, head, position / AttentionKernels.PagePositions) + (long)slot * ValueWidth, ValueWidth);
        }
    }

    /// <summary>A second cache with the same tokens, which may be continued otherwise: full pages are shared, the last one is copied.</summary>
    public KvCache Fork()
    {
        KvPage? own = Length % AttentionKernels.PagePositions == 0 ? null : source.Rent(); // first: memory may run out
        KvCache fork = new(source) { Length = Length };
        foreach (KvPage page in CollectionsMarshal.AsSpan(_pages)[..(Length / AttentionKernels.PagePositions)])
            fork._pages.Add(page.Share());
        if (own is not null)
        {
            NativeMemory.Copy(_pages[^1].Pointer, own.Pointer, (nuint)source.PageBytes);
            fork._pages.Add(own);
        }

        return fork;
    }

    /// <summary>Gives the pages back.</summary>
    public void Dispose() => Truncate(0);
}

/// <summary>64 positions of every layer, and how many caches hold them.</summary>
internal sealed unsafe class KvPage(NativeBuffer<byte> memory)
{
    private int _holders = 1;

    public byte* Pointer => memory.Pointer;

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
internal sealed class KvPages(GptConfig config, CacheType type) : IDisposable
{
    private readonly Stack<KvPage> _free = [];
    private bool _disposed;

    /// <summary>The number format.</summary>
    public CacheType Type => type;

    /// <summary>hs.</summary>
    public int HeadSize => config.HeadSize;

    /// <summary>Elements of a row of values: the head size, rounded up to what a kernel sums at once.</summary>
    public int ValueWidth { get; } = Panels.RoundUp(config.HeadSize, AttentionKernels.ValueTile);

    /// <summary>Bytes of a page.</summary>
    public long PageBytes => Offset(config.NLayer, 0);

    private int ElementBytes => type == CacheType.F32 ? sizeof(float) : sizeof(ushort);

    /// <summary>The byte of a page at which a head's keys begin.</summary>
    public long Offset(int layer, int head) => ((long)layer * config.NHead + head) * AttentionKernels.PagePositions * (HeadSize + ValueWidth) * ElementBytes;

    /// <summary>The byte at which its values do.</summary>
    public long ValueOffset(int layer, int head) => Offset(layer, head) + (long)AttentionKernels.PagePositions * HeadSize * ElementBytes;

    public KvPage Rent()
    {
        lock (_free)
        {
            if (!_free.TryPop(out KvPage? page))
                return new KvPage(new NativeBuffer<byte>(PageBytes));
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
