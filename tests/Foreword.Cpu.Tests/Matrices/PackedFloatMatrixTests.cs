using CsCheck;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Matrices;
using Foreword.Cpu.Threading;
using Foreword.Models;

namespace Foreword.Cpu.Tests.Matrices;

/// <summary>Tests packed float32 matrices. Processors without AVX-512 VBMI do not pack float32, so there is nothing to test.</summary>
public sealed unsafe class PackedFloatMatrixTests : IDisposable
{
    private static readonly float[] Special = [float.NaN, BitConverter.UInt32BitsToSingle(0xFF812345), float.PositiveInfinity, float.NegativeInfinity, float.Epsilon, -float.Epsilon, 1e-40f, -0f, 0f, float.MaxValue, float.MinValue];

    private readonly Workers _workers = new(2);

    /// <summary>The kinds of weights: how they are made, the exponents they have, and whether such a panel is packed.</summary>
    public enum Kind
    {
        Normal,
        AllEqual,
        FewOutliers,
        Specials,
        WidelySpread,
        AnyBits,
    }

    [Fact]
    public void EveryBitSurvives() =>
        Sample((K, N, outputsFirst, kind, seed) =>
        {
            float[] weights = Weights(kind, N * K, seed);
            using PackedFloatMatrix matrix = Packed(weights, K, N, outputsFirst);
            float[] expected = Panelled(weights, K, N, outputsFirst);
            float[] unpacked = new float[expected.Length];
            fixed (float* place = unpacked)
            {
                for (int panel = 0; panel < matrix.PanelCount; panel++)
                {
                    for (int k = 0; k < K; k += 24)
                        matrix.Unpack(panel, k, Math.Min(24, K - k), place + ((long)panel * K + k) * Panels.Width);
                }
            }

            Assert.Equal(Bits(expected), Bits(unpacked));
        });

    [Fact]
    public void WhatDoesNotPackStaysAsItIsAndTheRestTakesSevenEighths()
    {
        Assert.SkipUnless(PackedFloatKernels.IsSupported, "float32 is packed with AVX-512 VBMI only");
        const int K = 512, N = 64;
        foreach (Kind kind in Enum.GetValues<Kind>())
        {
            using PackedFloatMatrix matrix = Packed(Weights(kind, N * K, 1), K, N, outputsFirst: false);
            bool packs = kind is not (Kind.WidelySpread or Kind.AnyBits);
            Assert.Equal(packs ? 0 : matrix.PanelCount, matrix.NotPackedCount);
            Assert.Equal(kind is Kind.FewOutliers or Kind.Specials, matrix.ExceptionCount > K * N / 2000);
            Assert.InRange(matrix.Bytes / (double)(K * N * sizeof(float)), packs ? 0.875 : 1, packs ? 0.9 : 1);
        }
    }

    [Fact]
    public void SeveralRowsAreBitForBitThoseOfTheWeightsThemselves() =>
        Sample((K, N, outputsFirst, kind, seed) =>
        {
            float[] weights = Weights(kind is Kind.Specials or Kind.AnyBits ? Kind.FewOutliers : kind, N * K, seed);
            using PackedFloatMatrix packed = Packed(weights, K, N, outputsFirst);
            using FloatMatrix floats = FloatMatrix.Read(Reader(weights, K, N, outputsFirst), _workers);
            foreach (int rows in (int[])[8, 16, 24])
            {
                float[] x = Inputs(rows * K, seed);
                Assert.Equal(Bits(Product(floats, x, rows)), Bits(Product(packed, x, rows)));
            }
        });

    [Fact]
    public void OneRowIsThatOfThePlainLoop() =>
        Sample((K, N, outputsFirst, kind, seed) =>
        {
            float[] weights = Weights(kind is Kind.Specials or Kind.AnyBits ? Kind.FewOutliers : kind, N * K, seed), x = Inputs(K, seed);
            using PackedFloatMatrix matrix = Packed(weights, K, N, outputsFirst);
            float[] y = Product(matrix, x, 1), panels = Panelled(weights, K, N, outputsFirst);
            for (int n = 0; n < y.Length; n++)
            {
                double sum = 0, magnitude = 0;
                for (int k = 0; k < K; k++)
                {
                    double product = (double)x[k] * panels[(n / Panels.Width * K + k) * Panels.Width + n % Panels.Width];
                    (sum, magnitude) = (sum + product, magnitude + Math.Abs(product));
                }

                Assert.Equal(sum, y[n], 3e-6 * magnitude);
            }
        });

