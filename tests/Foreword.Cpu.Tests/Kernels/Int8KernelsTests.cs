using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using CsCheck;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;
using Foreword.Cpu.Threading;
using Foreword.Numerics;

namespace Foreword.Cpu.Tests.Kernels;

public sealed unsafe class Int8KernelsTests
{
    [Fact]
    public void FourProductsAreSummedExactly() => Gen.Select(Gen.Byte.Array[32], Gen.SByte.Array[32], Gen.Int.Array[8]).Sample((w, x, sums) =>
    {
        var actual = Dot.Add(System.Runtime.Intrinsics.Vector256.Create(sums), System.Runtime.Intrinsics.Vector256.Create(w), System.Runtime.Intrinsics.Vector256.Create(x));
        for (int lane = 0; lane < 8; lane++)
            Assert.Equal(unchecked(sums[lane] + Enumerable.Range(4 * lane, 4).Sum(i => w[i] * x[i])), actual[lane]);
    });

    [Theory]
    [InlineData(8)]
    [InlineData(4)]
    public void ProductsOfAnySizeAreThoseOfThePlainLoop(int bits) =>
        Gen.Select(Gen.Int[1, 400], Gen.Int[1, 60], Gen.Int[0, 3], Gen.Int[0, 1000]).Sample((K, N, tiles, seed) =>
        {
            QuantizedFormat format = bits == 8 ? QuantizedFormat.Int8 : QuantizedFormat.Int4;
            using Workers workers = new(1);
            using QuantizedMatrix matrix = QuantizedMatrix.Read(new PanelReader(new SineParameters(seed), "w", K, N, outputsFirst: false), format, workers);
            int rows = tiles == 0 ? 1 : 8 * tiles, stride = matrix.PanelCount * Panels.Width;
            Random random = new(seed);
            float[] x = [.. Enumerable.Range(0, rows * K).Select(_ => (float)(random.NextDouble() * 4 - 2))];
            float[] y = new float[rows * stride];
            byte[] encoded = new byte[rows * matrix.EncodedBytes], scratch = new byte[matrix.ScratchBytes + 1];
            fixed (float* px = x, py = y)
            fixed (byte* pe = encoded, ps = scratch)
            {
                for (int row = 0; row < rows; row++)
                    matrix.Encode(px + row * K, pe + row * matrix.EncodedBytes);
                matrix.Multiply(new InputRows(px, K, pe, matrix.EncodedBytes, rows), 0, matrix.PanelCount, py, stride, ps);
            }

            for (int row = 0; row < rows; row++)
            {
                float[] rounded = Rounded(x.AsSpan(row * K, K), format.Block);
                for (int n = 0; n < N; n++)
                {
                    double expected = 0;
                    for (int k = 0; k < K; k++)
                        expected += (double)rounded[k] * Weight(matrix, k, n);
                    Assert.Equal(expected, y[row * stride + n], 2e-4);
                }
            }
        }, iter: NarrowVectorsTests.Samples);

    [Theory]
    [InlineData(64, 128)]
    [InlineData(32, 8)]
    public void ARowIsEncodedAsThePlainLoopDoes(int block, int zero) =>
        Gen.Float[-9, 9].Array[1, 200].Sample(x =>
        {
            int blocks = (x.Length + block - 1) / block;
            sbyte[] encoded = Encoded(x, block, zero);
            for (int b = 0; b < blocks; b++)
            {
                float largest = x.Skip(b * block).Take(block).Max(MathF.Abs), inverse = largest > 0 ? 127 / largest : 0;
                sbyte[] expected = [.. Enumerable.Range(b * block, block).Select(i => i < x.Length ? (sbyte)MathF.Round(x[i] * inverse) : (sbyte)0)];
                Assert.Equal(expected, encoded[(b * block)..((b + 1) * block)]);
                ReadOnlySpan<byte> tail = MemoryMarshal.AsBytes(encoded.AsSpan(blocks * block + b * Int8Kernels.BlockTail, Int8Kernels.BlockTail));
                Assert.Equal(largest / 127, BitConverter.ToSingle(tail));
                Assert.Equal(-zero * expected.Sum(value => value), BitConverter.ToInt32(tail[4..]));
            }
        });

    [Theory]
    [InlineData(float.NaN, 3)]
    [InlineData(float.NaN, 69)]
    [InlineData(float.PositiveInfinity, 5)]
    public void WhatIsNoNumberMakesItsBlocksScaleNone(float value, int at)
    {
        float[] x = [.. Enumerable.Range(0, 70).Select(i => i == at ? value : i - 30f)];
        float scale = BitConverter.ToSingle(MemoryMarshal.AsBytes(Encoded(x, 64, 128).AsSpan(128 + at / 64 * Int8Kernels.BlockTail)));
        Assert.False(float.IsFinite(scale));
    }

