using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

// M rows (tokens of all sequences), T tokens of a sequence, C channels.

/// <summary>
/// Computes the sum of token and position embeddings, forward and backward, in float32. Uses .NET's portable 512-bit vectors: AVX-512, or pairs of AVX2
/// vectors.
/// </summary>
internal static unsafe class EmbeddingKernel
{
    private const int RowsPerItem = 64, ColumnsPerItem = 64;

    /// <summary>Computes x = dropout(wte[id] + wpe[position]).</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="ids">Token ids, [M].</param>
    /// <param name="positions">Positions, [M]; null if the positions of each sequence are 0 to T - 1.</param>
    /// <param name="M">Number of rows.</param>
    /// <param name="T">Number of tokens of a sequence.</param>
    /// <param name="C">Number of channels, a multiple of 16.</param>
    /// <param name="wte">Token embeddings, [V, C].</param>
    /// <param name="wpe">Position embeddings, [context length, C].</param>
    /// <param name="dropout">Dropout of the sum.</param>
    /// <param name="x">Receives the sum, [M, C].</param>
    public static void Forward(Workspace work, long* ids, int* positions, int M, int T, int C, float* wte, float* wpe, DropoutMask dropout, float* x)
    {
        using StepProfile.Lap lap = work.Time("embedding");
        work.Workers.ForEach((M + RowsPerItem - 1) / RowsPerItem, (_, item) =>
        {
            for (int row = item * RowsPerItem; row < Math.Min(M, (item + 1) * RowsPerItem); row++)
                Add(wte + ids[row] * C, wpe + (positions is null ? row % T : (long)positions[row]) * C, C, dropout, row, x + (long)row * C);
        });
    }

    /// <summary>
    /// Adds the gradient with respect to x to the gradients of both embeddings. Each column is summed by one worker, so that the order of summation is
    /// fixed.
    /// </summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="ids">The forward pass's token ids.</param>
    /// <param name="positions">The forward pass's positions; null if the positions of each sequence are 0 to T - 1.</param>
    /// <param name="M">Number of rows.</param>
    /// <param name="T">Number of tokens of a sequence.</param>
    /// <param name="C">Number of channels, a multiple of 16.</param>
    /// <param name="gradient">Gradient with respect to x, [M, C].</param>
    /// <param name="dropout">The forward pass's dropout.</param>
    /// <param name="wte">Gradient of the token embeddings, [V, C], which is added to; null to skip it.</param>
    /// <param name="wpe">Gradient of the position embeddings, [context length, C], which is added to; null to skip it.</param>
    public static void Backward(Workspace work, long* ids, int* positions, int M, int T, int C, float* gradient, DropoutMask dropout, float* wte, float* wpe)
    {
        using StepProfile.Lap lap = work.Time("embedding backward");
        work.Workers.ForEach((C + ColumnsPerItem - 1) / ColumnsPerItem, (_, item) =>
        {
            int first = item * ColumnsPerItem, end = Math.Min(C, first + ColumnsPerItem);
            for (int row = 0; row < M; row++)
            {
                Scatter(
                    gradient + (long)row * C, first, end, dropout, row, wte is null ? null : wte + ids[row] * C,
                    wpe is null ? null : wpe + (positions is null ? row % T : (long)positions[row]) * C);
            }
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Add(float* a, float* b, int C, DropoutMask dropout, int row, float* sum)
    {
        uint key = dropout.RowKey(row);
        for (int i = 0; i < C; i += Vector512<float>.Count)
            dropout.Apply(Vector512.Load(a + i) + Vector512.Load(b + i), key, i).Store(sum + i);
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Scatter(float* gradient, int first, int end, DropoutMask dropout, int row, float* wte, float* wpe)
    {
        uint key = dropout.RowKey(row);
        for (int i = first; i < end; i += Vector512<float>.Count)
        {
            Vector512<float> g = dropout.Apply(Vector512.Load(gradient + i), key, i);
            if (wte is not null)
                (Vector512.Load(wte + i) + g).Store(wte + i);
            if (wpe is not null)
                (Vector512.Load(wpe + i) + g).Store(wpe + i);
        }
    }
}
