using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Foreword.Torch.Kernels;

/// <summary>
/// Processes whole parameters on the CPU: the AdamW update, and the squared norm of a gradient. Uses .NET's portable 512-bit vectors: AVX-512
/// instructions where the processor has them, otherwise two vectors of 256 bits (AVX2) or four of 128 bits (SSE, Arm AdvSimd).
/// </summary>
internal static unsafe class AdamWKernel
{
    /// <summary>Number of elements of a work item. It is fixed, so that sums do not depend on the number of threads.</summary>
    private const long ChunkLength = 1 << 16;

    /// <summary>
    /// Computes one AdamW step (Loshchilov and Hutter 2019, algorithm 2) in one pass over memory.
    /// <c>m = b1 m + (1 - b1) g</c>, <c>v = b2 v + (1 - b2) g²</c> and <c>p = p (1 - lr wd) - lr m̂ / (sqrt(v̂) + eps)</c>.
    /// The gradient g is first multiplied by the clipping factor.
    /// </summary>
    public static void Step(float* p, float* g, float* m, float* v, long count, in AdamWStep step)
    {
        AdamWStep s = step;
        ForEachChunk(count, (start, length) => StepChunk(p + start, g + start, m + start, v + start, length, s));
    }

    /// <summary>Returns the sum of squares. Each work item is summed in float64.</summary>
    public static double SumOfSquares(float* values, long count)
    {
        double[] sums = new double[(count + ChunkLength - 1) / ChunkLength];
        ForEachChunk(count, (start, length) => sums[start / ChunkLength] = SumOfSquaresChunk(values + start, length));
        return sums.Sum();
    }

    private static void ForEachChunk(long count, Action<long, long> body)
    {
        long chunks = (count + ChunkLength - 1) / ChunkLength;
        if (chunks == 1)
            body(0, count);
        else
            WorkerPool.Of(get_num_threads()).ForEach(checked((int)chunks), (_, i) => body(i * ChunkLength, Math.Min(ChunkLength, count - i * ChunkLength)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void StepChunk(float* p, float* g, float* m, float* v, long count, AdamWStep s)
    {
        Vector512<float> scale = Vector512.Create(s.GradientScale), b1 = Vector512.Create(s.Beta1), b2 = Vector512.Create(s.Beta2);
        Vector512<float> c1 = Vector512.Create(1 - s.Beta1), c2 = Vector512.Create(1 - s.Beta2), keep = Vector512.Create(s.Keep);
        Vector512<float> rate = Vector512.Create(-s.Rate), rootScale = Vector512.Create(s.RootScale), epsilon = Vector512.Create(s.Epsilon);
        long i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            Vector512<float> gradient = Vector512.Load(g + i) * scale;
            Vector512<float> first = Vector512.FusedMultiplyAdd(Vector512.Load(m + i), b1, gradient * c1);
            Vector512<float> second = Vector512.FusedMultiplyAdd(Vector512.Load(v + i), b2, gradient * gradient * c2);
            first.Store(m + i);
            second.Store(v + i);
            Vector512<float> divisor = Vector512.FusedMultiplyAdd(Vector512.Sqrt(second), rootScale, epsilon);
            Vector512.FusedMultiplyAdd(first / divisor, rate, Vector512.Load(p + i) * keep).Store(p + i);
        }

        for (; i < count; i++)
        {
            float gradient = g[i] * s.GradientScale;
            m[i] = m[i] * s.Beta1 + gradient * (1 - s.Beta1);
            v[i] = v[i] * s.Beta2 + gradient * gradient * (1 - s.Beta2);
            p[i] = p[i] * s.Keep - s.Rate * (m[i] / (MathF.Sqrt(v[i]) * s.RootScale + s.Epsilon));
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double SumOfSquaresChunk(float* values, long count)
    {
        Vector512<double> sums = Vector512<double>.Zero;
        long i = 0;
        for (; i <= count - Vector512<float>.Count; i += Vector512<float>.Count)
        {
            (Vector512<double> low, Vector512<double> high) = Vector512.Widen(Vector512.Load(values + i));
            sums = Vector512.FusedMultiplyAdd(low, low, Vector512.FusedMultiplyAdd(high, high, sums));
        }

        double sum = Vector512.Sum(sums);
        for (; i < count; i++)
            sum += (double)values[i] * values[i];
        return sum;
    }
}

/// <summary>The numbers of one AdamW step on one parameter, with the bias corrections included.</summary>
/// <param name="GradientScale">Factor of the gradient (clipping).</param>
/// <param name="Beta1">Decay of the first moment.</param>
/// <param name="Beta2">Decay of the second moment.</param>
/// <param name="Rate">lr / (1 - beta1^t).</param>
/// <param name="RootScale">1 / sqrt(1 - beta2^t).</param>
/// <param name="Epsilon">Number that is added to sqrt(v̂).</param>
/// <param name="Keep">1 - lr * weight decay.</param>
internal readonly record struct AdamWStep(float GradientScale, float Beta1, float Beta2, float Rate, float RootScale, float Epsilon, float Keep);
