using System.Numerics.Tensors;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Foreword.Numerics;

namespace Foreword.Cpu.Kernels;

// The upper byte of a float32 (sign and seven bits of the exponent) takes only a few values within a panel. The three bytes below it are noise. A
// packed panel is therefore a table of 16 upper bytes, repeated four times (64 bytes), and a block of 7 lines of 64 bytes for every 8 inputs. In a
// block, w0 ... w7 are the 16 weights of one input each, and a dword is a lane.
//   line 0     indices into the table. Byte q of a dword has the index of wq in its low half and the index of w(q + 4) in its high half.
//   lines 1-3  line 1 + q has the three lower bytes of wq, q = 0 ... 2, around byte q of each dword, which is spare. The spare bytes are chosen
//              so that line 1 ^ line 2 ^ line 3 has the three lower bytes of w3.
//   lines 4-6  the same for w4 ... w7.
// 7 lines replace 8 (448 bytes instead of 512), and every line is read whole and once. Exceptions are weights whose upper byte is not in the table.
// They are 0 in the blocks and are listed after the blocks. The tiles are written out: no other format unpacks eight inputs from seven lines.

/// <summary>A weight whose upper byte is not in its panel's table.</summary>
/// <param name="at">Position in the panel, k · 16 + lane.</param>
/// <param name="value">The weight.</param>
internal readonly struct PackedException(int at, float value)
{
    public readonly int At = at;
    public readonly float Value = value;

    /// <summary>Gets k, the input.</summary>
    public int Input => At / FloatKernels.Panel;

    /// <summary>Gets the output within the panel.</summary>
    public int Lane => At % FloatKernels.Panel;
}

/// <summary>
/// Packs, unpacks and multiplies float32 panels without loss, by replacing their upper bytes with indices into a table. For processors with AVX-512
/// VBMI; others store float32 panels unpacked and use <see cref="FloatKernels"/>.
/// </summary>
internal static unsafe class PackedFloatKernels
{
    /// <summary>Number of inputs of a block.</summary>
    public const int Block = 8;

    /// <summary>Number of bytes of a block.</summary>
    public const int BlockBytes = 7 * Line;

    /// <summary>Number of bytes of the table.</summary>
    public const int TableBytes = Line;

    /// <summary>Number of different upper bytes in a table. The first is 0, the upper byte of the number 0.</summary>
    public const int TableEntries = 16;

    /// <summary>Number of panels that are read side by side for one row.</summary>
    public const int Streams = 6;

    private const int Line = 64;

    /// <summary>Prefetch distance in bytes. 6 x 14 cache lines are more than can be in flight from memory.</summary>
    private const int Ahead = 14 * Line;

    /// <summary>Prefetch distance in bytes if two panels are read side by side.</summary>
    private const int AheadOfTwo = 63 * Line;

    private const uint Byte0 = 0xFF, Byte1 = 0xFF00, Byte2 = 0xFF0000, UpperByte = 0xFF000000;

    /// <summary>A ternary logic operation in which the third operand's bits choose between the first operand (0) and the second operand (1).</summary>
    private const byte Choose = 0xD8;

    private const byte Xor = 0x96;

    private static readonly Vector512<byte> Weight0 = Places(0), Weight1 = Places(1), Weight2 = Places(2);

    /// <summary>Gets whether this processor has AVX-512 VBMI.</summary>
    public static bool IsSupported => Avx512Vbmi.IsSupported;

    /// <summary>Computes y[16 panels] = x[K] W without the exceptions. The panels are read once, up to six side by side.</summary>
    /// <param name="blocks">K / 8.</param>
    /// <param name="x">The row.</param>
    /// <param name="panels">The address of each packed panel.</param>
    /// <param name="count">Number of panels.</param>
    /// <param name="y">Receives the outputs.</param>
    public static void MultiplyRow(int blocks, float* x, byte** panels, int count, float* y)
    {
        int groups = (count + Streams - 1) / Streams;
        for (int group = 0; group < groups; group++)
        {
            int first = group * count / groups;
            RowTimesPanels(blocks, x, panels + first, (group + 1) * count / groups - first, y + first * FloatKernels.Panel);
        }
    }

