using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

// M rows, C channels.

/// <summary>
/// Computes LayerNorm over rows of float32, [M, C], forward and backward (Ba et al. 2016). Uses .NET's portable 512-bit vectors: AVX-512, or pairs of
/// AVX2 vectors.
/// </summary>
internal static unsafe class LayerNormKernel<T> where T : unmanaged, IElement<T>
{
    /// <summary>Number of rows of a work item. It is fixed, so that the sums over rows do not depend on the number of threads.</summary>
    private const int RowsPerItem = 32;

    /// <summary>Computes y = (x - mean) / sqrt(variance + epsilon) * weight + bias.</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="x">The input, [M, C].</param>
    /// <param name="norm">Weight, bias and epsilon.</param>
    /// <param name="M">Number of rows, a multiple of 32.</param>
    /// <param name="C">Number of channels, a multiple of 16.</param>
    /// <param name="output">Receives y in float32, [M, C]; null to skip it.</param>
    /// <param name="rounded">Receives y rounded, [M, C]; null to skip it.</param>
    /// <param name="statistics">Receives the mean and 1 / standard deviation of each row, [M, 2].</param>
    public static void Forward(Workspace work, float* x, Norm norm, int M, int C, float* output, T* rounded, float* statistics)
    {
        using StepProfile.Lap lap = work.Time("norm");
        work.Workers.ForEach(M / RowsPerItem, (_, item) =>
        {
            for (long row = (long)item * RowsPerItem; row < (long)(item + 1) * RowsPerItem; row++)
            {
                ForwardRow(
                    x + row * C, norm.Weight, norm.Bias, norm.Epsilon, C, output is null ? null : output + row * C, rounded is null ? null : rounded + row * C,
                    statistics + 2 * row);
            }
        });
    }

    /// <summary>Computes the gradients with respect to x, weight and bias.</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="x">The forward pass's input, [M, C].</param>
    /// <param name="norm">The weight, and the destinations of the gradients.</param>
    /// <param name="statistics">The forward pass's statistics.</param>
    /// <param name="gradient">Gradient with respect to y, float32 [M, C].</param>
    /// <param name="M">Number of rows, a multiple of 32.</param>
    /// <param name="C">Number of channels, a multiple of 16.</param>
    /// <param name="result">Receives the gradient with respect to x, float32 [M, C]; may be <paramref name="gradient"/>.</param>
    /// <param name="add">True to add to <paramref name="result"/>, which holds the gradient of the residual stream; false to overwrite it.</param>
    /// <param name="rounded">
    /// Receives the final <paramref name="result"/> after <paramref name="dropout"/>, rounded, [M, C]: the gradient of the branch before the norm. Null
    /// to skip it.
    /// </param>
    /// <param name="dropout">Dropout of the branch before the norm.</param>
    public static void Backward(
        Workspace work, float* x, Norm norm, float* statistics, float* gradient, int M, int C, float* result, bool add, T* rounded, DropoutMask dropout)
    {
        using StepProfile.Lap lap = work.Time("norm backward");
        var mark = work.Mark();
        int items = M / RowsPerItem;
        float* sums = work.Take<float>((long)items * 2 * C); // for each item: gradients of weight [C] and of bias [C]
        work.Workers.ForEach(items, (_, item) =>
        {
            float* own = sums + (long)item * 2 * C;
            new Span<float>(own, 2 * C).Clear();
            for (long row = (long)item * RowsPerItem; row < (long)(item + 1) * RowsPerItem; row++)
            {
                BackwardRow(x + row * C, gradient + row * C, norm.Weight, statistics + 2 * row, C, result + row * C, add, own);
                if (rounded is not null)
                    DropoutRow(result + row * C, rounded + row * C, C, dropout, row);
            }
        });
        AddUp(sums, items, 2 * C, 0, C, norm.WeightGradient);
        AddUp(sums, items, 2 * C, C, C, norm.BiasGradient);
        work.Release(mark);
    }

