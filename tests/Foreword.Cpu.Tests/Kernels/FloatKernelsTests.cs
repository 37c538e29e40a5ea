using CsCheck;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;

namespace Foreword.Cpu.Tests.Kernels;

public sealed unsafe class FloatKernelsTests
{
    [Fact]
    public void ProductsOfAnySizeAreThoseOfThePlainLoop() =>
        Gen.Select(Gen.Int[1, 900], Gen.Int[1, 7], Gen.Int[0, 3], Gen.Bool, Gen.Int[0, 1000]).Sample((K, panels, tiles, add, seed) =>
        {
            int rows = tiles == 0 ? 1 : 8 * tiles, N = panels * Panels.Width;
            Random random = new(seed);
            float[] x = Numbers(random, rows * K), w = Numbers(random, panels * K * Panels.Width), y = Numbers(random, rows * N);
            float[] expected = Reference(rows, K, N, x, w, add && rows > 1 ? y : null);
            fixed (float* px = x, pw = w, py = y)
            {
                if (rows == 1)
                    FloatKernels.MultiplyRow(K, px, pw, panels, py);
                else
                    FloatKernels.MultiplyRows(rows, K, px, K, pw, K * Panels.Width, panels, py, N, add);
            }

            for (int i = 0; i < expected.Length; i++)
                Assert.Equal(expected[i], y[i], 1e-4f);
        }, iter: NarrowVectorsTests.Samples);

    [Fact]
    public void AFewRowsHaveTheSumsOfMany() =>
        Gen.Select(Gen.Int[1, 900], Gen.Int[1, 7], Gen.Int[1, 2], Gen.Bool, Gen.Int[0, 1000]).Sample((K, panels, tiles, elsewhere, seed) =>
        {
            int rows = 8 * tiles, N = panels * Panels.Width;
            Random random = new(seed);
            float[] x = Numbers(random, rows * K), w = Numbers(random, panels * K * Panels.Width), few = Numbers(random, rows * N), many = Numbers(random, rows * N);
            fixed (float* px = x, pw = w, pfew = few, pmany = many)
            {
                FloatKernels.MultiplyFewRows(rows, K, px, K, pw, panels, pfew, N, elsewhere ? (byte*)px : null);
                FloatKernels.MultiplyRows(rows, K, px, K, pw, K * Panels.Width, panels, pmany, N);
            }

            Assert.Equal(many, few);
        }, iter: NarrowVectorsTests.Samples);

    /// <summary>Computes y[r, n] = (before) + sum over k of x[r, k] w[k, n], in float64.</summary>
    private static float[] Reference(int rows, int K, int N, float[] x, float[] w, float[]? before)
    {
        float[] y = new float[rows * N];
        for (int r = 0; r < rows; r++)
        {
            for (int n = 0; n < N; n++)
            {
                double sum = before?[r * N + n] ?? 0;
                for (int k = 0; k < K; k++)
                    sum += (double)x[r * K + k] * w[(n / Panels.Width * K + k) * Panels.Width + n % Panels.Width];
                y[r * N + n] = (float)sum;
            }
        }

        return y;
    }

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
}
