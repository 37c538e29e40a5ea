using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

// M rows (B T, a multiple of 32), K inner size, N columns. C and the widths derived from it are multiples of 16.

/// <summary>
/// Products of a model's layers over the micro-kernels, in blocks of 64 rows by 64 columns. The right side lies packed in panels of 64
/// columns, [N / 64][K / PerWord][64] words with zeros behind the last column, so that a panel stays in the second-level cache while
/// the rows pass by; what follows a product (bias, GELU, residual sum) is done on each block while it is in the first-level cache.
/// </summary>
internal static unsafe class Product<T> where T : unmanaged, IElement<T>
{
    /// <summary>Rows and columns of a block.</summary>
    public const int Block = 64;

    /// <summary>Most inner elements of one call where the sum lies in memory: two blocks of that length fit the second-level cache.</summary>
    private const int LongestInner = 1024;

    /// <summary>Items for each worker that a loop is cut into, so that all end at about the same time.</summary>
    private const int ItemsPerWorker = 8;

    /// <summary>The next multiple of <see cref="Block"/>.</summary>
    public static int Padded(int size) => (size + Block - 1) / Block * Block;

    /// <summary>Elements of a packed right side [K, N].</summary>
    public static long PackedSize(int K, int N) => (long)Padded(K) * Padded(N);

    /// <summary>
    /// Packs rows [M, N] as right side of <see cref="MultiplyTransposed"/>, and sums their columns, which is the gradient of a bias.
    /// </summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="rows">[M, N], without gaps.</param>
    /// <param name="M">A multiple of 32.</param>
    /// <param name="N">A multiple of 16.</param>
    /// <param name="packed">Receives them.</param>
    /// <param name="sums">[N], or null.</param>
    /// <param name="add">Whether the sums are added to what is there.</param>
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

    /// <summary>A [M, K] times weights [K, N]; the epilogue takes each block of the result.</summary>
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

    /// <summary>A [M, K] times weights [K, N] into float32 [M, N], in pieces of K: for inner sizes beyond the cache, and for sums.</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="M">Rows.</param>
    /// <param name="N">Columns, a multiple of 16.</param>
    /// <param name="K">Inner size; of A's rows as long, too.</param>
    /// <param name="a">[M, K].</param>
    /// <param name="weights">The right side.</param>
    /// <param name="result">[M, N].</param>
    /// <param name="add">Whether the product is added to what is there.</param>
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

    /// <summary>Aᵀ B, the gradient of a weight: A [M, K] rows, B [M, N] packed by <see cref="PackRows"/>, into float32 [K, N].</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="M">A multiple of 32.</param>
    /// <param name="K">Rows of the result.</param>
    /// <param name="N">Columns of the result, a multiple of 16.</param>
    /// <param name="a">[M, <paramref name="stride"/>], of which the first K columns count; readable up to the next multiple of 16.</param>
    /// <param name="stride">Elements from row to row of A.</param>
    /// <param name="packed">B.</param>
    /// <param name="result">[K, N].</param>
    /// <param name="add">Whether the product is added to what is there.</param>
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

/// <summary>What is done with a block of a product.</summary>
internal unsafe interface IEpilogue
{
    /// <summary>What a product with it is called in a profile.</summary>
    static abstract string Name { get; }

    /// <summary>Takes a block.</summary>
    /// <param name="tile">Its values, 64 to a row.</param>
    /// <param name="row">First row in the result.</param>
    /// <param name="column">First column in the result.</param>
    /// <param name="rows">1 to 64.</param>
    /// <param name="columns">16 to 64, a multiple of 16.</param>
    void Apply(float* tile, int row, int column, int rows, int columns);
}