    [Fact]
    public void WidenedRowsGiveTheSameProductsToTheLastBit()
    {
        Assert.SkipUnless(Avx2.IsSupported, "this processor has no AVX2");
        Gen.Select(Gen.Int[1, 4], Gen.Int[1, 3], Gen.Int).Sample(CompareWidened, iter: 100);
    }

    [Theory]
    [InlineData(8, 0.0045)] // half a step of 127, and a scale rounded up to bfloat16
    [InlineData(4, 0.08)]
    public void AWeightIsRoundedToTheNearestStep(int bits, double part)
    {
        QuantizedFormat format = bits == 8 ? QuantizedFormat.Int8 : QuantizedFormat.Int4;
        using Workers workers = new(2);
        using QuantizedMatrix matrix = QuantizedMatrix.Read(new PanelReader(new SineParameters(5), "w", 130, 21, outputsFirst: true), format, workers);
        Assert.Equal(bits / 8.0, (double)matrix.Weights.Length / (2 * 16 * (bits == 8 ? 192 : 160)));
        for (int n = 0; n < 21; n++)
        {
            for (int k = 0; k < 130; k++)
                Assert.Equal(SineParameters.At(5, n * 130 + k), Weight(matrix, k, n), part);
        }
    }

    [Fact]
    public void AMatrixOfZerosStaysZero()
    {
        float[] panel = new float[40 * 16];
        byte[] weights = new byte[QuantizedFormat.Int4.PanelBytes(40)];
        ushort[] scales = new ushort[QuantizedFormat.Int4.PanelScales(40)];
        fixed (float* p = panel)
        fixed (byte* w = weights)
        fixed (ushort* s = scales)
        {
            QuantizedFormat.Int4.Quantize(p, 40, w, s);
            Assert.Equal(0, QuantizedFormat.Int4.Weight(w, s, 7, 3));
        }
    }

    private static void CompareWidened(int blocks, int tiles, int seed)
    {
        const int Block = 64, Outputs = 16;
        int rows = 8 * tiles, K = blocks * Block, narrow = blocks * (Block + Int8Kernels.BlockTail), stride = narrow + Int8Kernels.WideBytes(K);
        Random random = new(seed);
        byte[] weights = new byte[K * Outputs], x = new byte[rows * stride];
        random.NextBytes(weights);
        ushort[] scales = [.. Enumerable.Range(0, blocks * Outputs).Select(_ => BFloat16Bits.Nearest(random.NextSingle()))];
        float[] row = new float[K], expected = new float[rows * Outputs], actual = new float[rows * Outputs];
        fixed (byte* w = weights, px = x)
        fixed (ushort* s = scales)
        fixed (float* values = row, e = expected, a = actual)
        {
            for (int r = 0; r < rows; r++)
            {
                byte* encoded = px + r * stride;
                foreach (ref float value in row.AsSpan())
                    value = random.NextSingle() - 0.5f;
                Int8Kernels.Encode(values, K, Block, 128, (sbyte*)encoded);
                Int8Kernels.Widen(K, encoded, encoded + narrow);
            }

            Int8Kernels.MultiplyRows8(rows, blocks, Block / Int8Kernels.Quad, px, stride, w, s, e, Outputs, w);
            Int8Kernels.MultiplyWideRows8(rows, blocks, Block / Int8Kernels.Quad, px, stride, w, s, a, Outputs, w);
        }

        Assert.Equal(expected, actual);
    }

    /// <summary>A row as 8 bits hold it: a scale for each block.</summary>
    private static float[] Rounded(ReadOnlySpan<float> x, int block)
    {
        float[] rounded = new float[x.Length];
        for (int start = 0; start < x.Length; start += block)
        {
            ReadOnlySpan<float> part = x[start..Math.Min(x.Length, start + block)];
            float largest = 0;
            foreach (float value in part)
                largest = MathF.Max(largest, MathF.Abs(value));
            for (int i = 0; i < part.Length; i++)
                rounded[start + i] = MathF.Round(part[i] * (127 / largest)) * (largest / 127);
        }

        return rounded;
    }

    private static sbyte[] Encoded(float[] x, int block, int zero)
    {
        int blocks = (x.Length + block - 1) / block;
        sbyte[] encoded = new sbyte[blocks * (block + Int8Kernels.BlockTail)];
        fixed (float* px = x)
        fixed (sbyte* pe = encoded)
            Int8Kernels.Encode(px, x.Length, block, zero, pe);
        return encoded;
    }

    private static float Weight(QuantizedMatrix matrix, int k, int n)
    {
        int panel = n / Panels.Width;
        fixed (byte* weights = matrix.Weights)
        fixed (ushort* scales = matrix.Scales)
            return matrix.Format.Weight(weights + panel * matrix.Format.PanelBytes(matrix.Inputs), scales + panel * matrix.Format.PanelScales(matrix.Inputs), k, n % Panels.Width);
    }
}