    [Fact]
    public void FloatsAreLeftWhereInputsMakeNoWholeBlocksOrTheProcessorCannotUnpack()
    {
        foreach ((int K, bool whole) in ((int, bool)[])[(40, true), (41, false), (44, false)])
        {
            using PanelMatrix matrix = WeightType.F32.Read(Reader(Weights(Kind.Normal, K * 20, 1), K, 20, outputsFirst: true), _workers);
            Assert.Equal(whole && PackedFloatKernels.IsSupported, matrix is PackedFloatMatrix);
        }
    }

    public void Dispose() => _workers.Dispose();

    private static void Sample(Action<int, int, bool, Kind, int> property)
    {
        Assert.SkipUnless(PackedFloatKernels.IsSupported, "float32 is packed with AVX-512 VBMI only");
        Gen.Select(Gen.Int[1, 110], Gen.Int[1, 200], Gen.Bool, Gen.Enum<Kind>(), Gen.Int[0, 1000]).Sample((blocks, N, outputsFirst, kind, seed) =>
            property(PackedFloatKernels.Block * blocks, N, outputsFirst, kind, seed), iter: NarrowVectorsTests.Samples, threads: 1);
    }

    private static float[] Weights(Kind kind, int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(i => kind switch
        {
            Kind.Normal => Normal(),
            Kind.AllEqual => -1.25f,
            Kind.FewOutliers => random.Next(500) == 0 ? Normal() * MathF.ScaleB(1, random.Next(-60, 60)) : Normal(),
            Kind.Specials => random.Next(400) == 0 ? Special[random.Next(Special.Length)] : Normal(),
            Kind.WidelySpread => Normal() * MathF.ScaleB(1, random.Next(-30, 30)),
            _ => BitConverter.Int32BitsToSingle(random.Next(int.MinValue, int.MaxValue)),
        })];

        float Normal() => (float)(0.02 * Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble()));
    }

    private static float[] Inputs(int count, int seed)
    {
        Random random = new(seed);
        return [.. Enumerable.Range(0, count).Select(_ => random.NextSingle() - 0.5f)];
    }

    private PackedFloatMatrix Packed(float[] weights, int K, int N, bool outputsFirst) => PackedFloatMatrix.Read(Reader(weights, K, N, outputsFirst), _workers);

    private static PanelReader Reader(float[] weights, int K, int N, bool outputsFirst) => new(new Given(weights), "w", K, N, outputsFirst);

    /// <summary>[panels][K][16].</summary>
    private static float[] Panelled(float[] weights, int K, int N, bool outputsFirst)
    {
        float[] panels = new float[Panels.Count(N) * K * Panels.Width];
        for (int n = 0; n < N; n++)
        {
            for (int k = 0; k < K; k++)
                panels[(n / Panels.Width * K + k) * Panels.Width + n % Panels.Width] = weights[outputsFirst ? n * K + k : k * N + n];
        }

        return panels;
    }

    private static float[] Product(PanelMatrix matrix, float[] x, int rows)
    {
        int width = matrix.PanelCount * Panels.Width;
        float[] y = new float[rows * width];
        byte[] scratch = new byte[matrix.ScratchBytes + 1];
        fixed (float* px = x, py = y)
        fixed (byte* ps = scratch)
            matrix.Multiply(new InputRows(px, matrix.Inputs, null, 0, rows), 0, matrix.PanelCount, py, width, ps);
        return y;
    }

    private static int[] Bits(float[] numbers) => Array.ConvertAll(numbers, BitConverter.SingleToInt32Bits);

    /// <summary>The parameters that a test gives.</summary>
    private sealed class Given(float[] weights) : IParameters
    {
        public GptConfig Config => throw new NotSupportedException();

        public void Read(string name, long first, Span<float> destination) => weights.AsSpan((int)first, destination.Length).CopyTo(destination);

        public void Dispose()
        {
        }
    }
}
