using CsCheck;
using Foreword.Cpu.Matrices;
using Foreword.Cpu.Threading;
using Foreword.Numerics;

namespace Foreword.Cpu.Tests.Kernels;

public sealed unsafe class BFloat16KernelsTests
{
    [Fact]
    public void ProductsOfAnySizeAreThoseOfTheRoundedNumbers() =>
        Gen.Select(Gen.Int[1, 500], Gen.Int[1, 80], Gen.Int[0, 4], Gen.Int[0, 1000]).Sample((K, N, tiles, seed) =>
        {
            using Workers workers = new(1);
            SineParameters parameters = new(seed);
            using BFloat16Matrix matrix = BFloat16Matrix.Read(new PanelReader(parameters, "w", K, N, outputsFirst: true), workers);
            int rows = tiles == 0 ? 1 : 8 * tiles, stride = matrix.PanelCount * Panels.Width;
            Random random = new(seed);
            float[] x = [.. Enumerable.Range(0, rows * K).Select(_ => (float)(random.NextDouble() * 2 - 1))], y = new float[rows * stride], w = new float[N * K];
            parameters.Read("w", 0, w);
            byte[] scratch = new byte[matrix.ScratchBytes + 1], encoded = new byte[rows * matrix.EncodedBytes];
            fixed (float* px = x, py = y)
            fixed (byte* ps = scratch, pe = encoded)
            {
                for (int row = 0; row < rows; row++)
                    matrix.Encode(px + row * K, pe + row * matrix.EncodedBytes);
                matrix.Multiply(new InputRows(px, K, pe, matrix.EncodedBytes, rows), 0, matrix.PanelCount, py, stride, ps);
            }

            for (int row = 0; row < rows; row++)
            {
                for (int n = 0; n < N; n++)
                {
                    double expected = 0;
                    for (int k = 0; k < K; k++)
                        expected += (double)Rounded(x[row * K + k]) * Rounded(w[n * K + k]);
                    Assert.Equal(expected, y[row * stride + n], 1e-5 * Math.Sqrt(K)); // the rounding of the sum, in float32
                }
            }
        }, iter: NarrowVectorsTests.Samples);

    [Fact]
    public void RoundingIsToTheNearestAndUpIsNeverBelow() => Gen.Float[1e-30f, 1e30f].Sample(value =>
    {
        float nearest = BFloat16Bits.ToSingle(BFloat16Bits.Nearest(value)), up = BFloat16Bits.ToSingle(BFloat16Bits.Up(value));
        Assert.InRange(Math.Abs(nearest - value), 0, value / 256);
        Assert.InRange(up, value, value * (1 + 1 / 128f) + float.Epsilon);
    });

    private static float Rounded(float value) => BFloat16Bits.ToSingle(BFloat16Bits.Nearest(value));
}