    /// <summary>Applies dropout to float32 rows, [M, C], and rounds them.</summary>
    public static void Round(Workspace work, float* source, int M, int C, T* rounded, DropoutMask dropout)
    {
        using StepProfile.Lap lap = work.Time("round");
        work.Workers.ForEach(M / RowsPerItem, (_, item) =>
        {
            for (long row = (long)item * RowsPerItem; row < (long)(item + 1) * RowsPerItem; row++)
                DropoutRow(source + row * C, rounded + row * C, C, dropout, row);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void ForwardRow(float* x, float* weight, float* bias, float epsilon, int C, float* output, T* rounded, float* statistics)
    {
        Vector512<float> sum = Vector512<float>.Zero, squares = Vector512<float>.Zero;
        for (int i = 0; i < C; i += Vector512<float>.Count)
            sum += Vector512.Load(x + i);
        float mean = Vector512.Sum(sum) / C;
        Vector512<float> means = Vector512.Create(mean);
        for (int i = 0; i < C; i += Vector512<float>.Count)
        {
            Vector512<float> difference = Vector512.Load(x + i) - means;
            squares = Vector512.FusedMultiplyAdd(difference, difference, squares);
        }

        float scale = 1 / MathF.Sqrt(Vector512.Sum(squares) / C + epsilon);
        Vector512<float> scales = Vector512.Create(scale);
        for (int i = 0; i < C; i += Vector512<float>.Count)
        {
            Vector512<float> y = Vector512.FusedMultiplyAdd((Vector512.Load(x + i) - means) * scales, Vector512.Load(weight + i), Vector512.Load(bias + i));
            if (output is not null)
                y.Store(output + i);
            if (rounded is not null)
                T.Store(y, rounded + i);
        }

        (statistics[0], statistics[1]) = (mean, scale);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void BackwardRow(float* x, float* gradient, float* weight, float* statistics, int C, float* result, bool add, float* sums)
    {
        Vector512<float> mean = Vector512.Create(statistics[0]), scale = Vector512.Create(statistics[1]);
        Vector512<float> sum = Vector512<float>.Zero, product = Vector512<float>.Zero;
        for (int i = 0; i < C; i += Vector512<float>.Count)
        {
            Vector512<float> normed = (Vector512.Load(x + i) - mean) * scale, g = Vector512.Load(gradient + i);
            Vector512.FusedMultiplyAdd(g, normed, Vector512.Load(sums + i)).Store(sums + i);
            (Vector512.Load(sums + C + i) + g).Store(sums + C + i);
            g *= Vector512.Load(weight + i);
            sum += g;
            product = Vector512.FusedMultiplyAdd(g, normed, product);
        }

        Vector512<float> first = Vector512.Create(Vector512.Sum(sum) / C), second = Vector512.Create(Vector512.Sum(product) / C);
        for (int i = 0; i < C; i += Vector512<float>.Count)
        {
            Vector512<float> normed = (Vector512.Load(x + i) - mean) * scale;
            Vector512<float> d = (Vector512.Load(gradient + i) * Vector512.Load(weight + i) - first - normed * second) * scale;
            (add ? Vector512.Load(result + i) + d : d).Store(result + i);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void DropoutRow(float* source, T* rounded, int C, DropoutMask dropout, long row)
    {
        uint key = dropout.RowKey(row);
        for (int i = 0; i < C; i += Vector512<float>.Count)
            T.Store(dropout.Apply(Vector512.Load(source + i), key, i), rounded + i);
    }

    /// <summary>Adds columns of the items' sums, in the order of the items.</summary>
    private static void AddUp(float* sums, int items, int stride, int offset, int count, Gradient target)
    {
        if (target.Address is null)
            return;
        for (int i = 0; i < count; i += Vector512<float>.Count)
        {
            Vector512<float> sum = target.Adds ? Vector512.Load(target.Address + i) : Vector512<float>.Zero;
            for (int item = 0; item < items; item++)
                sum += Vector512.Load(sums + (long)item * stride + offset + i);
            sum.Store(target.Address + i);
        }
    }
}
