using CsCheck;
using Foreword.Cpu;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;

namespace Foreword.Tests.Cpu.Kernels;

public sealed unsafe class IntegerKernelsTests
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

    private static float Weight(QuantizedMatrix matrix, int k, int n)
    {
        int panel = n / Panels.Width;
        fixed (byte* weights = matrix.Weights)
        fixed (ushort* scales = matrix.Scales)
            return matrix.Format.Weight(weights + panel * matrix.Format.PanelBytes(matrix.Inputs), scales + panel * matrix.Format.PanelScales(matrix.Inputs), k, n % Panels.Width);
    }
}