    /// <summary>Writes the weights of some blocks as float32; exceptions are 0.</summary>
    /// <param name="table">The panel's table.</param>
    /// <param name="block">The first block.</param>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="weights">Receives [8 blocks][16].</param>
    [MethodImpl(Compiled.Apart)]
    public static void Unpack(byte* table, byte* block, int blocks, float* weights)
    {
        Vector512<byte> uppers = Vector512.LoadAligned(table), i0 = Weight0, i1 = Weight1, i2 = Weight2, upper = Vector512.Create(UpperByte).AsByte();
        for (int b = 0; b < blocks; b++, block += BlockBytes, weights += Block * FloatKernels.Panel)
        {
            Vector512<byte> indices = Vector512.LoadAligned(block);
            UnpackFour(Uppers(indices, uppers), block + Line, i0, i1, i2, upper, weights);
            UnpackFour(Uppers(High(indices), uppers), block + 4 * Line, i0, i1, i2, upper, weights + 4 * FloatKernels.Panel);
        }
    }

    /// <summary>
    /// Adds the products of 8 rows with some blocks of two panels to sums, without the exceptions. Weights are unpacked in registers, by execution
    /// units that the multiplications leave idle.
    /// </summary>
    /// <param name="blocks">Number of blocks.</param>
    /// <param name="x">The rows; they are <paramref name="xStride"/> elements apart.</param>
    /// <param name="xStride">Elements from row to row.</param>
    /// <param name="tableA">The first panel's table.</param>
    /// <param name="blockA">The first panel's first block.</param>
    /// <param name="tableB">The second panel's table.</param>
    /// <param name="blockB">The second panel's first block.</param>
    /// <param name="sums">The sums, [8][32].</param>
    [MethodImpl(Compiled.Apart)]
    public static void AddEightRows(int blocks, float* x, int xStride, byte* tableA, byte* blockA, byte* tableB, byte* blockB, float* sums)
    {
        float* x4 = x + 4L * xStride;
        nint one = (nint)xStride * sizeof(float), two = 2 * one, three = 3 * one; // bytes from row 0 to rows 1, 2 and 3
        Vector512<byte> i0 = Weight0, i1 = Weight1, i2 = Weight2, upper = Vector512.Create(UpperByte).AsByte();
        Vector512<float> a0 = Vector512.Load(sums), b0 = Vector512.Load(sums + 16);
        Vector512<float> a1 = Vector512.Load(sums + 32), b1 = Vector512.Load(sums + 48);
        Vector512<float> a2 = Vector512.Load(sums + 64), b2 = Vector512.Load(sums + 80);
        Vector512<float> a3 = Vector512.Load(sums + 96), b3 = Vector512.Load(sums + 112);
        Vector512<float> a4 = Vector512.Load(sums + 128), b4 = Vector512.Load(sums + 144);
        Vector512<float> a5 = Vector512.Load(sums + 160), b5 = Vector512.Load(sums + 176);
        Vector512<float> a6 = Vector512.Load(sums + 192), b6 = Vector512.Load(sums + 208);
        Vector512<float> a7 = Vector512.Load(sums + 224), b7 = Vector512.Load(sums + 240);
        for (int half = 0; half < 2 * blocks; half++, x += 4, x4 += 4)
        {
            Vector512<byte> indicesA = Vector512.LoadAligned(blockA), indicesB = Vector512.LoadAligned(blockB);
            byte* linesA = blockA + Line;
            byte* linesB = blockB + Line;
            if (half % 2 == 0)
            {
                PrefetchBlock(blockA + AheadOfTwo);
                PrefetchBlock(blockB + AheadOfTwo);
            }
            else
            {
                (indicesA, indicesB) = (High(indicesA), High(indicesB));
                linesA += 3 * Line;
                linesB += 3 * Line;
                blockA += BlockBytes;
                blockB += BlockBytes;
            }

            Vector512<byte> uppersA = Uppers(indicesA, Vector512.LoadAligned(tableA)), uppersB = Uppers(indicesB, Vector512.LoadAligned(tableB));
            Vector512<byte> lineA0 = Vector512.LoadAligned(linesA), lineA1 = Vector512.LoadAligned(linesA + Line), lineA2 = Vector512.LoadAligned(linesA + 2 * Line);
            Vector512<byte> lineB0 = Vector512.LoadAligned(linesB), lineB1 = Vector512.LoadAligned(linesB + Line), lineB2 = Vector512.LoadAligned(linesB + 2 * Line);
            Vector512<float> fourthA = Fourth(lineA0, lineA1, lineA2, uppersA, upper), fourthB = Fourth(lineB0, lineB1, lineB2, uppersB, upper);
            AddInput(x, x4, one, two, three, First(lineA0, i0, uppersA), First(lineB0, i0, uppersB), ref a0, ref b0, ref a1, ref b1, ref a2, ref b2, ref a3, ref b3, ref a4, ref b4, ref a5, ref b5, ref a6, ref b6, ref a7, ref b7);
            AddInput(x + 1, x4 + 1, one, two, three, First(lineA1, i1, uppersA), First(lineB1, i1, uppersB), ref a0, ref b0, ref a1, ref b1, ref a2, ref b2, ref a3, ref b3, ref a4, ref b4, ref a5, ref b5, ref a6, ref b6, ref a7, ref b7);
            AddInput(x + 2, x4 + 2, one, two, three, First(lineA2, i2, uppersA), First(lineB2, i2, uppersB), ref a0, ref b0, ref a1, ref b1, ref a2, ref b2, ref a3, ref b3, ref a4, ref b4, ref a5, ref b5, ref a6, ref b6, ref a7, ref b7);
            AddInput(x + 3, x4 + 3, one, two, three, fourthA, fourthB, ref a0, ref b0, ref a1, ref b1, ref a2, ref b2, ref a3, ref b3, ref a4, ref b4, ref a5, ref b5, ref a6, ref b6, ref a7, ref b7);
        }

        a0.Store(sums);
        b0.Store(sums + 16);
        a1.Store(sums + 32);
        b1.Store(sums + 48);
        a2.Store(sums + 64);
        b2.Store(sums + 80);
        a3.Store(sums + 96);
        b3.Store(sums + 112);
        a4.Store(sums + 128);
        b4.Store(sums + 144);
        a5.Store(sums + 160);
        b5.Store(sums + 176);
        a6.Store(sums + 192);
        b6.Store(sums + 208);
        a7.Store(sums + 224);
        b7.Store(sums + 240);
    }

