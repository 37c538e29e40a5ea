using CsCheck;
using Foreword.Torch.Fused;

namespace Foreword.Tests.Fused;

public sealed unsafe class Float32TilesTests
{
    [Fact]
    public void ProductsOfAnySizeAreThoseOfThePlainLoop()
    {
        Assert.SkipUnless(Float32Tiles.AreSupported, "this processor has no AVX2");
        Gen.Select(Gen.Int[1, 70], Gen.Int[1, 5], Gen.Int[1, 100], Gen.Int[0, 9], Gen.Bool, Gen.Int[0, 1000]).Sample((M, vectors, K, gap, add, seed) =>
        {
            int N = 16 * vectors, lda = K + gap, ldb = N + gap, ldc = N + 2 * gap;
            Random random = new(seed);
            float[] a = Numbers(random, M * lda), b = Numbers(random, K * ldb), c = Numbers(random, M * ldc), before = [.. c];
            fixed (float* pa = a, pb = b, pc = c)
                Float32Tiles.Multiply(M, N, K, pa, lda, pb, ldb, pc, ldc, add);
            for (int m = 0; m < M; m++)
            {
                for (int n = 0; n < ldc; n++)
                {
                    float old = before[m * ldc + n];
                    if (n < N)
                        Assert.Equal(Enumerable.Range(0, K).Sum(k => (double)a[m * lda + k] * b[k * ldb + n]) + (add ? old : 0), c[m * ldc + n], 1e-5);
                    else
                        Assert.Equal(old, c[m * ldc + n]); // the gap between two rows
                }
            }
        }, threads: 1);
    }

    [Fact]
    public void SixteenRowsBecomeColumns()
    {
        Assert.SkipUnless(Float32Tiles.AreSupported, "this processor has no AVX2");
        const int Stride = 19, DestinationStride = 21;
        uint[] source = [.. Enumerable.Range(0, 16 * Stride).Select(i => (uint)i)], destination = new uint[16 * DestinationStride];
        fixed (uint* from = source, to = destination)
            Transposition.Of16(from, Stride, to, DestinationStride);
        for (int row = 0; row < 16; row++)
        {
            for (int column = 0; column < DestinationStride; column++)
                Assert.Equal(column < 16 ? source[column * Stride + row] : 0, destination[row * DestinationStride + column]);
        }
    }

    private static float[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => (float)(random.NextDouble() * 2 - 1))];
}
