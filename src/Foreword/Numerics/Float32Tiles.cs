using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Numerics;

// M rows, N columns, K inner size. Each register of a tile is a local variable of its own, because the JIT keeps locals in registers but not arrays.

/// <summary>
/// Computes float32 matrix products C = A B or C += A B with 256-bit vectors. A tile keeps its sums in the 16 vector registers. Each sum runs
/// over the inner size in order, regardless of the tile's height. On a core with AVX2, the speed is near the peak of multiplications and additions.
/// </summary>
internal static unsafe class Float32Tiles
{
    /// <summary>The number of columns of a tile: two vectors.</summary>
    public const int Columns = 16;

    /// <summary>
    /// The number of inner elements that are processed for all rows before the next ones. For 64 columns of B, these elements (128 KB) stay in a
    /// second-level cache of 256 KB.
    /// </summary>
    private const int Inner = 512;

    /// <summary>
    /// The number of rows of B that a tile of 6 rows prefetches ahead. The processor does not predict accesses to cache lines that are far apart.
    /// </summary>
    private const int Ahead = 12;

    /// <summary>Gets whether the processor has the instructions that the tiles are made for. On others, the results are correct but slow.</summary>
    public static bool AreFast => Fma.IsSupported && Avx2.IsSupported;

    /// <summary>
    /// Returns the number of rows of the next tile when <paramref name="left"/> rows are left. 8 rows are divided into 4 and 4. A tile of 6 would leave
    /// two rows for the slowest tile, which has one row.
    /// </summary>
    public static int RowsOfNext(int left) => left switch { >= 6 and not 8 => 6, >= 4 => 4, _ => 1 };

    /// <summary>Computes C = A B, or C += A B if <paramref name="add"/>. A is [M, K], B is [K, N] and C is [M, N].</summary>
    /// <param name="M">The number of rows of A and C.</param>
    /// <param name="N">The number of columns of B and C, a multiple of 16.</param>
    /// <param name="K">The number of columns of A and rows of B.</param>
    /// <param name="a">The matrix A.</param>
    /// <param name="lda">The distance between rows of A, in elements.</param>
    /// <param name="b">The matrix B.</param>
    /// <param name="ldb">The distance between rows of B, in elements.</param>
    /// <param name="c">The matrix C.</param>
    /// <param name="ldc">The distance between rows of C, in elements.</param>
    /// <param name="add">True to add to C; false to overwrite it.</param>
    public static void Multiply(int M, int N, int K, float* a, long lda, float* b, long ldb, float* c, long ldc, bool add)
    {
        for (int inner = 0; inner < K; inner += Inner)
        {
            for (int row = 0, rows; row < M; row += rows)
            {
                rows = RowsOfNext(M - row);
                for (int column = 0; column < N; column += Columns)
                    Tile(rows, Math.Min(Inner, K - inner), a + row * lda + inner, lda, b + inner * ldb + column, ldb, c + row * ldc + column, ldc, add || inner > 0);
            }
        }
    }

    /// <summary>Computes a tile of 16 columns of the same product, with as many rows as <see cref="RowsOfNext"/> returns: 6, 4 or 1.</summary>
    public static void Tile(int rows, int K, float* a, long lda, float* b, long ldb, float* c, long ldc, bool add)
    {
        if (rows == 6)
            Tile6(K, a, lda, b, ldb, c, ldc, add);
        else if (rows == 4)
            Tile4(K, a, lda, b, ldb, c, ldc, add, b, 0);
        else
            Tile1(K, a, b, ldb, c, add);
    }