    /// <summary>Adds the products of one input for 8 rows and two panels.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddInput(float* x0, float* x4, nint one, nint two, nint three, Vector512<float> wA, Vector512<float> wB, ref Vector512<float> a0, ref Vector512<float> b0, ref Vector512<float> a1, ref Vector512<float> b1, ref Vector512<float> a2, ref Vector512<float> b2, ref Vector512<float> a3, ref Vector512<float> b3, ref Vector512<float> a4, ref Vector512<float> b4, ref Vector512<float> a5, ref Vector512<float> b5, ref Vector512<float> a6, ref Vector512<float> b6, ref Vector512<float> a7, ref Vector512<float> b7)
    {
        Vector512<float> v0 = Vector512.Create(*x0);
        a0 = Vector512.FusedMultiplyAdd(v0, wA, a0);
        b0 = Vector512.FusedMultiplyAdd(v0, wB, b0);
        Vector512<float> v1 = Vector512.Create(*(float*)((byte*)x0 + one));
        a1 = Vector512.FusedMultiplyAdd(v1, wA, a1);
        b1 = Vector512.FusedMultiplyAdd(v1, wB, b1);
        Vector512<float> v2 = Vector512.Create(*(float*)((byte*)x0 + two));
        a2 = Vector512.FusedMultiplyAdd(v2, wA, a2);
        b2 = Vector512.FusedMultiplyAdd(v2, wB, b2);
        Vector512<float> v3 = Vector512.Create(*(float*)((byte*)x0 + three));
        a3 = Vector512.FusedMultiplyAdd(v3, wA, a3);
        b3 = Vector512.FusedMultiplyAdd(v3, wB, b3);
        Vector512<float> v4 = Vector512.Create(*x4);
        a4 = Vector512.FusedMultiplyAdd(v4, wA, a4);
        b4 = Vector512.FusedMultiplyAdd(v4, wB, b4);
        Vector512<float> v5 = Vector512.Create(*(float*)((byte*)x4 + one));
        a5 = Vector512.FusedMultiplyAdd(v5, wA, a5);
        b5 = Vector512.FusedMultiplyAdd(v5, wB, b5);
        Vector512<float> v6 = Vector512.Create(*(float*)((byte*)x4 + two));
        a6 = Vector512.FusedMultiplyAdd(v6, wA, a6);
        b6 = Vector512.FusedMultiplyAdd(v6, wB, b6);
        Vector512<float> v7 = Vector512.Create(*(float*)((byte*)x4 + three));
        a7 = Vector512.FusedMultiplyAdd(v7, wA, a7);
        b7 = Vector512.FusedMultiplyAdd(v7, wB, b7);
    }

