using CsCheck;
using Foreword.Cpu.Kernels;

namespace Foreword.Cpu.Tests.Kernels;

public sealed unsafe class RowKernelsTests
{
    private static readonly Gen<float[]> Row = Gen.Float[-20, 20].Array[1, 200];

    [Fact]
    public void LayerNormIsThePlainOne() => Row.Sample(x =>
    {
        float[] weight = [.. x.Select((_, i) => 1 + i * 0.01f)], bias = [.. x.Select((_, i) => i * 0.1f)], y = new float[x.Length];
        fixed (float* px = x, pw = weight, pb = bias, py = y)
            RowKernels.LayerNorm(px, pw, pb, x.Length, 1e-5f, py);
        double mean = x.Average(v => (double)v), variance = x.Average(v => (v - mean) * (v - mean));
        for (int i = 0; i < x.Length; i++)
            Assert.Equal((x[i] - mean) / Math.Sqrt(variance + 1e-5) * weight[i] + bias[i], y[i], 2e-3);
    });

    [Fact]
    public void SoftmaxIsThePlainOneAndTheRestIsZero() => Row.Sample(x =>
    {
        int room = (x.Length + 15) / 16 * 16;
        float[] y = [.. x, .. new float[room - x.Length]];
        fixed (float* py = y)
            RowKernels.Softmax(py, x.Length, room);
        double sum = x.Sum(v => Math.Exp(v - x.Max()));
        for (int i = 0; i < room; i++)
            Assert.Equal(i < x.Length ? Math.Exp(x[i] - x.Max()) / sum : 0, y[i], 1e-6);
    });

    [Fact]
    public void LogSumExpIsThePlainOne() => Gen.Float[-20, 20].Array[1, 3000].Sample(x =>
    {
        fixed (float* px = x)
            Assert.Equal(Math.Log(x.Sum(v => Math.Exp(v))), RowKernels.LogSumExp(px, x.Length), 1e-5);
    });

    [Fact]
    public void GeluIsTheTanhForm() => Row.Sample(x =>
    {
        int room = (x.Length + 15) / 16 * 16;
        float[] y = [.. x, .. new float[room - x.Length]], bias = [.. Enumerable.Repeat(0.25f, room)];
        fixed (float* py = y, pb = bias)
            RowKernels.Gelu(py, pb, room);
        for (int i = 0; i < x.Length; i++)
        {
            double v = x[i] + 0.25;
            Assert.Equal(0.5 * v * (1 + Math.Tanh(Math.Sqrt(2 / Math.PI) * (v + 0.044715 * v * v * v))), y[i], 2e-6 * Math.Max(1, Math.Abs(v)));
        }
    });

    [Theory]
    [InlineData(-200, 0)]
    [InlineData(0, 1)]
    [InlineData(89, float.PositiveInfinity)]
    [InlineData(float.NaN, float.NaN)]
    public void ExpHasItsEnds(float x, float expected) => Assert.Equal(expected, RowKernels.Exp(System.Runtime.Intrinsics.Vector512.Create(x))[3]);

    [Fact]
    public void ExpIsExactToTheLastPlaces() => Gen.Float[-87, 88].Sample(x =>
    {
        double expected = Math.Exp(x);
        Assert.InRange(RowKernels.Exp(System.Runtime.Intrinsics.Vector512.Create(x))[0] / expected, 1 - 3e-7, 1 + 3e-7);
    });
}
