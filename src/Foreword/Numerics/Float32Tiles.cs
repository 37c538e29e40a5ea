using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Numerics;

// M rows, N columns, K inner size. The register tiles are spelt out, one local a register, because the JIT keeps locals in registers and arrays not.

/// <summary>
/// Float32 products in vectors of 256 bits, the sums of a tile in 16 registers: C (+)= A B, every sum one after the other over the inner
/// size, whatever the tile. On a core with AVX2 they come near what it can multiply and add at best.
/// </summary>
internal static unsafe class Float32Tiles
{
    /// <summary>Columns of a tile: two vectors.</summary>
    public const int Columns = 16;

    /// <summary>Inner elements that go by before all rows have: so many of 64 columns of B stay in a second-level cache of 256 KB.</summary>
    private const int Inner = 512;

    /// <summary>How many rows of B a tile of 6 asks for ahead: lines that lie apart are not foreseen by the processor.</summary>
    private const int Ahead = 12;

    /// <summary>Whether the processor has what the tiles are made for; elsewhere they are right, not fast.</summary>
    public static bool AreFast => Fma.IsSupported && Avx2.IsSupported;

    /// <summary>Rows of the next tile where so many are left. 8 are 4 and 4: 6 would leave two for the slowest tile.</summary>
    public static int RowsOfNext(int left) => left switch { >= 6 and not 8 => 6, >= 4 => 4, _ => 1 };

    /// <summary>C [M, N] = A [M, K] B [K, N], or += with <paramref name="add"/>.</summary>
    /// <param name="M">Rows of A and C.</param>
    /// <param name="N">Columns of B and C, a multiple of 16.</param>
    /// <param name="K">Columns of A, rows of B.</param>
    /// <param name="a">A.</param>
    /// <param name="lda">Elements from row to row of A.</param>
    /// <param name="b">B.</param>
    /// <param name="ldb">Elements from row to row of B.</param>
    /// <param name="c">C.</param>
    /// <param name="ldc">Elements from row to row of C.</param>
    /// <param name="add">Adds to C instead of overwriting it.</param>
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

    /// <summary>The same of 16 columns and as many rows as <see cref="RowsOfNext"/> says: 6, 4 or 1.</summary>
    public static void Tile(int rows, int K, float* a, long lda, float* b, long ldb, float* c, long ldc, bool add)
    {
        if (rows == 6)
            Tile6(K, a, lda, b, ldb, c, ldc, add);
        else if (rows == 4)
            Tile4(K, a, lda, b, ldb, c, ldc, add, b, 0);
        else
            Tile1(K, a, b, ldb, c, add);
    }

    /// <summary>6 rows: 12 sums, two vectors of B and one of A are all but one of the 16 registers.</summary>
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

    /// <summary>4 rows; each row of B asks for another <paramref name="nextStep"/> bytes of what is read next.</summary>
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

    /// <summary>One row, for what is left.</summary>
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
