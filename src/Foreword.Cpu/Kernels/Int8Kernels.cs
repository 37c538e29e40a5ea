using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Foreword.Cpu.Kernels.MachineCode;
using Foreword.Numerics;

namespace Foreword.Cpu.Kernels;

// Quantized weights are stored in panels of 16 outputs, [K / 4][16][4] unsigned bytes. A weight is (byte - zero) * scale. Every output and block of
// inputs has a scale, bfloat16 [K / block][16].
// Inputs are signed bytes. A row consists of its bytes and then, for each block, the scale (float32) and the correction for the weights' zero, -zero *
// (sum of the block's bytes) (int32).
// The tiles of 4 rows are for 8-bit weights only, because 4-bit weights are unpacked to bytes first. Int4Kernels and VnniKernels have other formats and
// other instructions, so they are code of their own.
// Two 4-bit weights share a byte, [K / 8][16][4]: the low half belongs to the first four inputs, the high half to the next four.

/// <summary>
/// Multiplies rows of bytes with panels of 8-bit and 4-bit weights; the sums are exact within a block of inputs. Products use <see cref="Dot"/> and run
/// on every processor: AVX-VNNI, AVX2, Arm dot products or plain vectors. <see cref="MultiplyWideRows8"/> needs AVX2; it is used where neither AVX-VNNI
/// nor <see cref="VnniKernels"/> is available.
/// </summary>
internal static unsafe class Int8Kernels
{
    /// <summary>Number of inputs whose products are summed in one 32-bit lane.</summary>
    public const int Quad = 4;

    /// <summary>Number of bytes that a row holds for each block after all values: scale and correction.</summary>
    public const int BlockTail = 8;

    /// <summary>Prefetch distance in bytes of the one-row kernels. Near the end of a panel, the next panel is prefetched.</summary>
    public const int Ahead = 4096;

    private const int Panel = FloatKernels.Panel;

    /// <summary>Writes a row in the format that the products read. Inputs after K, up to whole blocks, are 0.</summary>
    /// <param name="x">The row, K floats.</param>
    /// <param name="K">Number of inputs.</param>
    /// <param name="block">Number of inputs of a block, a multiple of 32.</param>
    /// <param name="zero">The byte that represents the weight 0.</param>
    /// <param name="encoded">Receives blocks * (block + 8) bytes.</param>
    [MethodImpl(Compiled.Apart)]
    public static void Encode(float* x, int K, int block, int zero, sbyte* encoded)
    {
        int blocks = (K + block - 1) / block;
        byte* tail = (byte*)encoded + blocks * block;
        for (int b = 0; b < blocks; b++, x += block, encoded += block, tail += BlockTail)
        {
            int count = Math.Min(block, K - b * block), i = 0;
            Vector512<int> magnitudes = default;
            for (; i + Vector512<int>.Count <= count; i += Vector512<int>.Count)
                magnitudes = Vector512.Max(magnitudes, Vector512.Load((int*)(x + i)) & Vector512.Create(int.MaxValue));
            int most = Most(magnitudes);
            for (; i < count; i++)
                most = Math.Max(most, ((int*)x)[i] & int.MaxValue);

            float largest = BitConverter.Int32BitsToSingle(most), inverse = largest > 0 ? 127 / largest : 0;
            Vector512<int> sums = default;
            int sum = 0;
            for (i = 0; i + Vector512<int>.Count <= count; i += Vector512<int>.Count)
            {
                Vector512<int> values = Vector512.ConvertToInt32Native(Vector512.Round(Vector512.Load(x + i) * inverse));
                sums += values;
                Bytes(values).Store(encoded + i);
            }

            for (; i < count; i++)
                sum += encoded[i] = (sbyte)MathF.Round(x[i] * inverse);
            for (; i < block; i++)
                encoded[i] = 0;
            *(float*)tail = largest / 127;
            *(int*)(tail + 4) = -zero * (sum + Vector512.Sum(sums));
        }
    }

