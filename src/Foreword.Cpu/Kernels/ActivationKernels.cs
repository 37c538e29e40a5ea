using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Models;
using Foreword.Numerics;

namespace Foreword.Cpu.Kernels;

/// <summary>
/// Computes the activation functions that the published models do not use; those use <see cref="RowKernels.Gelu"/>. The code uses the portable 512-bit
/// vectors of .NET: AVX-512 instructions where the processor has them, otherwise two vectors of 256 bits (AVX2) or four of 128 bits (SSE, Arm AdvSimd).
/// </summary>
internal static unsafe class ActivationKernels
{
    private const int Lanes = 16;

    /// <summary>
    /// Coefficients of S in erfc(z) = t S(t) exp(-z²), t = 2 / (2 + z), z at least 0, starting with the highest power. They interpolate at 15 Chebyshev
    /// points, computed with 40 digits. The relative error is at most 2.1e-10, which is 1/280 of float32's half unit in the last place.
    /// </summary>
    private static readonly double[] ErrorFunction =
    [
        0.018944427122106002, -0.11143363562335347, 0.24191141268686897, -0.16040899293159852, -0.23574209492218734,
        0.5147559361691703, -0.3321518703248661, 0.08678243886721727, -0.09560495997226379, 0.0026206942502424555,
        0.0829424424222379, 0.1763635403443102, 0.2468310528212994, 0.28209481742615183, 0.2820947917167231,
    ];

    /// <summary>Computes y = activation(y + bias) in vectors of 16. Whole vectors are read and written.</summary>
    public static void Run(Activation activation, float* y, float* bias, int count)
    {
        switch (activation)
        {
            case Activation.Gelu:
                Gelu(y, bias, count);
                break;
            case Activation.Relu:
                Relu(y, bias, count);
                break;
            case Activation.Silu:
                Sigmoid(y, bias, count, 1);
                break;
            case Activation.QuickGelu:
                Sigmoid(y, bias, count, 1.702f);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(activation), activation, "no kernel supports this activation");
        }
    }

    [MethodImpl(Compiled.Apart)]
    private static void Relu(float* y, float* bias, int count)
    {
        for (int i = 0; i < count; i += Lanes)
            Vector512.Max(Vector512.Load(y + i) + Vector512.Load(bias + i), default).Store(y + i);
    }

    /// <summary>Computes y = v / (1 + exp(-slope v)) with v = y + bias.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void Sigmoid(float* y, float* bias, int count, float slope)
    {
        Vector512<float> slopes = Vector512.Create(-slope);
        for (int i = 0; i < count; i += Lanes)
        {
            Vector512<float> v = Vector512.Load(y + i) + Vector512.Load(bias + i);
            (v / (Vector512<float>.One + RowKernels.Exp(v * slopes))).Store(y + i);
        }
    }

    /// <summary>Computes y = v (1 + erf(v / sqrt 2)) / 2 with v = y + bias, in float64, and rounds the result once to float32.</summary>
    [MethodImpl(Compiled.Apart)]
    private static void Gelu(float* y, float* bias, int count)
    {
        for (int i = 0; i < count; i += Lanes)
        {
            Vector512<float> v = Vector512.Load(y + i) + Vector512.Load(bias + i);
            Vector512.Narrow(Gelu(Vector512.WidenLower(v)), Gelu(Vector512.WidenUpper(v))).Store(y + i);
        }
    }

    /// <summary>Computes v erfc(-v / sqrt 2) / 2. Above 0 this is v minus v erfc(v / sqrt 2) / 2, so that there is no cancellation.</summary>
    private static Vector512<double> Gelu(Vector512<double> v)
    {
        Vector512<double> z = Vector512.Abs(v) * 0.70710678118654752440;
        Vector512<double> t = Vector512.Create(2.0) / (z + Vector512.Create(2.0)), sum = Vector512.Create(ErrorFunction[0]);
        for (int power = 1; power < ErrorFunction.Length; power++)
            sum = Vector512.FusedMultiplyAdd(sum, t, Vector512.Create(ErrorFunction[power]));
        Vector512<double> tail = v * 0.5 * (t * sum * Vector512.Exp(-(z * z)));
        return Vector512.ConditionalSelect(Vector512.GreaterThan(v, Vector512<double>.Zero), v - tail, tail);
    }
}