    /// <summary>Adds the same products for one block that has been unpacked, including its exceptions: [2][8][16].</summary>
    public static void AddEightRows(float* x, int xStride, float* weights, float* sums)
    {
        for (int row = 0; row < 8; row++, x += xStride)
        {
            for (int panel = 0; panel < 2; panel++, sums += FloatKernels.Panel)
            {
                Vector512<float> sum = Vector512.Load(sums);
                for (int k = 0; k < Block; k++)
                    sum = Vector512.FusedMultiplyAdd(Vector512.Create(x[k]), Vector512.Load(weights + (panel * Block + k) * FloatKernels.Panel), sum);
                sum.Store(sums);
            }
        }
    }

    /// <summary>Chooses the table of a panel: 0 and the most frequent other upper bytes.</summary>
    /// <param name="weights">The weights' bits.</param>
    /// <param name="count">Number of weights, a multiple of 4.</param>
    /// <param name="table">Receives <see cref="TableEntries"/> different bytes.</param>
    /// <returns>Number of weights whose upper byte is not in the table.</returns>
    public static int ChooseTable(uint* weights, int count, Span<byte> table)
    {
        const int Bytes = byte.MaxValue + 1;
        int* counts = stackalloc int[4 * Bytes]; // four counters of each byte, because the same byte often follows before its counter has been updated
        new Span<int>(counts, 4 * Bytes).Clear();
        for (int i = 0; i < count; i += 4)
        {
            counts[weights[i] >> 24]++;
            counts[Bytes + (weights[i + 1] >> 24)]++;
            counts[2 * Bytes + (weights[i + 2] >> 24)]++;
            counts[3 * Bytes + (weights[i + 3] >> 24)]++;
        }

        for (int i = 0; i < Bytes; i++)
            counts[i] += counts[Bytes + i] + counts[2 * Bytes + i] + counts[3 * Bytes + i];
        int others = count - counts[0];
        table[0] = 0;
        counts[0] = -1;
        foreach (ref byte entry in table[1..])
        {
            entry = (byte)new ReadOnlySpan<int>(counts, Bytes).IndexOf(TensorPrimitives.Max<int>(new ReadOnlySpan<int>(counts, Bytes)));
            others -= counts[entry];
            counts[entry] = -1;
        }

        return others;
    }

    /// <summary>Packs a panel.</summary>
    /// <param name="weights">The weights, [8 blocks][16].</param>
    /// <param name="blocks">K / 8.</param>
    /// <param name="table">The upper bytes of the panel's table; the first is 0.</param>
    /// <param name="packed">Receives the table, repeated four times, and the blocks.</param>
    /// <param name="exceptions">Receives all weights whose upper byte is not in the table, in ascending order of position.</param>
    public static void Pack(float* weights, int blocks, ReadOnlySpan<byte> table, byte* packed, PackedException* exceptions)
    {
        byte* numbers = stackalloc byte[byte.MaxValue + 1];
        new Span<byte>(numbers, byte.MaxValue + 1).Fill(byte.MaxValue);
        for (int i = 0; i < table.Length; i++)
        {
            numbers[table[i]] = (byte)i;
            for (int copy = 0; copy < TableBytes; copy += TableEntries)
                packed[copy + i] = table[i];
        }

        float* common = stackalloc float[Block * FloatKernels.Panel];
        packed += TableBytes;
        for (int block = 0; block < blocks; block++, weights += Block * FloatKernels.Panel, packed += BlockBytes)
        {
            if (PackBlock((uint*)weights, numbers, packed))
                continue;
            for (int i = 0; i < Block * FloatKernels.Panel; i++)
            {
                bool isException = numbers[BitConverter.SingleToUInt32Bits(weights[i]) >> 24] == byte.MaxValue;
                common[i] = isException ? 0 : weights[i];
                if (isException)
                    *exceptions++ = new PackedException(block * Block * FloatKernels.Panel + i, weights[i]);
            }

            PackBlock((uint*)common, numbers, packed);
        }
    }

    /// <summary>Packs a block; returns false if an upper byte is not in the table.</summary>
    private static bool PackBlock(uint* weights, byte* numbers, byte* packed)
    {
        Vector512<byte> low = PackFour(weights, numbers, packed + Line), high = PackFour(weights + 4 * FloatKernels.Panel, numbers, packed + 4 * Line);
        (low | (high.AsUInt16() << 4).AsByte()).StoreAligned(packed);
        return Vector512.LessThanAll(low | high, Vector512.Create((byte)TableEntries));
    }

