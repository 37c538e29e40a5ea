using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

/// <summary>Stores y = A B + bias, rounded.</summary>
/// <param name="Bias">The bias, [N]; null for none.</param>
/// <param name="Output">Receives y, [M, N].</param>
/// <param name="Stride">Elements from row to row: N, or the size that it is padded to.</param>
internal readonly unsafe struct StoreRounded<T>(float* Bias, T* Output, int Stride) : IEpilogue where T : unmanaged, IElement<T>
{
    public static string Name => "product, bias";

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(float* tile, int row, int column, int rows, int columns)
    {
        for (int m = 0; m < rows; m++)
        {
            T* output = Output + (long)(row + m) * Stride + column;
            for (int n = 0; n < columns; n += Vector512<float>.Count)
            {
                Vector512<float> value = Vector512.Load(tile + m * 64 + n);
                T.Store(Bias is null ? value : value + Vector512.Load(Bias + column + n), output + n);
            }
        }
    }
}

/// <summary>Stores y = residual + dropout(A B + bias) in float32.</summary>
/// <param name="Bias">The bias, [N].</param>
/// <param name="Residual">The residual stream, [M, N].</param>
/// <param name="Output">Receives y, [M, N].</param>
/// <param name="N">Number of columns.</param>
/// <param name="Dropout">Dropout of the branch.</param>
internal readonly unsafe struct AddToResidual(float* Bias, float* Residual, float* Output, int N, DropoutMask Dropout) : IEpilogue
{
    public static string Name => "product, bias, residual";

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(float* tile, int row, int column, int rows, int columns)
    {
        for (int m = 0; m < rows; m++)
        {
            long start = (long)(row + m) * N + column;
            uint key = Dropout.RowKey(row + m);
            for (int n = 0; n < columns; n += Vector512<float>.Count)
            {
                Vector512<float> branch = Vector512.Load(tile + m * 64 + n) + Vector512.Load(Bias + column + n);
                (Vector512.Load(Residual + start + n) + Dropout.Apply(branch, key, column + n)).Store(Output + start + n);
            }
        }
    }
}

/// <summary>
/// Stores GELU(A B + bias), the output of the feed-forward network's first layer, and its derivative for the backward pass; both are rounded. One tanh
/// serves both.
/// </summary>
/// <param name="Bias">The bias, [N].</param>
/// <param name="Slope">Receives the derivative, [M, N].</param>
/// <param name="Output">Receives the output, [M, N].</param>
/// <param name="N">Number of columns.</param>
internal readonly unsafe struct Gelu<T>(float* Bias, T* Slope, T* Output, int N) : IEpilogue where T : unmanaged, IElement<T>
{
    public static string Name => "product, bias, GELU";

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(float* tile, int row, int column, int rows, int columns)
    {
        for (int m = 0; m < rows; m++)
        {
            long start = (long)(row + m) * N + column;
            for (int n = 0; n < columns; n += Vector512<float>.Count)
            {
                var (value, slope) = VectorMath.Gelu(Vector512.Load(tile + m * 64 + n) + Vector512.Load(Bias + column + n));
                T.Store(slope, Slope + start + n);
                T.Store(value, Output + start + n);
            }
        }
    }
}

/// <summary>Stores A B times the derivative of GELU, rounded: the backward pass of <see cref="Gelu{T}"/>.</summary>
/// <param name="Slope">The derivative that <see cref="Gelu{T}"/> stored, [M, N].</param>
/// <param name="Output">Receives the product, [M, N].</param>
/// <param name="N">Number of columns.</param>
internal readonly unsafe struct GeluBackward<T>(T* Slope, T* Output, int N) : IEpilogue where T : unmanaged, IElement<T>
{
    public static string Name => "product, GELU backward";

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Apply(float* tile, int row, int column, int rows, int columns)
    {
        for (int m = 0; m < rows; m++)
        {
            long start = (long)(row + m) * N + column;
            for (int n = 0; n < columns; n += Vector512<float>.Count)
                T.Store(Vector512.Load(tile + m * 64 + n) * T.Load(Slope + start + n), Output + start + n);
        }
    }
}
