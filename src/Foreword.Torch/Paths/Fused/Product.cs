using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

// M rows (B T, a multiple of 32), K inner size, N columns. C and the widths derived from it are multiples of 16.

/// <summary>
/// Computes the matrix products of a model's layers with the micro-kernels, in blocks of 64 rows by 64 columns. The right side is packed in panels of
/// 64 columns, [N / 64][K / PerWord][64] words, with zeros after the last column. A panel stays in the second-level cache while all rows are multiplied
/// with it. The operation after a product (bias, GELU, residual sum) is applied to each block while it is in the first-level cache.
/// </summary>
internal static unsafe class Product<T> where T : unmanaged, IElement<T>
{
    /// <summary>Number of rows and of columns of a block.</summary>
    public const int Block = 64;

    /// <summary>Largest inner size of one call if the sum is in memory. Two blocks of this length fit the second-level cache.</summary>
    private const int LongestInner = 1024;

    /// <summary>Number of work items per worker that a loop is divided into, so that all workers finish at about the same time.</summary>
    private const int ItemsPerWorker = 8;

    /// <summary>Rounds <paramref name="size"/> up to a multiple of <see cref="Block"/>.</summary>
    public static int Padded(int size) => (size + Block - 1) / Block * Block;

    /// <summary>Returns the number of elements of a packed right side, [K, N].</summary>
    public static long PackedSize(int K, int N) => (long)Padded(K) * Padded(N);

    /// <summary>Packs rows [M, N] as the right side of <see cref="MultiplyTransposed"/>, and sums their columns, which is the gradient of a bias.</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="rows">The rows, [M, N], contiguous.</param>
    /// <param name="M">Number of rows, a multiple of 32.</param>
    /// <param name="N">Number of columns, a multiple of 16.</param>
    /// <param name="packed">Receives the packed rows.</param>
    /// <param name="sums">Receives the sums, [N]; null to skip them.</param>
    /// <param name="add">True to add to the sums instead of overwriting them.</param>
    public static void PackRows(Workspace work, T* rows, int M, int N, T* packed, float* sums, bool add)
    {
        using StepProfile.Lap lap = work.Time("pack rows, bias gradients");
        work.Workers.ForEach(Padded(N) / Block, (_, panel) =>
        {
            int column = panel * Block, width = Math.Min(Block, N - column);
            T* destination = packed + (long)panel * Padded(M) * Block;
            if (width < Block)
                new Span<T>(destination, Padded(M) * Block).Clear();
            Packing<T>.PackRows(rows + column, N, M, width, destination, Block);
            if (sums is not null)
                SumColumns(rows + column, N, M, width, sums + column, add);
        });
    }

    /// <summary>Multiplies A [M, K] with weights [K, N] and passes each block of the result to the epilogue.</summary>
    public static void Multiply<TEpilogue>(Workspace work, int M, int N, int K, T* a, WeightMatrix<T> weights, TEpilogue epilogue) where TEpilogue : struct, IEpilogue
    {
        using StepProfile.Lap lap = work.TimeProduct(TEpilogue.Name, M, N, K);
        int panels = Padded(N) / Block, rowsPerItem = RowsPerItem(work, M, panels), chunks = (M + rowsPerItem - 1) / rowsPerItem;
        var mark = work.Mark();
        long panelSize = WeightMatrix<T>.PanelSize(K);
        float* tiles = work.TakeForEachWorker<float>(Block * Block), edges = work.TakeForEachWorker<float>(panelSize);
        T* packed = work.TakeForEachWorker<T>(panelSize);
        work.Workers.ForEach(panels * chunks, (worker, item) =>
        {
            int panel = item / chunks, first = item % chunks * rowsPerItem, end = Math.Min(M, first + rowsPerItem), width = Math.Min(Block, N - panel * Block);
            float* tile = tiles + worker * Block * Block;
            T* b = packed + worker * panelSize;
            weights.Pack(0, K, panel * Block, edges + worker * panelSize, b);
            for (int row = first; row < end; row += Block)
            {
                int rows = Math.Min(Block, end - row);
                T.Multiply(rows, Block, K, a + (long)row * K, K, b, Block, tile, Block, add: false);
                epilogue.Apply(tile, row, panel * Block, rows, width);
            }
        });
        work.Release(mark);
    }