    /// <summary>Packs the lower bytes of 4 x 16 weights and returns the table indices of the upper bytes.</summary>
    private static Vector512<byte> PackFour(uint* weights, byte* numbers, byte* lines)
    {
        Vector512<uint> w0 = Vector512.Load(weights), w1 = Vector512.Load(weights + 16), w2 = Vector512.Load(weights + 32), w3 = Vector512.Load(weights + 48);
        Vector512<uint> line0 = w0 << 8, line1 = (w1 & Vector512.Create(Byte0)) | ((w1 << 8) & Vector512.Create(Byte2 | UpperByte)), line2 = (w2 & Vector512.Create(Byte0 | Byte1)) | ((w2 << 8) & Vector512.Create(UpperByte));
        Vector512<uint> spare = line0 ^ line1 ^ line2 ^ w3;
        (line0 | (spare & Vector512.Create(Byte0))).Store((uint*)lines);
        (line1 | (spare & Vector512.Create(Byte1))).Store((uint*)(lines + Line));
        (line2 | (spare & Vector512.Create(Byte2))).Store((uint*)(lines + 2 * Line));
        Vector512<byte> uppers = ((w0 >>> 24) | ((w1 >>> 16) & Vector512.Create(Byte1)) | ((w2 >>> 8) & Vector512.Create(Byte2)) | (w3 & Vector512.Create(UpperByte))).AsByte();
        Vector512<byte> positive = Avx512Vbmi.PermuteVar64x8x2(Vector512.Load(numbers), uppers, Vector512.Load(numbers + 64));
        Vector512<byte> negative = Avx512Vbmi.PermuteVar64x8x2(Vector512.Load(numbers + 128), uppers, Vector512.Load(numbers + 192));
        return Vector512.ConditionalSelect(Vector512.LessThan(uppers.AsSByte(), Vector512<sbyte>.Zero).AsByte(), negative, positive);
    }

    /// <summary>
    /// Multiplies a row with up to six panels. Each output has two sums, over even and odd inputs. If there are fewer panels, the last one is read
    /// again in place of the missing ones.
    /// </summary>
    [MethodImpl(Compiled.Apart)]
    private static void RowTimesPanels(int blocks, float* x, byte** panels, int count, float* y)
    {
        byte* t0 = panels[0], t1 = panels[Math.Min(1, count - 1)], t2 = panels[Math.Min(2, count - 1)], t3 = panels[Math.Min(3, count - 1)], t4 = panels[Math.Min(4, count - 1)], t5 = panels[count - 1];
        byte* p0 = t0 + TableBytes;
        byte* p1 = t1 + TableBytes;
        byte* p2 = t2 + TableBytes;
        byte* p3 = t3 + TableBytes;
        byte* p4 = t4 + TableBytes;
        byte* p5 = t5 + TableBytes;
        Vector512<byte> i0 = Weight0, i1 = Weight1, i2 = Weight2, upper = Vector512.Create(UpperByte).AsByte();
        Vector512<float> a0 = default, b0 = default, a1 = default, b1 = default, a2 = default, b2 = default, a3 = default, b3 = default, a4 = default, b4 = default, a5 = default, b5 = default;
        for (int block = 0; block < blocks; block++, x += Block, p0 += BlockBytes, p1 += BlockBytes, p2 += BlockBytes, p3 += BlockBytes, p4 += BlockBytes, p5 += BlockBytes)
        {
            AddBlock(x, t0, p0, i0, i1, i2, upper, ref a0, ref b0);
            AddBlock(x, t1, p1, i0, i1, i2, upper, ref a1, ref b1);
            AddBlock(x, t2, p2, i0, i1, i2, upper, ref a2, ref b2);
            AddBlock(x, t3, p3, i0, i1, i2, upper, ref a3, ref b3);
            AddBlock(x, t4, p4, i0, i1, i2, upper, ref a4, ref b4);
            AddBlock(x, t5, p5, i0, i1, i2, upper, ref a5, ref b5);
        }

        (a0 + b0).Store(y);
        if (count > 1)
            (a1 + b1).Store(y + FloatKernels.Panel);
        if (count > 2)
            (a2 + b2).Store(y + 2 * FloatKernels.Panel);
        if (count > 3)
            (a3 + b3).Store(y + 3 * FloatKernels.Panel);
        if (count > 4)
            (a4 + b4).Store(y + 4 * FloatKernels.Panel);
        if (count > 5)
            (a5 + b5).Store(y + 5 * FloatKernels.Panel);
    }