    /// <summary>
    /// Returns the largest of 16 magnitudes, as bits. Bits of floats that are not negative have the same order as the floats, with NaN above all
    /// others, and integers have a single instruction for the maximum.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Most(Vector512<int> magnitudes)
    {
        Vector256<int> eight = Vector256.Max(magnitudes.GetLower(), magnitudes.GetUpper());
        Vector128<int> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        four = Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(2, 3, 0, 1)));
        return Vector128.Max(four, Vector128.Shuffle(four, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    /// <summary>Converts 16 numbers that fit a signed byte.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<sbyte> Bytes(Vector512<int> values)
    {
        if (Avx512F.IsSupported)
            return Avx512F.ConvertToVector128SByte(values);
        (Vector256<int> low, Vector256<int> high) = (values.GetLower(), values.GetUpper());
        return Vector128.Narrow(Vector128.Narrow(low.GetLower(), low.GetUpper()), Vector128.Narrow(high.GetLower(), high.GetUpper()));
    }

    /// <summary>Returns the number of bytes that <see cref="Widen"/> adds to a row.</summary>
    /// <param name="values">Number of inputs of the row, in whole blocks.</param>
    public static int WideBytes(int values) => 2 * values;

    /// <summary>
    /// Writes a row's inputs in 16 bits, in addition to the output of <see cref="Encode"/>: first the even inputs of all quads, then the odd ones.
    /// </summary>
    /// <param name="values">Number of inputs, a multiple of 32.</param>
    /// <param name="encoded">The row's bytes.</param>
    /// <param name="wide">Receives <see cref="WideBytes"/> bytes.</param>
    [MethodImpl(Compiled.Apart)]
    public static void Widen(int values, byte* encoded, byte* wide)
    {
        for (int i = 0; i < values; i += Vector256<byte>.Count)
        {
            Vector256<short> pairs = Vector256.Load((short*)(encoded + i));
            ((pairs << 8) >> 8).Store((short*)(wide + i));
            (pairs >> 8).Store((short*)(wide + values + i));
        }
    }

    /// <summary>Computes y[16 panels] = x W with 8-bit weights and blocks of 4 <paramref name="quads"/> inputs. The panels are read once.</summary>
    public static void MultiplyRow8(int blocks, int quads, byte* x, byte* w, ushort* scales, int panels, float* y)
    {
        for (int panel = 0; panel < panels; panel++, y += Panel, w += (long)blocks * quads * Quad * Panel, scales += (long)blocks * Panel)
            RowTimesPanel<ByteWeights>(blocks, quads, x, w, scales, y);
    }

    /// <summary>Computes y[16 panels] = x W with 4-bit weights and blocks of 4 <paramref name="quads"/> inputs.</summary>
    public static void MultiplyRow4(int blocks, int quads, byte* x, byte* w, ushort* scales, int panels, float* y)
    {
        for (int panel = 0; panel < panels; panel++, y += Panel, w += (long)blocks * quads * Quad / 2 * Panel, scales += (long)blocks * Panel)
        {
            if (Int4Kernels.CanMultiply(quads))
                Int4Kernels.RowTimesPanel(blocks, x, w, scales, y);
            else
                RowTimesPanel<NibbleWeights>(blocks, quads, x, w, scales, y);
        }
    }

    /// <summary>Computes Y[rows, 16] = X[rows, K] W of one panel with 8-bit weights.</summary>
    /// <param name="rows">Number of rows, a multiple of 8.</param>
    /// <param name="blocks">Number of blocks of inputs.</param>
    /// <param name="quads">Number of inputs of a block / 4.</param>
    /// <param name="x">The encoded rows.</param>
    /// <param name="xStride">Bytes from row to row of X.</param>
    /// <param name="w">The panel.</param>
    /// <param name="scales">The panel's scales.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="yStride">Elements from row to row of Y.</param>
    /// <param name="next">Memory of the panel's size that will be read next. The first rows prefetch it.</param>
    public static void MultiplyRows8(int rows, int blocks, int quads, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next) =>
        MultiplyBytes(rows, blocks, quads, x, xStride, w, scales, y, yStride, next, 4 * Panel);

    /// <summary>
    /// Computes the same product from rows that <see cref="Widen"/> has widened. AVX2's exact product takes 16-bit numbers. Widening an input takes as
    /// long as multiplying it, and would be repeated for every panel.
    /// </summary>
    public static void MultiplyWideRows8(int rows, int blocks, int quads, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next)
    {
        int step = 2 * Panel; // bytes to prefetch for every 4 inputs
        for (int row = 0; row < rows; row += 4, next += (long)blocks * quads * step, step = row < 8 ? step : 0)
            WideTile4x16(blocks, quads, x + (long)row * xStride, xStride, w, scales, y + (long)row * yStride, yStride, next, step);
    }

    /// <summary>Computes the same product with 4-bit weights. <paramref name="scratch"/> has room for the panel in bytes, [K / 4][16][4].</summary>
    public static void MultiplyRows4(int rows, int blocks, int quads, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next, byte* scratch)
    {
        if (Int4Kernels.CanMultiply(quads))
        {
            Int4Kernels.MultiplyRows(rows, blocks, x, xStride, w, scales, y, yStride, next);
            return;
        }

        Spread(w, blocks * quads / 2, scratch);
        MultiplyBytes(rows, blocks, quads, x, xStride, scratch, scales, y, yStride, next, 2 * Panel);
    }

    /// <summary>
    /// Multiplies rows with a panel of bytes. For every 8 inputs, the next <paramref name="nextStep"/> bytes of <paramref name="next"/> are prefetched.
    /// The two tiles of the first eight rows prefetch all of it.
    /// </summary>
    private static void MultiplyBytes(int rows, int blocks, int quads, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next, int nextStep)
    {
        for (int row = 0; row < rows; row += 4, next += (long)blocks * quads / 2 * nextStep, nextStep = row < 8 ? nextStep : 0)
            Tile4x16(blocks, quads, x + (long)row * xStride, xStride, w, scales, y + (long)row * yStride, yStride, next, nextStep);
    }

    /// <summary>Unpacks a panel of 4-bit weights to bytes, in the order of 8-bit weights.</summary>
    /// <param name="w">The weights, [K / 8][16][4], two per byte.</param>
    /// <param name="pairs">K / 8.</param>
    /// <param name="bytes">Receives [K / 4][16][4].</param>
    [MethodImpl(Compiled.Apart)]
    private static void Spread(byte* w, int pairs, byte* bytes)
    {
        Vector256<byte> mask = Vector256.Create((byte)0x0f);
        for (int i = 0; i < pairs; i++, w += 64, bytes += 128)
        {
            Vector256<byte> low = Vector256.Load(w), high = Vector256.Load(w + 32);
            (low & mask).Store(bytes);
            (high & mask).Store(bytes + 32);
            ((low.AsUInt16() >>> 4).AsByte() & mask).Store(bytes + 64);
            ((high.AsUInt16() >>> 4).AsByte() & mask).Store(bytes + 96);
        }
    }

    /// <summary>Computes y[16] = x W of one panel. One source for both formats; see <see cref="PanelTiles{W}"/>.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void RowTimesPanel<W>(int blocks, int quads, byte* x, byte* w, ushort* scales, float* y) where W : struct, IByteWeights
    {
        byte* tail = x + blocks * quads * Quad;
        Vector256<float> f = default, g = default;
        for (int block = 0; block < blocks; block++, scales += Panel, tail += BlockTail)
        {
            Vector256<int> a = Vector256.Create(*(int*)(tail + 4)), b = a, c = default, d = default;
            for (int i = 0; i < quads; i += 2, x += 2 * Quad, w += W.BytesOfTwoQuads)
            {
                W.PrefetchAfter(w);
                Vector256<sbyte> first = Vector256.Create(*(int*)x).AsSByte(), second = Vector256.Create(*(int*)(x + 4)).AsSByte();
                Vector256<byte> low = Vector256.Load(w), high = Vector256.Load(w + 32);
                a = Dot.Add(a, W.First(low), first);
                b = Dot.Add(b, W.First(high), first);
                c = Dot.Add(c, W.Second(low, w), second);
                d = Dot.Add(d, W.Second(high, w + 32), second);
            }

            (Vector256<float> s, Vector256<float> t) = BFloat16.LoadHalves(scales);
            Vector256<float> scale = Vector256.Create(*(float*)tail);
            f = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(a + c), s * scale, f);
            g = Vector256.FusedMultiplyAdd(Vector256.ConvertToSingle(b + d), t * scale, g);
        }

        f.Store(y);
        g.Store(y + 8);
    }

    /// <summary>
    /// Computes Y[4, 16] = X[4, K] W of one panel of bytes. AVX-VNNI instructions address only 16 registers, and a sum in any other register costs two
    /// moves for each product. A block's sums are therefore eight vectors of 256 bits. The sums over blocks are four vectors of 512 bits, which are in
    /// the other registers. The memory to be read next is prefetched along the way.
    /// </summary>
    [MethodImpl(Compiled.Apart)]
    private static void Tile4x16(int blocks, int quads, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next, int nextStep)
    {
        byte* x1 = x + xStride;
        byte* x2 = x1 + xStride;
        byte* x3 = x2 + xStride;
        int valueBytes = blocks * quads * Quad;
        Vector512<float> f0 = default, f1 = default, f2 = default, f3 = default;
        for (int block = 0; block < blocks; block++, scales += Panel)
        {
            int at = block * quads * Quad, end = at + quads * Quad, tail = valueBytes + block * BlockTail;
            Vector256<int> a0 = Vector256.Create(*(int*)(x + tail + 4)), b0 = a0;
            Vector256<int> a1 = Vector256.Create(*(int*)(x1 + tail + 4)), b1 = a1;
            Vector256<int> a2 = Vector256.Create(*(int*)(x2 + tail + 4)), b2 = a2;
            Vector256<int> a3 = Vector256.Create(*(int*)(x3 + tail + 4)), b3 = a3;
            for (; at < end; at += 2 * Quad, w += 2 * Quad * Panel, next += nextStep)
            {
                Prefetch.Line(next);
                Vector256<byte> low = Vector256.Load(w), high = Vector256.Load(w + 32);
                Vector256<sbyte> v = Vector256.Create(*(int*)(x + at)).AsSByte();
                a0 = Dot.Add(a0, low, v);
                b0 = Dot.Add(b0, high, v);
                v = Vector256.Create(*(int*)(x1 + at)).AsSByte();
                a1 = Dot.Add(a1, low, v);
                b1 = Dot.Add(b1, high, v);
                v = Vector256.Create(*(int*)(x2 + at)).AsSByte();
                a2 = Dot.Add(a2, low, v);
                b2 = Dot.Add(b2, high, v);
                v = Vector256.Create(*(int*)(x3 + at)).AsSByte();
                a3 = Dot.Add(a3, low, v);
                b3 = Dot.Add(b3, high, v);
                low = Vector256.Load(w + 64);
                high = Vector256.Load(w + 96);
                v = Vector256.Create(*(int*)(x + at + 4)).AsSByte();
                a0 = Dot.Add(a0, low, v);
                b0 = Dot.Add(b0, high, v);
                v = Vector256.Create(*(int*)(x1 + at + 4)).AsSByte();
                a1 = Dot.Add(a1, low, v);
                b1 = Dot.Add(b1, high, v);
                v = Vector256.Create(*(int*)(x2 + at + 4)).AsSByte();
                a2 = Dot.Add(a2, low, v);
                b2 = Dot.Add(b2, high, v);
                v = Vector256.Create(*(int*)(x3 + at + 4)).AsSByte();
                a3 = Dot.Add(a3, low, v);
                b3 = Dot.Add(b3, high, v);
            }

            Vector512<float> scale = BFloat16.Load(scales);
            f0 = AddBlock(f0, a0, b0, scale, *(float*)(x + tail));
            f1 = AddBlock(f1, a1, b1, scale, *(float*)(x1 + tail));
            f2 = AddBlock(f2, a2, b2, scale, *(float*)(x2 + tail));
            f3 = AddBlock(f3, a3, b3, scale, *(float*)(x3 + tail));
        }

        f0.Store(y);
        f1.Store(y + yStride);
        f2.Store(y + 2L * yStride);
        f3.Store(y + 3L * yStride);
    }

    /// <summary>
    /// Computes the same as <see cref="Tile4x16"/> from widened rows with AVX2. The 16 registers hold the sums, half of the bytes of four inputs'
    /// weights, and an input.
    /// </summary>
    [MethodImpl(Compiled.Apart)]
    private static void WideTile4x16(int blocks, int quads, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next, int nextStep)
    {
        byte* x1 = x + xStride;
        byte* x2 = x1 + xStride;
        byte* x3 = x2 + xStride;
        int valueBytes = blocks * quads * Quad, even = valueBytes + blocks * BlockTail;
        Vector256<ushort> mask = Vector256.Create((ushort)0xff);
        Vector512<float> f0 = default, f1 = default, f2 = default, f3 = default;
        for (int tail = valueBytes; tail < valueBytes + blocks * BlockTail; tail += BlockTail, scales += Panel)
        {
            Vector256<int> a0 = Vector256.Create(*(int*)(x + tail + 4)), b0 = a0;
            Vector256<int> a1 = Vector256.Create(*(int*)(x1 + tail + 4)), b1 = a1;
            Vector256<int> a2 = Vector256.Create(*(int*)(x2 + tail + 4)), b2 = a2;
            Vector256<int> a3 = Vector256.Create(*(int*)(x3 + tail + 4)), b3 = a3;
            for (int end = even + quads * Quad; even < end; even += Quad, w += Quad * Panel, next += nextStep)
            {
                Prefetch.Line(next);
                int odd = even + valueBytes;
                Vector256<ushort> low = Vector256.Load((ushort*)w), high = Vector256.Load((ushort*)(w + 32));
                Vector256<short> first = (low & mask).AsInt16(), second = (high & mask).AsInt16();
                AddPairs(ref a0, ref b0, first, second, x + even);
                AddPairs(ref a1, ref b1, first, second, x1 + even);
                AddPairs(ref a2, ref b2, first, second, x2 + even);
                AddPairs(ref a3, ref b3, first, second, x3 + even);
                first = (low >>> 8).AsInt16();
                second = (high >>> 8).AsInt16();
                AddPairs(ref a0, ref b0, first, second, x + odd);
                AddPairs(ref a1, ref b1, first, second, x1 + odd);
                AddPairs(ref a2, ref b2, first, second, x2 + odd);
                AddPairs(ref a3, ref b3, first, second, x3 + odd);
            }

            Vector512<float> scale = BFloat16.Load(scales);
            f0 = AddBlock(f0, a0, b0, scale, *(float*)(x + tail));
            f1 = AddBlock(f1, a1, b1, scale, *(float*)(x1 + tail));
            f2 = AddBlock(f2, a2, b2, scale, *(float*)(x2 + tail));
            f3 = AddBlock(f3, a3, b3, scale, *(float*)(x3 + tail));
        }

        f0.Store(y);
        f1.Store(y + yStride);
        f2.Store(y + 2L * yStride);
        f3.Store(y + 3L * yStride);
    }

    /// <summary>Adds the products of two 16-bit inputs with their weights for 16 outputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddPairs(ref Vector256<int> a, ref Vector256<int> b, in Vector256<short> low, in Vector256<short> high, byte* x)
    {
        Vector256<short> pair = Vector256.Create(*(int*)x).AsInt16();
        a += Avx2.MultiplyAddAdjacent(low, pair);
        b += Avx2.MultiplyAddAdjacent(high, pair);
    }

    /// <summary>Adds a block's sums, multiplied by the scales of the weights and of the input, to the sums over blocks.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> AddBlock(Vector512<float> sums, Vector256<int> low, Vector256<int> high, Vector512<float> scales, float scale) =>
        Vector512.FusedMultiplyAdd(Vector512.ConvertToSingle(Vector512.Create(low, high)), scales * Vector512.Create(scale), sums);

    /// <summary>
    /// A format of weights for <see cref="RowTimesPanel{W}"/>. A quad is four inputs, whose weights for an output are in one 32-bit lane.
    /// </summary>
    private interface IByteWeights
    {
        /// <summary>Gets the number of bytes of a panel for two quads.</summary>
        static abstract int BytesOfTwoQuads { get; }

        /// <summary>Prefetches weights after <paramref name="w"/>, if the format is read fast enough to need it.</summary>
        static abstract void PrefetchAfter(byte* w);

        /// <summary>Returns the weights of the first quad.</summary>
        static abstract Vector256<byte> First(Vector256<byte> stored);

        /// <summary>Returns the weights of the second quad.</summary>
        /// <param name="stored">The bytes that hold the first quad's weights.</param>
        /// <param name="w">The address of those bytes.</param>
        static abstract Vector256<byte> Second(Vector256<byte> stored, byte* w);
    }

    /// <summary>8-bit weights: the two quads are in different bytes.</summary>
    private readonly struct ByteWeights : IByteWeights
    {
        public static int BytesOfTwoQuads => 2 * Quad * Panel;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void PrefetchAfter(byte* w)
        {
            Prefetch.Line(w + Ahead);
            Prefetch.Line(w + Ahead + 64);
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> First(Vector256<byte> stored) => stored;

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> Second(Vector256<byte> stored, byte* w) => Vector256.Load(w + Quad * Panel);
    }

    /// <summary>4-bit weights: the two quads are the halves of the same bytes.</summary>
    private readonly struct NibbleWeights : IByteWeights
    {
        public static int BytesOfTwoQuads => Quad * Panel;

        public static void PrefetchAfter(byte* w)
        {
        }

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> First(Vector256<byte> stored) => stored & Vector256.Create((byte)0x0f);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector256<byte> Second(Vector256<byte> stored, byte* w) => (stored.AsUInt16() >>> 4).AsByte() & Vector256.Create((byte)0x0f);
    }
}
