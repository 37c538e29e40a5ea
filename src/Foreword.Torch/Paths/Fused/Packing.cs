using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

/// <summary>
/// Moves matrices into the layouts that the micro-kernels read. A word is 32 bits: two bfloat16 numbers of consecutive rows of B, or one float32. All
/// work is done in blocks of 16 words by 16. The code uses AVX-512F (and AVX-512BW for bfloat16). Without AVX-512 there is only float32, whose elements
/// are words already; <see cref="Transposition"/> then transposes them with AVX2.
/// </summary>
internal static unsafe class Packing<T> where T : unmanaged, IElement<T>
{
    private const int Lanes = 16;

    /// <summary>
    /// Gets the number of rows that <see cref="Transpose"/> and of columns that <see cref="PackTransposed"/> process at a time: 32 for bfloat16, 16 for
    /// float32.
    /// </summary>
    public static int Strip => Lanes * T.PerWord;

    /// <summary>Packs B = source: [rows, columns] -> [rows / PerWord][ldb] words.</summary>
    /// <param name="source">The first element.</param>
    /// <param name="stride">Elements from row to row.</param>
    /// <param name="rows">Number of rows, a multiple of PerWord.</param>
    /// <param name="columns">Number of columns, a multiple of 16.</param>
    /// <param name="destination">Receives the words.</param>
    /// <param name="ldb">Words from one row of words to the next.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void PackRows(T* source, long stride, int rows, int columns, T* destination, long ldb)
    {
        uint* words = (uint*)destination;
        for (int row = 0; row < rows; row += T.PerWord, source += T.PerWord * stride, words += ldb)
        {
            for (int column = 0; column < columns; column += Lanes)
                T.LoadWords(source + column, stride).Store(words + column);
        }
    }

    /// <summary>
    /// Packs B = sourceᵀ: [rows, columns] -> [columns / PerWord][ldb] words. The first <paramref name="rows"/> words of each row are written.
    /// </summary>
    /// <param name="source">The first element.</param>
    /// <param name="stride">Elements from row to row, an even number.</param>
    /// <param name="rows">Number of rows, a multiple of 16.</param>
    /// <param name="columns">Number of columns, a multiple of <see cref="Strip"/>.</param>
    /// <param name="destination">Receives the words.</param>
    /// <param name="ldb">Words from one row of words to the next.</param>
    public static void PackTransposed(T* source, long stride, int rows, int columns, T* destination, long ldb)
    {
        long wordStride = stride / T.PerWord;
        for (int column = 0; column < columns / T.PerWord; column += Lanes)
        {
            for (int row = 0; row < rows; row += Lanes)
                TransposeWords((uint*)source + row * wordStride + column, wordStride, (uint*)destination + column * ldb + row, ldb);
        }
    }

    /// <summary>Rounds float32 rows and packs them like <see cref="PackRows"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void RoundRows(float* source, long stride, int rows, int columns, T* destination, long ldb)
    {
        uint* words = (uint*)destination;
        for (int row = 0; row < rows; row += T.PerWord, source += T.PerWord * stride, words += ldb)
        {
            for (int column = 0; column < columns; column += Lanes)
                T.RoundRows(source + column, stride).Store(words + column);
        }
    }

    /// <summary>Rounds a float32 matrix and packs it like <see cref="PackTransposed"/>.</summary>
    public static void RoundTransposed(float* source, long stride, int rows, int columns, T* destination, long ldb)
    {
        for (int column = 0; column < columns / T.PerWord; column += Lanes)
        {
            for (int row = 0; row < rows; row += Lanes)
                RoundTransposedWords(source + row * stride + column * T.PerWord, stride, (uint*)destination + column * ldb + row, ldb);
        }
    }

    /// <summary>Writes A = sourceᵀ: [rows, columns] -> [columns, rows].</summary>
    /// <param name="source">The first element.</param>
    /// <param name="stride">Elements from row to row.</param>
    /// <param name="rows">Number of rows, a multiple of <see cref="Strip"/>.</param>
    /// <param name="columns">Number of columns, a multiple of 16.</param>
    /// <param name="destination">Receives the elements.</param>
    /// <param name="lda">Elements from row to row of the destination, an even number.</param>
    public static void Transpose(T* source, long stride, int rows, int columns, T* destination, long lda)
    {
        for (int row = 0; row < rows; row += Strip)
        {
            for (int column = 0; column < columns; column += Lanes)
                TransposeStrip(source + row * stride + column, stride, (uint*)(destination + column * lda + row), lda / T.PerWord);
        }
    }

    /// <summary>Transposes rows of 16 words: [16 PerWord, 16] elements -> [16, 16] words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransposeStrip(T* source, long stride, uint* destination, long wordStride)
    {
        if (!Avx512F.IsSupported)
        {
            Transposition.Of16((uint*)source, stride, destination, wordStride);
            return;
        }

        long step = T.PerWord * stride;
        Quad a = Quad.Of(T.LoadWords(source, stride), T.LoadWords(source + step, stride), T.LoadWords(source + 2 * step, stride), T.LoadWords(source + 3 * step, stride));
        source += 4 * step;
        Quad b = Quad.Of(T.LoadWords(source, stride), T.LoadWords(source + step, stride), T.LoadWords(source + 2 * step, stride), T.LoadWords(source + 3 * step, stride));
        source += 4 * step;
        Quad c = Quad.Of(T.LoadWords(source, stride), T.LoadWords(source + step, stride), T.LoadWords(source + 2 * step, stride), T.LoadWords(source + 3 * step, stride));
        source += 4 * step;
        Quad d = Quad.Of(T.LoadWords(source, stride), T.LoadWords(source + step, stride), T.LoadWords(source + 2 * step, stride), T.LoadWords(source + 3 * step, stride));
        StoreTransposed(a, b, c, d, destination, wordStride);
    }

