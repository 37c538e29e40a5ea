using CsCheck;
using Foreword.Cpu.Matrices;
using Foreword.Cpu.Threading;
using Foreword.Numerics;

namespace Foreword.Cpu.Tests.Kernels;

public sealed unsafe class BFloat16KernelsTests
{
    [Fact]
    public void ProductsOfAnySizeAreThoseOfTheRoundedWeights() =>
        Gen.Select(Gen.Int[1, 500], Gen.Int[1, 80], Gen.Int[0, 4], Gen.Int[0, 1000]).Sample((K, N, tiles, seed) =>
        {
            using Workers workers = new(1);
            SineParameters parameters = new(seed);
            using BFloat16Matrix matrix = BFloat16Matrix.Read(new PanelReader(parameters, "w", K, N, outputsFirst: true), workers);
            int rows = tiles == 0 ? 1 : 8 * tiles, stride = matrix.PanelCount * Panels.Width, even = K + K % 2;
            Random random = new(seed);
            float[] x = new float[rows * even], y = new float[rows * stride], w = new float[N * K];
            for (int row = 0; row < rows; row++)
            {
                for (int k = 0; k < K; k++)
                    x[row * even + k] = (float)(random.NextDouble() * 2 - 1);
            }

            parameters.Read("w", 0, w);
            byte[] scratch = new byte[matrix.ScratchBytes];
            fixed (float* px = x, py = y)
            fixed (byte* ps = scratch)
                matrix.Multiply(new InputRows(px, even, null, 0, rows), 0, matrix.PanelCount, py, stride, ps);
            for (int row = 0; row < rows; row++)
            {
                for (int n = 0; n < N; n++)
                {
                    double expected = 0;
                    for (int k = 0; k < K; k++)
                        expected += (double)x[row * even + k] * w[n * K + k];
                    Assert.Equal(expected, y[row * stride + n], 0.004 * Math.Sqrt(K) + 1e-3); // weights are rounded to 8 bits of mantissa
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
}
