using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Numerics;

namespace Foreword.Cpu.Kernels;

/// <summary>
/// Computes functions along one row of floats. The code uses the portable 512-bit vectors of .NET: AVX-512 instructions where the processor has them,
/// otherwise two vectors of 256 bits (AVX2) or four of 128 bits (SSE, Arm AdvSimd).
/// </summary>
internal static unsafe class RowKernels
{
    private const int Lanes = 16;

    /// <summary>Computes y = (x - mean) / sqrt(variance + epsilon) * weight + bias over C channels (Ba et al. 2016); y may be x.</summary>
    [MethodImpl(Compiled.Apart)]
    public static void LayerNorm(float* x, float* weight, float* bias, int C, float epsilon, float* y)
    {
        Vector512<float> sums = default;
        float sum = 0;
        int c = 0;
        for (; c + Lanes <= C; c += Lanes)
            sums += Vector512.Load(x + c);
        for (; c < C; c++)
            sum += x[c];
        float mean = (sum + Vector512.Sum(sums)) / C;

        Vector512<float> means = Vector512.Create(mean), squares = default;
        float square = 0;
        for (c = 0; c + Lanes <= C; c += Lanes)
        {
            Vector512<float> difference = Vector512.Load(x + c) - means;
            squares = Vector512.FusedMultiplyAdd(difference, difference, squares);
        }

        for (; c < C; c++)
            square += (x[c] - mean) * (x[c] - mean);
        float scale = 1 / MathF.Sqrt((square + Vector512.Sum(squares)) / C + epsilon);

        Vector512<float> scales = Vector512.Create(scale);
        for (c = 0; c + Lanes <= C; c += Lanes)
            Vector512.FusedMultiplyAdd((Vector512.Load(x + c) - means) * scales, Vector512.Load(weight + c), Vector512.Load(bias + c)).Store(y + c);
        for (; c < C; c++)
            y[c] = (x[c] - mean) * scale * weight[c] + bias[c];
    }

    /// <summary>Computes y += bias, in vectors of 16. Whole vectors are read and written.</summary>
    [MethodImpl(Compiled.Apart)]
    public static void AddBias(float* y, float* bias, int count)
    {
        for (int i = 0; i < count; i += Lanes)
            (Vector512.Load(y + i) + Vector512.Load(bias + i)).Store(y + i);
    }

    /// <summary>Computes x += y + bias, which adds a branch to the residual stream, in vectors of 16.</summary>
    [MethodImpl(Compiled.Apart)]
    public static void AddToResidual(float* x, float* y, float* bias, int count)
    {
        for (int i = 0; i < count; i += Lanes)
            (Vector512.Load(x + i) + (Vector512.Load(y + i) + Vector512.Load(bias + i))).Store(x + i);
    }

    /// <summary>
    /// Computes y = GELU(y + bias) in the tanh form (Hendrycks and Gimpel 2016): v (1 + tanh z) / 2 = v / (1 + exp(-2z)) with z = sqrt(2 / pi) (v +
    /// 0.044715 v^3).
    /// </summary>
    [MethodImpl(Compiled.Apart)]
    public static void Gelu(float* y, float* bias, int count)
    {
        Vector512<float> linear = Vector512.Create(-2 * 0.7978845608f), cubic = Vector512.Create(-2 * 0.7978845608f * 0.044715f);
        for (int i = 0; i < count; i += Lanes)
        {
            Vector512<float> v = Vector512.Load(y + i) + Vector512.Load(bias + i);
            Vector512<float> z = v * Vector512.FusedMultiplyAdd(v * v, cubic, linear);
            (v / (Vector512<float>.One + Exp(z))).Store(y + i);
        }
    }

    /// <summary>
    /// Computes the softmax of the first <paramref name="count"/> scores in place. The following scores, up to <paramref name="room"/>, a multiple of
    /// 16, become 0.
    /// </summary>
    [MethodImpl(Compiled.Apart)]
    public static void Softmax(float* scores, int count, int room)
    {
        for (int i = count; i < room; i++)
            scores[i] = float.NegativeInfinity;
        Vector512<float> highest = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < room; i += Lanes)
            highest = Vector512.MaxNative(highest, Vector512.Load(scores + i));
        Vector512<float> most = Vector512.Create(Most(highest)), sums = default;
        for (int i = 0; i < room; i += Lanes)
        {
            Vector512<float> e = Exp(Vector512.Load(scores + i) - most);
            e.Store(scores + i);
            sums += e;
        }

