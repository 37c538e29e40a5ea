using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

/// <summary>
/// Moves matrices into the orders that the micro-kernels read. A word is 32 bits: two bfloat16 of neighbouring rows of B, or one float32.
/// Everything goes in blocks of 16 words by 16. Without AVX-512 there are only float32's, which are words already.
/// </summary>
internal static unsafe class Packing<T> where T : unmanaged, IElement<T>
{
    private const int Lanes = 16;

    /// <summary>Rows that <see cref="Transpose"/> and columns that <see cref="PackTransposed"/> take at a time: 32 or 16.</summary>
    public static int Strip => Lanes * T.PerWord;

    /// <summary>B = source: [rows, columns] -> [rows / PerWord][ldb] words.</summary>
    /// <param name="source">First element.</param>
    /// <param name="stride">Elements from row to row.</param>
    /// <param name="rows">A multiple of PerWord.</param>
    /// <param name="columns">A multiple of 16.</param>
    /// <param name="destination">First word.</param>
    /// <param name="ldb">Words from row of words to row of words.</param>
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

    /// <summary>B = sourceᵀ: [rows, columns] -> [columns / PerWord][ldb] words, of which the first <paramref name="rows"/> are written.</summary>
    /// <param name="source">First element.</param>
    /// <param name="stride">Elements from row to row, even.</param>
    /// <param name="rows">A multiple of 16.</param>
    /// <param name="columns">A multiple of <see cref="Strip"/>.</param>
    /// <param name="destination">First word.</param>
    /// <param name="ldb">Words from row of words to row of words.</param>
    public static void PackTransposed(T* source, long stride, int rows, int columns, T* destination, long ldb)
    {
        long wordStride = stride / T.PerWord;
        for (int column = 0; column < columns / T.PerWord; column += Lanes)
        {
            for (int row = 0; row < rows; row += Lanes)
                TransposeWords((uint*)source + row * wordStride + column, wordStride, (uint*)destination + column * ldb + row, ldb);
        }
    }

    /// <summary><see cref="PackRows"/> of float32, rounded.</summary>
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

    /// <summary><see cref="PackTransposed"/> of float32, rounded.</summary>
    public static void RoundTransposed(float* source, long stride, int rows, int columns, T* destination, long ldb)
    {
        for (int column = 0; column < columns / T.PerWord; column += Lanes)
        {
            for (int row = 0; row < rows; row += Lanes)
                RoundTransposedWords(source + row * stride + column * T.PerWord, stride, (uint*)destination + column * ldb + row, ldb);
        }
    }

    /// <summary>A = sourceᵀ: [rows, columns] -> [columns, rows].</summary>
    /// <param name="source">First element.</param>
    /// <param name="stride">Elements from row to row.</param>
    /// <param name="rows">A multiple of <see cref="Strip"/>.</param>
    /// <param name="columns">A multiple of 16.</param>
    /// <param name="destination">First element.</param>
    /// <param name="lda">Elements from row to row there, even.</param>
    public static void Transpose(T* source, long stride, int rows, int columns, T* destination, long lda)
    {
        for (int row = 0; row < rows; row += Strip)
        {
            for (int column = 0; column < columns; column += Lanes)
                TransposeStrip(source + row * stride + column, stride, (uint*)(destination + column * lda + row), lda / T.PerWord);
        }
    }

    /// <summary>[16 words' rows, 16] -> [16, 16 words].</summary>
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

    /// <summary>[16, 16] words -> its transpose.</summary>
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

    /// <summary>[16, 16 words' columns] -> [16, 16] words.</summary>
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

    /// <summary>Stores four columns 4 apart, whose parts lie in the 128-bit lanes of four vectors: a transposition of lanes.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void StoreColumns(Vector512<uint> a, Vector512<uint> b, Vector512<uint> c, Vector512<uint> d, uint* destination, long stride)
    {
        const byte Even = 0x88, Odd = 0xdd; // lanes 0 and 2, or 1 and 3, of both
        Vector512<uint> evenAb = Avx512F.Shuffle4x128(a, b, Even), oddAb = Avx512F.Shuffle4x128(a, b, Odd);
        Vector512<uint> evenCd = Avx512F.Shuffle4x128(c, d, Even), oddCd = Avx512F.Shuffle4x128(c, d, Odd);
        Avx512F.Shuffle4x128(evenAb, evenCd, Even).Store(destination);
        Avx512F.Shuffle4x128(oddAb, oddCd, Even).Store(destination + stride);
        Avx512F.Shuffle4x128(evenAb, evenCd, Odd).Store(destination + 2 * stride);
        Avx512F.Shuffle4x128(oddAb, oddCd, Odd).Store(destination + 3 * stride);
    }

    /// <summary>Four rows transposed inside each 128-bit lane: vector i holds columns i, 4 + i, 8 + i and 12 + i, four rows of each.</summary>
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
