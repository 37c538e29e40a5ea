using Foreword.Cpu.Cache;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;
using Foreword.Cpu.Threading;
using Foreword.Models;
using Foreword.Numerics;

namespace Foreword.Cpu.Forward;

/// <summary>
/// Computes attention, softmax(q kᵀ / sqrt(hs)) v, over the caches of a pass's segments (Vaswani et al. 2017, equation 1). Workers claim work items; an
/// item is one head of up to four consecutive rows.
/// </summary>
internal sealed unsafe class Attention : IDisposable
{
    /// <summary>Number of claims per worker. A contended claim costs about half a work item, so items are grouped.</summary>
    private const int ClaimsPerWorker = 6;

    private readonly GptConfig _config;
    private readonly Workers _workers;
    private readonly float[] _scales; // factor of each layer's scores
    private readonly int _scoreStride;
    private readonly NativeBuffer<float> _scores; // for each worker: [4][context]
    private readonly NativeBuffer<float> _sums; // for each worker: [4][64]
    private readonly bool _isFloat;

    private Segment[] _segments = [];
    private (int Segment, int Row, int Count, int First, int Tiles)[] _queries = []; // tiles of rows, with the segment's first tile and the number of its tiles
    private int _segmentCount;
    private int _queryCount;
    private bool _storesFirst;

    /// <summary>Creates the attention for a network whose caches all have the number format <paramref name="cache"/>.</summary>
    public Attention(GptConfig config, CacheType cache, Workers workers)
    {
        _config = config;
        _workers = workers;
        _isFloat = cache == CacheType.F32;
        _scales = [.. Enumerable.Range(0, config.NLayer).Select(layer => 1 / MathF.Sqrt(config.HeadSize) * (float)config.AttentionFactor(layer))];
        _scoreStride = Panels.RoundUp(config.ContextLength, AttentionKernels.PagePositions);
        _scores = new NativeBuffer<float>((long)workers.Count * AttentionKernels.QueryTile * _scoreStride);
        _sums = new NativeBuffer<float>((long)workers.Count * AttentionKernels.QueryTile * AttentionKernels.ValueTile);
    }

    /// <summary>Sets the segments of the next pass: the first <paramref name="count"/> of an array that must not change until the pass has ended.</summary>
    public void Prepare(Segment[] segments, int count)
    {
        (_segments, _segmentCount, _queryCount, _storesFirst) = (segments, count, 0, false);
        for (int s = 0; s < count; s++)
        {
            _storesFirst |= segments[s].Count > 1;
            int first = _queryCount, tiles = (segments[s].Count + AttentionKernels.QueryTile - 1) / AttentionKernels.QueryTile;
            for (int row = 0; row < segments[s].Count; row += AttentionKernels.QueryTile)
            {
                if (_queryCount == _queries.Length)
                    Array.Resize(ref _queries, Math.Max(8, 2 * _queryCount));
                _queries[_queryCount++] = (s, segments[s].FirstRow + row, Math.Min(AttentionKernels.QueryTile, segments[s].Count - row), first, tiles);
            }
        }
    }

    /// <summary>Computes one layer's attention. All workers call it together. When it returns, its results are visible to all workers.</summary>
    /// <param name="worker">The number of the calling worker.</param>
    /// <param name="layer">The layer.</param>
    /// <param name="qkv">
    /// The queries, keys and values of the rows, [rows][3 C]. The keys and values of segments with a single row are rounded to the cache's format.
    /// </param>
    /// <param name="qkvStride">Elements from row to row.</param>
    /// <param name="attended">Receives each row's weighted sums of values, [rows][C].</param>
    /// <param name="stride">Elements from row to row.</param>
    public void Run(int worker, int layer, float* qkv, int qkvStride, float* attended, int stride)
    {
        if (_isFloat)
            Run<float>(worker, layer, qkv, qkvStride, attended, stride);
        else
            Run<ushort>(worker, layer, qkv, qkvStride, attended, stride);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _scores.Dispose();
        _sums.Dispose();
    }

    private void Run<T>(int worker, int layer, float* qkv, int qkvStride, float* attended, int stride) where T : unmanaged
    {
        int C = _config.NEmbd, hs = _config.HeadSize;
        if (_storesFirst)
        {
            int items = _config.NHead * _segmentCount;
            for (int item = worker; item < items; item = _workers.Claim())
            {
                (Segment segment, int head) = (_segments[item / _config.NHead], item % _config.NHead);
                float* key = qkv + (long)segment.FirstRow * qkvStride + C + head * hs;
                if (segment.Count > 1)
                    segment.Cache.Store<T>(layer, head, segment.FirstPosition, segment.Count, key, key + C, qkvStride);
            }

            _workers.Barrier();
        }

        Rows rows = new(qkv, qkvStride, attended, stride);
        int count = _queryCount * _config.NHead, together = Math.Max(1, count / (_workers.Count * ClaimsPerWorker));
        for (int item = worker * together, next; item < count; item = next)
        {
            next = (item + 1) % together != 0 ? item + 1 : _workers.Claim() * together;
            WorkItem now = At(item, rows);
            if (now.Segment.Count == 1)
                AttendRow<T>(worker, layer, now, next < count ? At(next, rows) : now);
            else
                AttendRows<T>(worker, layer, now, rows);
        }

        _workers.Barrier();
    }

    /// <summary>The queries, keys and values of a pass, [rows][3 C], and the destination of its weighted sums, [rows][C].</summary>
    private readonly struct Rows(float* qkv, int qkvStride, float* attended, int stride)
    {
        public readonly float* Qkv = qkv;
        public readonly int QkvStride = qkvStride;
        public readonly float* Attended = attended;
        public readonly int Stride = stride;
    }