        Vector512<float> scale = Vector512.Create(1 / Vector512.Sum(sums));
        for (int i = 0; i < room; i += Lanes)
            (Vector512.Load(scores + i) * scale).Store(scores + i);
    }

    /// <summary>Returns the logarithm of the sum of exp(x[i]) over <paramref name="count"/> numbers.</summary>
    [MethodImpl(Compiled.Apart)]
    public static float LogSumExp(float* x, int count)
    {
        float most = Highest(x, count);
        int whole = count / Lanes * Lanes;
        double sum = 0;
        Vector512<float> all = Vector512.Create(most);
        for (int i = 0; i < whole;)
        {
            Vector512<float> sums = default; // float32 for up to a thousand terms, then float64, so that the sum over a vocabulary keeps its precision
            for (int end = Math.Min(whole, i + 1024); i < end; i += Lanes)
                sums += Exp(Vector512.Load(x + i) - all);
            sum += Vector512.Sum(sums);
        }

        for (int i = whole; i < count; i++)
            sum += Math.Exp(x[i] - most);
        return most + (float)Math.Log(sum);
    }

    /// <summary>Returns the largest of <paramref name="count"/> numbers.</summary>
    [MethodImpl(Compiled.Apart)]
    public static float Highest(float* x, int count)
    {
        Vector512<float> highest = Vector512.Create(float.NegativeInfinity);
        int i = 0;
        for (; i + Lanes <= count; i += Lanes)
            highest = Vector512.Max(highest, Vector512.Load(x + i));
        float most = Most(highest);
        for (; i < count; i++)
            most = MathF.Max(most, x[i]);
        return most;
    }

    /// <summary>
    /// Computes e^x with an error of about one unit in the last place of float32. It is 2^n e^r with r = x - n ln 2. A polynomial of degree 6
    /// approximates e^r (the coefficients of Cephes' expf). The result is 0 below -87.3 and infinity above 88.7. In minimum and maximum, x is the
    /// second operand, because these return their second operand if x is NaN.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Vector512<float> Exp(Vector512<float> x)
    {
        const float Lowest = -87.33654f, Highest = 88.72283f;
        Vector512<float> inside = Vector512.MinNative(Vector512.Create(Highest), Vector512.MaxNative(Vector512.Create(Lowest), x));
        Vector512<float> n = Vector512.Round(inside * 1.44269504f);
        Vector512<float> r = Vector512.FusedMultiplyAdd(n, Vector512.Create(-0.693359375f), inside);
        r = Vector512.FusedMultiplyAdd(n, Vector512.Create(2.12194440e-4f), r);
        Vector512<float> p = Vector512.Create(1.9875691500e-4f);
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.3981999507e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(8.3334519073e-3f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(4.1665795894e-2f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(1.6666665459e-1f));
        p = Vector512.FusedMultiplyAdd(p, r, Vector512.Create(5.0000001201e-1f));
        p = Vector512.FusedMultiplyAdd(p, r * r, r) + Vector512<float>.One;
        // 2^n in two factors: n may be 128, but the largest float32 exponent is 127.
        Vector512<int> exponent = Vector512.ConvertToInt32Native(n), half = exponent >> 1;
        Vector512<int> bias = Vector512.Create(127);
        Vector512<float> power = p * ((half + bias) << 23).AsSingle() * ((exponent - half + bias) << 23).AsSingle();
        power = Vector512.ConditionalSelect(Vector512.LessThan(x, Vector512.Create(Lowest)), default, power);
        return Vector512.ConditionalSelect(Vector512.GreaterThan(x, Vector512.Create(Highest)), Vector512.Create(float.PositiveInfinity), power);
    }

    /// <summary>Returns the largest of 16 numbers.</summary>
    public static float Most(Vector512<float> x)
    {
        Vector256<float> eight = Vector256.Max(x.GetLower(), x.GetUpper());
        Vector128<float> four = Vector128.Max(eight.GetLower(), eight.GetUpper());
        return MathF.Max(MathF.Max(four[0], four[1]), MathF.Max(four[2], four[3]));
    }
}