    /// <summary>Transposes [16, 16] words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void TransposeWords(uint* source, long stride, uint* destination, long wordStride)
    {
        if (!Avx512F.IsSupported)
        {
            Transposition.Of16(source, stride, destination, wordStride);
            return;
        }

        Quad a = Quad.Of(Vector512.Load(source), Vector512.Load(source + stride), Vector512.Load(source + 2 * stride), Vector512.Load(source + 3 * stride));
        source += 4 * stride;
        Quad b = Quad.Of(Vector512.Load(source), Vector512.Load(source + stride), Vector512.Load(source + 2 * stride), Vector512.Load(source + 3 * stride));
        source += 4 * stride;
        Quad c = Quad.Of(Vector512.Load(source), Vector512.Load(source + stride), Vector512.Load(source + 2 * stride), Vector512.Load(source + 3 * stride));
        source += 4 * stride;
        Quad d = Quad.Of(Vector512.Load(source), Vector512.Load(source + stride), Vector512.Load(source + 2 * stride), Vector512.Load(source + 3 * stride));
        StoreTransposed(a, b, c, d, destination, wordStride);
    }

    /// <summary>Rounds and transposes [16, 16 PerWord] floats -> [16, 16] words.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void RoundTransposedWords(float* source, long stride, uint* destination, long wordStride)
    {
        if (!Avx512F.IsSupported)
        {
            Transposition.Of16((uint*)source, stride, destination, wordStride);
            return;
        }

        Quad a = Quad.Of(T.RoundRow(source), T.RoundRow(source + stride), T.RoundRow(source + 2 * stride), T.RoundRow(source + 3 * stride));
        source += 4 * stride;
        Quad b = Quad.Of(T.RoundRow(source), T.RoundRow(source + stride), T.RoundRow(source + 2 * stride), T.RoundRow(source + 3 * stride));
        source += 4 * stride;
        Quad c = Quad.Of(T.RoundRow(source), T.RoundRow(source + stride), T.RoundRow(source + 2 * stride), T.RoundRow(source + 3 * stride));
        source += 4 * stride;
        Quad d = Quad.Of(T.RoundRow(source), T.RoundRow(source + stride), T.RoundRow(source + 2 * stride), T.RoundRow(source + 3 * stride));
        StoreTransposed(a, b, c, d, destination, wordStride);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreTransposed(Quad a, Quad b, Quad c, Quad d, uint* destination, long stride)
    {
        StoreColumns(a.First, b.First, c.First, d.First, destination, 4 * stride);
        StoreColumns(a.Second, b.Second, c.Second, d.Second, destination + stride, 4 * stride);
        StoreColumns(a.Third, b.Third, c.Third, d.Third, destination + 2 * stride, 4 * stride);
        StoreColumns(a.Fourth, b.Fourth, c.Fourth, d.Fourth, destination + 3 * stride, 4 * stride);
    }

    /// <summary>Stores four columns that are 4 apart. Their parts are in the 128-bit lanes of four vectors, so this is a transposition of lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreColumns(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, uint* destination, long stride)
    {
        const byte Even = 0x88, Odd = 0xdd; // lanes 0 and 2, or 1 and 3, of both vectors
        Vector512<uint> evenAb = Avx512F.Shuffle4x128(a, b, Even), oddAb = Avx512F.Shuffle4x128(a, b, Odd);
        Vector512<uint> evenCd = Avx512F.Shuffle4x128(c, d, Even), oddCd = Avx512F.Shuffle4x128(c, d, Odd);
        Avx512F.Shuffle4x128(evenAb, evenCd, Even).Store(destination);
        Avx512F.Shuffle4x128(oddAb, oddCd, Even).Store(destination + stride);
        Avx512F.Shuffle4x128(evenAb, evenCd, Odd).Store(destination + 2 * stride);
        Avx512F.Shuffle4x128(oddAb, oddCd, Odd).Store(destination + 3 * stride);
    }

    /// <summary>
    /// A group of four rows, transposed within each 128-bit lane. Vector i holds the four rows of columns i, 4 + i, 8 + i and 12 + i.
    /// </summary>
    private readonly struct Quad
    {
        public readonly Vector512<uint> First, Second, Third, Fourth;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        private Quad(Vector512<ulong> first, Vector512<ulong> second, Vector512<ulong> third, Vector512<ulong> fourth) =>
            (First, Second, Third, Fourth) = (first.AsUInt32(), second.AsUInt32(), third.AsUInt32(), fourth.AsUInt32());

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Quad Of(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d)
        {
            Vector512<ulong> lowAb = Avx512F.UnpackLow(a, b).AsUInt64(), highAb = Avx512F.UnpackHigh(a, b).AsUInt64();
            Vector512<ulong> lowCd = Avx512F.UnpackLow(c, d).AsUInt64(), highCd = Avx512F.UnpackHigh(c, d).AsUInt64();
            return new Quad(
                Avx512F.UnpackLow(lowAb, lowCd), Avx512F.UnpackHigh(lowAb, lowCd),
                Avx512F.UnpackLow(highAb, highCd), Avx512F.UnpackHigh(highAb, highCd));
        }
    }
}