    /// <summary>
    /// Multiplies A [M, K] with weights [K, N] and writes or adds the result to float32 [M, N]. K is processed in parts, for inner sizes that exceed
    /// the cache.
    /// </summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="M">Number of rows.</param>
    /// <param name="N">Number of columns, a multiple of 16.</param>
    /// <param name="K">The inner size, which is also the stride of A's rows.</param>
    /// <param name="a">A, [M, K].</param>
    /// <param name="weights">The right side.</param>
    /// <param name="result">Receives the product, [M, N].</param>
    /// <param name="add">True to add to the result instead of overwriting it.</param>
    public static void Multiply(Workspace work, int M, int N, int K, T* a, WeightMatrix<T> weights, float* result, bool add)
    {
        using StepProfile.Lap lap = work.TimeProduct("product", M, N, K);
        int panels = Padded(N) / Block, rowsPerItem = RowsPerItem(work, M, panels), chunks = (M + rowsPerItem - 1) / rowsPerItem;
        var mark = work.Mark();
        long panelSize = WeightMatrix<T>.PanelSize(Math.Min(LongestInner, K));
        float* edges = work.TakeForEachWorker<float>(panelSize);
        T* packed = work.TakeForEachWorker<T>(panelSize);
        work.Workers.ForEach(panels * chunks, (worker, item) =>
        {
            int column = item / chunks * Block, first = item % chunks * rowsPerItem, end = Math.Min(M, first + rowsPerItem);
            T* b = packed + worker * panelSize;
            for (int inner = 0; inner < K; inner += LongestInner)
            {
                weights.Pack(inner, Math.Min(LongestInner, K - inner), column, edges + worker * panelSize, b);
                for (int row = first; row < end; row += Block)
                {
                    T.Multiply(
                        Math.Min(Block, end - row), Math.Min(Block, N - column), Math.Min(LongestInner, K - inner),
                        a + (long)row * K + inner, K, b, Block, result + (long)row * N + column, N, add || inner > 0);
                }
            }
        });
        work.Release(mark);
    }

    /// <summary>Computes Aᵀ B, the gradient of a weight, in float32 [K, N]. A has rows [M, K]; B [M, N] has been packed by <see cref="PackRows"/>.</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="M">Number of rows of A and B, a multiple of 32.</param>
    /// <param name="K">Number of rows of the result.</param>
    /// <param name="N">Number of columns of the result, a multiple of 16.</param>
    /// <param name="a">A, [M, <paramref name="stride"/>]. The first K columns are used; up to a multiple of 16 columns are read.</param>
    /// <param name="stride">Elements from row to row of A.</param>
    /// <param name="packed">B, packed.</param>
    /// <param name="result">Receives the product, [K, N].</param>
    /// <param name="add">True to add to the result instead of overwriting it.</param>
    public static void MultiplyTransposed(Workspace work, int M, int K, int N, T* a, int stride, T* packed, float* result, bool add)
    {
        using StepProfile.Lap lap = work.TimeProduct("weight gradient", K, N, M);
        int panels = Padded(K) / Block, columnsPerItem = RowsPerItem(work, N, panels), chunks = (N + columnsPerItem - 1) / columnsPerItem;
        var mark = work.Mark();
        T* scratch = work.TakeForEachWorker<T>((long)Block * M);
        work.Workers.ForEach(panels * chunks, (worker, item) =>
        {
            int row = item / chunks * Block, rows = Math.Min(Block, K - row), first = item % chunks * columnsPerItem, end = Math.Min(N, first + columnsPerItem);
            T* transposed = scratch + (long)worker * Block * M; // (64, M)
            Packing<T>.Transpose(a + row, stride, M, (rows + 15) / 16 * 16, transposed, M);
            for (int inner = 0; inner < M; inner += LongestInner)
            {
                for (int column = first; column < end; column += Block)
                {
                    T.Multiply(
                        rows, Math.Min(Block, end - column), Math.Min(LongestInner, M - inner),
                        transposed + inner, M, packed + (long)column * Padded(M) + (long)inner * Block, Block, result + (long)row * N + column, N, add || inner > 0);
                }
            }
        });
        work.Release(mark);
    }

    private static int RowsPerItem(Workspace work, int rows, int panels)
    {
        int chunks = Math.Max(1, ItemsPerWorker * work.Workers.Threads / panels);
        return Math.Max(Block, Padded((rows + chunks - 1) / chunks));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void SumColumns(T* rows, long stride, int M, int columns, float* sums, bool add)
    {
        for (int column = 0; column < columns; column += Vector512<float>.Count)
        {
            Vector512<float> sum = Vector512<float>.Zero;
            for (int row = 0; row < M; row++)
                sum += T.Load(rows + row * stride + column);
            (add ? Vector512.Load(sums + column) + sum : sum).Store(sums + column);
        }
    }
}

/// <summary>Processes the blocks of a product.</summary>
internal unsafe interface IEpilogue
{
    /// <summary>Gets the name of a product with this epilogue in a profile.</summary>
    static abstract string Name { get; }

    /// <summary>Processes one block of the product.</summary>
    /// <param name="tile">The values, 64 per row.</param>
    /// <param name="row">The block's first row in the result.</param>
    /// <param name="column">The block's first column in the result.</param>
    /// <param name="rows">Number of rows, 1 to 64.</param>
    /// <param name="columns">Number of columns, 16 to 64, a multiple of 16.</param>
    void Apply(float* tile, int row, int column, int rows, int columns);
}