    /// <summary>Computes 6 rows. 12 sums, two vectors of B and one of A take 15 of the 16 registers.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void Tile6(int K, float* a, long lda, float* b, long ldb, float* c, long ldc, bool add)
    {
        float* a1 = a + lda, a2 = a1 + lda, a3 = a2 + lda, a4 = a3 + lda, a5 = a4 + lda;
        Vector256<float> c0 = default, d0 = default, c1 = default, d1 = default, c2 = default, d2 = default;
        Vector256<float> c3 = default, d3 = default, c4 = default, d4 = default, c5 = default, d5 = default;
        for (int k = 0; k < K; k++, b += ldb)
        {
            Prefetch.Line(b + Ahead * ldb);
            Vector256<float> low = Vector256.Load(b), high = Vector256.Load(b + 8);
            Vector256<float> v = Vector256.Create(a[k]);
            c0 = Vector256.FusedMultiplyAdd(v, low, c0);
            d0 = Vector256.FusedMultiplyAdd(v, high, d0);
            v = Vector256.Create(a1[k]);
            c1 = Vector256.FusedMultiplyAdd(v, low, c1);
            d1 = Vector256.FusedMultiplyAdd(v, high, d1);
            v = Vector256.Create(a2[k]);
            c2 = Vector256.FusedMultiplyAdd(v, low, c2);
            d2 = Vector256.FusedMultiplyAdd(v, high, d2);
            v = Vector256.Create(a3[k]);
            c3 = Vector256.FusedMultiplyAdd(v, low, c3);
            d3 = Vector256.FusedMultiplyAdd(v, high, d3);
            v = Vector256.Create(a4[k]);
            c4 = Vector256.FusedMultiplyAdd(v, low, c4);
            d4 = Vector256.FusedMultiplyAdd(v, high, d4);
            v = Vector256.Create(a5[k]);
            c5 = Vector256.FusedMultiplyAdd(v, low, c5);
            d5 = Vector256.FusedMultiplyAdd(v, high, d5);
        }

        Put(c, add, c0, d0);
        Put(c + ldc, add, c1, d1);
        Put(c + 2 * ldc, add, c2, d2);
        Put(c + 3 * ldc, add, c3, d3);
        Put(c + 4 * ldc, add, c4, d4);
        Put(c + 5 * ldc, add, c5, d5);
    }

    /// <summary>
    /// Computes 4 rows. For each row of B, it also prefetches one cache line at <paramref name="next"/> and then moves that address by
    /// <paramref name="nextStep"/> bytes.
    /// </summary>
    [MethodImpl(Compiled.Apart)]
    public static void Tile4(int K, float* a, long lda, float* b, long ldb, float* c, long ldc, bool add, void* next, int nextStep)
    {
        float* a1 = a + lda, a2 = a1 + lda, a3 = a2 + lda;
        Vector256<float> c0 = default, d0 = default, c1 = default, d1 = default, c2 = default, d2 = default, c3 = default, d3 = default;
        byte* ahead = (byte*)next;
        for (int k = 0; k < K; k++, b += ldb, ahead += nextStep)
        {
            Prefetch.Line(ahead);
            Vector256<float> low = Vector256.Load(b), high = Vector256.Load(b + 8);
            Vector256<float> v = Vector256.Create(a[k]);
            c0 = Vector256.FusedMultiplyAdd(v, low, c0);
            d0 = Vector256.FusedMultiplyAdd(v, high, d0);
            v = Vector256.Create(a1[k]);
            c1 = Vector256.FusedMultiplyAdd(v, low, c1);
            d1 = Vector256.FusedMultiplyAdd(v, high, d1);
            v = Vector256.Create(a2[k]);
            c2 = Vector256.FusedMultiplyAdd(v, low, c2);
            d2 = Vector256.FusedMultiplyAdd(v, high, d2);
            v = Vector256.Create(a3[k]);
            c3 = Vector256.FusedMultiplyAdd(v, low, c3);
            d3 = Vector256.FusedMultiplyAdd(v, high, d3);
        }

        Put(c, add, c0, d0);
        Put(c + ldc, add, c1, d1);
        Put(c + 2 * ldc, add, c2, d2);
        Put(c + 3 * ldc, add, c3, d3);
    }

    /// <summary>Computes one row, for the rows that are left.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void Tile1(int K, float* a, float* b, long ldb, float* c, bool add)
    {
        Vector256<float> low = default, high = default;
        for (int k = 0; k < K; k++, b += ldb)
        {
            Vector256<float> v = Vector256.Create(a[k]);
            low = Vector256.FusedMultiplyAdd(v, Vector256.Load(b), low);
            high = Vector256.FusedMultiplyAdd(v, Vector256.Load(b + 8), high);
        }

        Put(c, add, low, high);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Put(float* c, bool add, Vector256<float> low, Vector256<float> high)
    {
        (add ? low + Vector256.Load(c) : low).Store(c);
        (add ? high + Vector256.Load(c + 8) : high).Store(c + 8);
    }
}