    /// <summary>A work item: one head of up to four consecutive rows of a segment.</summary>
    private readonly struct WorkItem(Segment segment, int head, int row, int count, float* query, float* attended)
    {
        public readonly Segment Segment = segment;
        public readonly int Head = head;
        public readonly int Row = row;
        public readonly int Count = count;
        public readonly float* Query = query;
        public readonly float* Attended = attended;
    }

    /// <summary>
    /// Returns a work item by its number. Consecutive numbers are different rows of one head, so that the head's keys stay in the processor's cache, and
    /// then the next head of the same sequence, whose keys are stored after them.
    /// </summary>
    private WorkItem At(int item, in Rows rows)
    {
        (_, _, _, int first, int tiles) = _queries[item / _config.NHead];
        (int head, int tile) = Math.DivRem(item - first * _config.NHead, tiles);
        (int s, int row, int count, _, _) = _queries[first + tile];
        long column = (long)head * _config.HeadSize;
        return new WorkItem(_segments[s], head, row, count, rows.Qkv + (long)row * rows.QkvStride + column, rows.Attended + (long)row * rows.Stride + column);
    }

    /// <summary>
    /// Computes a segment that has a single row. No other row needs its key and value, so they are read from the row itself and stored in the KV cache
    /// last. Each element of a key is written to a different cache line. Reading these lines immediately after the writes would stall on every one.
    /// </summary>
    private void AttendRow<T>(int worker, int layer, in WorkItem item, in WorkItem next) where T : unmanaged
    {
        const int Page = AttentionKernels.PagePositions, Columns = AttentionKernels.ValueTile;
        int hs = _config.HeadSize, position = item.Segment.FirstPosition;
        KvCache cache = item.Segment.Cache, nextCache = next.Segment.Cache;
        float* q = item.Query, key = q + _config.NEmbd, value = key + _config.NEmbd;
        float* scores = _scores.Pointer + (long)worker * AttentionKernels.QueryTile * _scoreStride;
        float* sums = _sums.Pointer + (long)worker * AttentionKernels.QueryTile * Columns;
        for (int part = 0; part < 3; part++) // another worker may have written them, so they may not be in this processor's cache
            Prefetch.Lines(next.Query + (long)part * _config.NEmbd, hs * sizeof(float));
        T* rounded = stackalloc T[2 * hs];
        AttentionKernels.Round(key, hs, rounded);
        AttentionKernels.Round(value, hs, rounded + hs);
        for (int page = 0; page * Page < position; page++)
        {
            T* keys = cache.Keys<T>(layer, item.Head, page);
            long ahead = (byte*)(page < nextCache.Pages ? nextCache.Keys<T>(layer, next.Head, page) : keys) - (byte*)keys;
            AttentionKernels.Scores(1, hs, Math.Min(Page, position - page * Page), q, 0, keys, _scales[layer], scores + page * Page, 0, ahead);
        }

        scores[position] = AttentionKernels.Score(hs, q, key, _scales[layer]);
        RowKernels.Softmax(scores, position + 1, Panels.RoundUp(position + 1, Panels.Width));
        for (int column = 0; column < hs; column += Columns)
        {
            int columns = Math.Min(Columns, hs - column);
            new Span<float>(sums, Columns).Clear();
            for (int page = 0; page * Page < position; page++)
            {
                T* values = cache.Values<T>(layer, item.Head, page) + column;
                long ahead = (byte*)(page < nextCache.Pages ? nextCache.Values<T>(layer, next.Head, page) + column : values) - (byte*)values;
                AttentionKernels.AddValues(1, Math.Min(Page, position - page * Page), scores + page * Page, 0, values, cache.ValueWidth, sums, 0, ahead);
            }

            AttentionKernels.AddValue(columns, scores[position], value + column, sums, item.Attended + column);
        }

        cache.Store(layer, item.Head, position, rounded, rounded + hs);
    }

    /// <summary>Computes up to four rows of a segment whose keys and values are already in the KV cache.</summary>
    private void AttendRows<T>(int worker, int layer, in WorkItem item, in Rows rows) where T : unmanaged
    {
        const int Page = AttentionKernels.PagePositions, Columns = AttentionKernels.ValueTile;
        int hs = _config.HeadSize, count = item.Count, tile = count == 1 ? 1 : AttentionKernels.QueryTile;
        KvCache cache = item.Segment.Cache;
        int first = item.Segment.FirstPosition + item.Row - item.Segment.FirstRow, positions = first + count; // row i sees first + i + 1 positions
        float* scores = _scores.Pointer + (long)worker * AttentionKernels.QueryTile * _scoreStride;
        float* sums = _sums.Pointer + (long)worker * AttentionKernels.QueryTile * Columns;
        for (int page = 0; page * Page < positions; page++)
            AttentionKernels.Scores(tile, hs, Math.Min(Page, positions - page * Page), item.Query, rows.QkvStride, cache.Keys<T>(layer, item.Head, page), _scales[layer], scores + page * Page, _scoreStride);
        for (int i = 0; i < count; i++)
            RowKernels.Softmax(scores + (long)i * _scoreStride, first + i + 1, Panels.RoundUp(positions, Panels.Width));
        for (int column = 0; column < hs; column += Columns)
        {
            new Span<float>(sums, tile * Columns).Clear();
            for (int page = 0; page * Page < positions; page++)
                AttentionKernels.AddValues(tile, Math.Min(Page, positions - page * Page), scores + page * Page, _scoreStride, cache.Values<T>(layer, item.Head, page) + column, cache.ValueWidth, sums, Columns);
            for (int i = 0; i < count; i++)
                new ReadOnlySpan<float>(sums + i * Columns, Math.Min(Columns, hs - column)).CopyTo(new Span<float>(item.Attended + (long)i * rows.Stride + column, Columns));
        }
    }
}
