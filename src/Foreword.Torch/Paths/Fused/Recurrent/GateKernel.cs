using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused.Recurrent;

// H units; i, f, g, o: the input gate, the forget gate, the candidate and the output gate of a unit, [H] each, one after another in a row of 4H.

/// <summary>
/// Computes the gates of one sequence at one position, forward and backward, in float32, for 16 units at a time. Uses .NET's portable 512-bit vectors.
/// </summary>
internal static unsafe class GateKernel<T> where T : unmanaged, IElement<T>
{
    /// <summary>Number of units of a vector.</summary>
    public const int Lanes = 16;

    /// <summary>Computes cell and output of 16 units.</summary>
    /// <param name="recurrent">The product of the previous output with the recurrent weights: i, f, g and o of the 16 units, [4, 16].</param>
    /// <param name="gates">The product of the input, i of the first unit. Receives the gates after their activation functions.</param>
    /// <param name="bias">The sum of both biases, i of the first unit.</param>
    /// <param name="H">Number of units, the distance from gate to gate.</param>
    /// <param name="before">The cells at the previous position.</param>
    /// <param name="cell">Receives the cells.</param>
    /// <param name="output">Receives the outputs, rounded.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Forward(float* recurrent, float* gates, float* bias, int H, float* before, float* cell, T* output)
    {
        Vector512<float> i = Sigmoid(Vector512.Load(recurrent) + Vector512.Load(gates) + Vector512.Load(bias));
        Vector512<float> f = Sigmoid(Vector512.Load(recurrent + Lanes) + Vector512.Load(gates + H) + Vector512.Load(bias + H));
        Vector512<float> g = VectorMath.Tanh(Vector512.Load(recurrent + 2 * Lanes) + Vector512.Load(gates + 2 * H) + Vector512.Load(bias + 2 * H));
        Vector512<float> o = Sigmoid(Vector512.Load(recurrent + 3 * Lanes) + Vector512.Load(gates + 3 * H) + Vector512.Load(bias + 3 * H));
        Vector512<float> c = f * Vector512.Load(before) + i * g;
        i.Store(gates);
        f.Store(gates + H);
        g.Store(gates + 2 * H);
        o.Store(gates + 3 * H);
        c.Store(cell);
        T.Store(o * VectorMath.Tanh(c), output);
    }

    /// <summary>Computes the gradients of the gates of 16 units before their activation functions.</summary>
    /// <param name="outputGradient">Gradient with respect to the outputs, from the layer above and from the next position.</param>
    /// <param name="gates">The gates after their activation functions, i of the first unit.</param>
    /// <param name="H">Number of units, the distance from gate to gate.</param>
    /// <param name="before">The cells at the previous position.</param>
    /// <param name="cell">The cells.</param>
    /// <param name="cellGradient">Gradient with respect to the cells, from the next position. Receives the one for the previous position.</param>
    /// <param name="gradients">Receives the gradients, rounded, i of the first unit.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static void Backward(Vector512<float> outputGradient, float* gates, int H, float* before, float* cell, float* cellGradient, T* gradients)
    {
        Vector512<float> one = Vector512<float>.One;
        Vector512<float> i = Vector512.Load(gates), f = Vector512.Load(gates + H), g = Vector512.Load(gates + 2 * H), o = Vector512.Load(gates + 3 * H);
        Vector512<float> tanh = VectorMath.Tanh(Vector512.Load(cell));
        Vector512<float> c = outputGradient * o * (one - tanh * tanh) + Vector512.Load(cellGradient);
        T.Store(c * g * i * (one - i), gradients);
        T.Store(c * Vector512.Load(before) * f * (one - f), gradients + H);
        T.Store(c * i * (one - g * g), gradients + 2 * H);
        T.Store(outputGradient * tanh * o * (one - o), gradients + 3 * H);
        (c * f).Store(cellGradient);
    }

    /// <summary>Computes 1 / (1 + e^-x) by means of e^-|x|.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector512<float> Sigmoid(Vector512<float> x)
    {
        Vector512<float> e = VectorMath.Exp(-Vector512.Abs(x));
        Vector512<float> numerator = Vector512.ConditionalSelect(Vector512.GreaterThanOrEqual(x, Vector512<float>.Zero), Vector512<float>.One, e);
        return numerator / (Vector512<float>.One + e);
    }
}
