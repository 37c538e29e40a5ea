using System.Runtime.InteropServices;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;
using Foreword.Models;

namespace Foreword.Cpu.Cache;

/// <summary>
/// Keeps the keys and values of the tokens that one sequence has read, for every layer, in pages of 64 positions. The cache grows by pages, so nothing
/// is copied and a short sequence needs little memory. Copies of a sequence share the full pages.
/// </summary>
internal sealed unsafe class KvCache(KvPages source) : IDisposable
{
    private readonly List<KvPage> _pages = [];

    /// <summary>Gets the number of tokens read.</summary>
    public int Length { get; private set; }

    /// <summary>Makes room for <paramref name="count"/> more tokens and counts them as read.</summary>
    public void Extend(int count)
    {
        while (_pages.Count * AttentionKernels.PagePositions < Length + count)
            _pages.Add(source.Rent());
        Length += count;
    }

    /// <summary>Adds a full page of another cache, which both share from now on. The cache must end at the boundary of a page.</summary>
    /// <param name="page">The page, whose caller holds it during the call.</param>
    public void Adopt(KvPage page)
    {
        _pages.Add(page.Share());
        Length += AttentionKernels.PagePositions;
    }

    /// <summary>Returns one of the pages. It stays this cache's; a caller that keeps it calls <see cref="KvPage.Share"/>.</summary>
    public KvPage Page(int index) => _pages[index];

    /// <summary>Removes all tokens after the first <paramref name="length"/>, and the pages that only they use. This undoes a pass that failed.</summary>
    /// <param name="length">Number of tokens to keep; at most <see cref="Length"/>.</param>
    public void Truncate(int length)
    {
        Length = length;
        for (int last = _pages.Count - 1; last >= 0 && last * AttentionKernels.PagePositions >= length; last--)
        {
            source.Return(_pages[last]);
            _pages.RemoveAt(last);
        }
    }

    /// <summary>Gets the number of elements from one row of values to the next.</summary>
    public int ValueWidth => source.ValueWidth;

    /// <summary>Gets the number of pages of 64 positions; the last page may be partly filled.</summary>
    public int Pages => _pages.Count;

    /// <summary>Returns the keys of one page and head, [4][hs][16].</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The head.</param>
    /// <param name="page">The page.</param>
    /// <typeparam name="T">The element type that matches <see cref="KvPages.Type"/>: float, or ushort for bfloat16.</typeparam>
    public T* Keys<T>(int layer, int head, int page) where T : unmanaged => (T*)(_pages[page].Pointer + source.Offset(layer, head));

    /// <summary>Returns the values of one page and head, [64][<see cref="ValueWidth"/>].</summary>
    /// <inheritdoc cref="Keys"/>
    public T* Values<T>(int layer, int head, int page) where T : unmanaged => (T*)(_pages[page].Pointer + source.ValueOffset(layer, head));

    /// <summary>Stores the key and value of one position that <see cref="Length"/> includes already.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The head.</param>
    /// <param name="position">The position.</param>
    /// <param name="key">The key, [hs].</param>
    /// <param name="value">The value, [hs].</param>
    /// <typeparam name="T">The element type that matches <see cref="KvPages.Type"/>: float, or ushort for bfloat16.</typeparam>
    public void Store<T>(int layer, int head, int position, T* key, T* value) where T : unmanaged
    {
        int page = position / AttentionKernels.PagePositions, slot = position % AttentionKernels.PagePositions;
        AttentionKernels.StoreKey(source.HeadSize, key, Keys<T>(layer, head, page), slot);
        Span<T> row = new(Values<T>(layer, head, page) + (long)slot * ValueWidth, ValueWidth);
        new ReadOnlySpan<T>(value, source.HeadSize).CopyTo(row);
        row[source.HeadSize..].Clear();
    }

    /// <summary>Stores the keys and values of consecutive positions that <see cref="Length"/> includes already.</summary>
    /// <param name="layer">The layer.</param>
    /// <param name="head">The head.</param>
    /// <param name="position">The first position.</param>
    /// <param name="count">Number of positions.</param>
    /// <param name="key">The first position's key, [hs]; the others follow, <paramref name="stride"/> elements apart.</param>
    /// <param name="value">The first position's value, [hs]; the others follow, <paramref name="stride"/> elements apart.</param>
    /// <param name="stride">Elements from one position to the next.</param>
    /// <typeparam name="T">The element type that matches <see cref="KvPages.Type"/>: float, or ushort for bfloat16.</typeparam>
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

    /// <summary>
    /// Creates a second cache with the same tokens, which can continue independently. Full pages are shared; the last page is copied if it is not full.
    /// </summary>
    public KvCache Fork()
    {
        KvPage? own = Length % AttentionKernels.PagePositions == 0 ? null : source.Rent(); // first, because memory may run out
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

    /// <summary>Returns the pages.</summary>
    public void Dispose() => Truncate(0);
}

/// <summary>One page: 64 positions of every layer, with the number of caches that hold it.</summary>
internal sealed unsafe class KvPage(NativeBuffer<byte> memory)
{
    private int _holders = 1;

    public byte* Pointer => memory.Pointer;

    public KvPage Share()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    /// <summary>Removes one holder; returns true if it was the last.</summary>
    public bool Release() => Interlocked.Decrement(ref _holders) == 0;

    public void Reuse() => _holders = 1;

    public void Free() => memory.Dispose();
}

/// <summary>
/// A pool of pages for the shape of one model. Returned pages are reused, because touching new memory for the first time costs far more than
/// overwriting old memory.
/// </summary>
internal sealed class KvPages(GptConfig config, CacheType type) : IDisposable
{
    private readonly Stack<KvPage> _free = [];
    private bool _disposed;

    /// <summary>Gets the number format of keys and values.</summary>
    public CacheType Type => type;

    /// <summary>Gets the head size, hs.</summary>
    public int HeadSize => config.HeadSize;

    /// <summary>Gets the number of elements of a row of values: the head size, rounded up to the columns that a kernel sums together.</summary>
    public int ValueWidth { get; } = Panels.RoundUp(config.HeadSize, AttentionKernels.ValueTile);

    /// <summary>Gets the size of a page in bytes.</summary>
    public long PageBytes => Offset(config.NLayer, 0);

    private int ElementBytes => type == CacheType.F32 ? sizeof(float) : sizeof(ushort);

    /// <summary>Returns the byte offset of a head's keys within a page.</summary>
    public long Offset(int layer, int head) => ((long)layer * config.NHead + head) * AttentionKernels.PagePositions * (HeadSize + ValueWidth) * ElementBytes;

    /// <summary>Returns the byte offset of a head's values within a page.</summary>
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