    /// <summary>Adds a block's products to the sums over even and odd inputs.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddBlock(float* x, byte* table, byte* block, Vector512<byte> i0, Vector512<byte> i1, Vector512<byte> i2, Vector512<byte> upper, ref Vector512<float> even, ref Vector512<float> odd)
    {
        PrefetchBlock(block + Ahead);
        Vector512<byte> indices = Vector512.LoadAligned(block);
        AddFour(x, Uppers(indices, Vector512.LoadAligned(table)), block + Line, i0, i1, i2, upper, ref even, ref odd);
        AddFour(x + 4, Uppers(High(indices), Vector512.LoadAligned(table)), block + 4 * Line, i0, i1, i2, upper, ref even, ref odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void PrefetchBlock(byte* block)
    {
        Prefetch.Line(block);
        Prefetch.Line(block + Line);
        Prefetch.Line(block + 2 * Line);
        Prefetch.Line(block + 3 * Line);
        Prefetch.Line(block + 4 * Line);
        Prefetch.Line(block + 5 * Line);
        Prefetch.Line(block + 6 * Line);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void AddFour(float* x, Vector512<byte> uppers, byte* lines, Vector512<byte> i0, Vector512<byte> i1, Vector512<byte> i2, Vector512<byte> upper, ref Vector512<float> even, ref Vector512<float> odd)
    {
        Vector512<byte> line0 = Vector512.LoadAligned(lines), line1 = Vector512.LoadAligned(lines + Line), line2 = Vector512.LoadAligned(lines + 2 * Line);
        Vector512<float> w3 = Fourth(line0, line1, line2, uppers, upper);
        even = Vector512.FusedMultiplyAdd(Vector512.Create(x[0]), First(line0, i0, uppers), even);
        odd = Vector512.FusedMultiplyAdd(Vector512.Create(x[1]), First(line1, i1, uppers), odd);
        even = Vector512.FusedMultiplyAdd(Vector512.Create(x[2]), First(line2, i2, uppers), even);
        odd = Vector512.FusedMultiplyAdd(Vector512.Create(x[3]), w3, odd);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void UnpackFour(Vector512<byte> uppers, byte* lines, Vector512<byte> i0, Vector512<byte> i1, Vector512<byte> i2, Vector512<byte> upper, float* weights)
    {
        Vector512<byte> line0 = Vector512.LoadAligned(lines), line1 = Vector512.LoadAligned(lines + Line), line2 = Vector512.LoadAligned(lines + 2 * Line);
        Vector512<float> w3 = Fourth(line0, line1, line2, uppers, upper);
        First(line0, i0, uppers).Store(weights);
        First(line1, i1, uppers).Store(weights + FloatKernels.Panel);
        First(line2, i2, uppers).Store(weights + 2 * FloatKernels.Panel);
        w3.Store(weights + 3 * FloatKernels.Panel);
    }

    /// <summary>Restores one of w0 ... w2.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> First(Vector512<byte> line, Vector512<byte> places, Vector512<byte> uppers) => Avx512Vbmi.PermuteVar64x8x2(line, places, uppers).AsSingle();

    /// <summary>Restores w3.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Fourth(Vector512<byte> line0, Vector512<byte> line1, Vector512<byte> line2, Vector512<byte> uppers, Vector512<byte> upper) =>
        Avx512F.TernaryLogic(Avx512F.TernaryLogic(line0, line1, line2, Xor), uppers, upper, Choose).AsSingle();

    /// <summary>
    /// Returns the upper bytes of w0 ... w3, one of each per dword. Only the low nibbles of the indices matter, because the table is repeated four
    /// times.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> Uppers(Vector512<byte> indices, Vector512<byte> table) => Avx512Vbmi.PermuteVar64x8(table, indices);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<byte> High(Vector512<byte> indices) => (indices.AsUInt16() >>> 4).AsByte();

    /// <summary>
    /// Returns the source of each byte of w0, w1 or w2. The three lower bytes come from its line, around the spare byte. The upper byte comes from the
    /// second vector.
    /// </summary>
    private static Vector512<byte> Places(int q)
    {
        byte[] bytes = new byte[Line];
        for (int lane = 0; lane < FloatKernels.Panel; lane++)
        {
            for (int i = 0; i < 3; i++)
                bytes[4 * lane + i] = (byte)(4 * lane + (i < q ? i : i + 1));
            bytes[4 * lane + 3] = (byte)(Line + 4 * lane + q);
        }

        return Vector512.Create(bytes);
    }
}
