using CsCheck;
using Foreword.Numerics;

namespace Foreword.Tests.Numerics;

public sealed unsafe class Float32TilesTests
{
    [Fact]
    public void ProductsOfAnySizeAreThoseOfThePlainLoop() =>
        Gen.Select(Gen.Int[1, 70], Gen.Int[1, 5], Gen.Int[1, 1100], Gen.Int[0, 9], Gen.Bool, Gen.Int[0, 1000]).Sample((M, vectors, K, gap, add, seed) =>
        {
            int N = Float32Tiles.Columns * vectors, lda = K + gap, ldb = N + gap, ldc = N + 2 * gap;
            Random random = new(seed);
            float[] a = Numbers(random, M * lda), b = Numbers(random, K * ldb), c = Numbers(random, M * ldc), before = [.. c];
            fixed (float* pa = a, pb = b, pc = c)
                Float32Tiles.Multiply(M, N, K, pa, lda, pb, ldb, pc, ldc, add);
            for (int m = 0; m < M; m++)
            {
                for (int n = 0; n < ldc; n++)
                {
                    if (n < N)
                        Assert.Equal(Dot(a.AsSpan(m * lda, K), b.AsSpan(n), ldb) + (add ? before[m * ldc + n] : 0), c[m * ldc + n], 1e-4);
                    else
                        Assert.Equal(before[m * ldc + n], c[m * ldc + n]); // the gap between two rows
                }
            }
        }, iter: 40);

    private static double Dot(ReadOnlySpan<float> row, ReadOnlySpan<float> column, int stride)
    {
        double sum = 0;
        for (int k = 0; k < row.Length; k++)
            sum += (double)row[k] * column[k * stride];
        return sum;
    }

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
}
