using System.Runtime.Intrinsics.X86;
using CsCheck;
using Foreword.Cpu.Kernels.MachineCode;
using Foreword.Numerics;

namespace Foreword.Cpu.Tests.Kernels.MachineCode;

public sealed unsafe class BFloat16DotKernelsTests
{
    private const int Outputs = 16;

    private static readonly Gen<(int Rows, int Panels, int Pairs, int Seed)> Any =
        Gen.Select(Gen.Bool, Gen.Int[1, 3], Gen.Int[1, 40], Gen.Int, (one, panels, pairs, seed) => (one ? 1 : 8, panels, pairs, seed));

    [Fact]
    public void TheMachineCodeAddsTheProductsInTheirOrder() => Any.Sample((rows, panels, pairs, seed) =>
    {
        Random random = new(seed);
        ushort[] x = Numbers(random, rows * 2 * pairs), w = Numbers(random, panels * 2 * pairs * Outputs);
        int stride = panels * Outputs;
        float[] y = [.. Enumerable.Range(0, rows * stride).Select(_ => random.NextSingle())], expected = [.. y];
        for (int row = 0; row < rows; row++)
        {
            for (int n = 0; n < stride; n++)
                expected[row * stride + n] = Sum(expected[row * stride + n], x.AsSpan(row * 2 * pairs, 2 * pairs), w.AsSpan(n / Outputs * 2 * pairs * Outputs), n % Outputs);
        }

        fixed (ushort* px = x, pw = w)
        fixed (float* py = y)
        {
            BFloat16DotKernels.Pass pass = BFloat16DotKernels.PassOf(pairs, (byte*)px, 2 * pairs * sizeof(ushort), pw, 2L * pairs * Outputs, py, stride, (byte*)pw, 64);
            Interpreter interpreter = new();
            interpreter.Allow<ushort>(x);
            interpreter.Allow<ushort>(w);
            interpreter.Allow<float>(y);
            interpreter.Allow(new Span<BFloat16DotKernels.Pass>(ref pass));
            interpreter.Call(new BFloat16DotAssembly(rows, panels, fetchesNear: seed % 2 == 0).Assemble(), &pass);
        }

        Assert.Equal(expected, y);
    }, iter: 60);

    [Fact]
    public void ARowGivesTheSameNumbersAloneAndAmongOthers()
    {
        Assert.SkipUnless(BFloat16DotKernels.CanMultiply, "this processor has no AVX512_BF16, or the system is not Linux");
        Gen.Select(Gen.Int[1, 9], Gen.Int[1, 500], Gen.Int[1, 3], Gen.Int).Sample((panels, pairs, tiles, seed) =>
        {
            Random random = new(seed);
            int rows = 8 * tiles, stride = panels * Outputs;
            ushort[] x = Numbers(random, rows * 2 * pairs), w = Numbers(random, panels * 2 * pairs * Outputs);
            float[] together = new float[rows * stride], alone = new float[rows * stride];
            fixed (ushort* px = x, pw = w)
            fixed (float* pt = together, pa = alone)
            {
                BFloat16DotKernels.Multiply(rows, pairs, (byte*)px, 2 * pairs * sizeof(ushort), pw, panels, pt, stride, next: null);
                for (int row = 0; row < rows; row++)
                    BFloat16DotKernels.Multiply(1, pairs, (byte*)(px + row * 2 * pairs), 2 * pairs * sizeof(ushort), pw, panels, pa + row * stride, stride, next: null);
            }

            Assert.Equal(together, alone);
            for (int n = 0; n < stride; n++)
                Assert.Equal(Sum(0, x.AsSpan(0, 2 * pairs), w.AsSpan(n / Outputs * 2 * pairs * Outputs), n % Outputs), alone[n], 1e-4);
        }, iter: 200);
    }

    [Fact]
    public void ThereAreNoneWithoutAvx512() => Assert.True(Avx512BW.IsSupported || !BFloat16DotKernels.CanMultiply);

    private static ushort[] Numbers(Random random, int count) => [.. Enumerable.Range(0, count).Select(_ => BFloat16Bits.Nearest(random.NextSingle() - 0.5f))];

    /// <summary>Adds the products of a row and of one output of a panel to a sum; the second input of a pair comes first.</summary>
    private static float Sum(float sum, ReadOnlySpan<ushort> x, ReadOnlySpan<ushort> w, int n)
    {
        for (int k = 0; k < x.Length; k++)
        {
            int input = k ^ 1;
            sum = MathF.FusedMultiplyAdd(BFloat16Bits.ToSingle(x[input]), BFloat16Bits.ToSingle(w[(input / 2 * Outputs + n) * 2 + input % 2]), sum);
        }

        return sum;
    }
}
