using System.Runtime.Intrinsics;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

// M rows, C channels, V vocabulary, Vp = V rounded up to a multiple of 64.

/// <summary>
/// Computes the output layer with softmax and cross entropy. It processes chunks of rows, so that the logits of all rows never exist at the same time.
/// Logits are rounded to the number format of products; softmax and loss are float32. Products use <see cref="MicroKernel"/>; the rest uses .NET's
/// portable 512-bit vectors.
/// </summary>
internal static unsafe class HeadKernel<T> where T : unmanaged, IElement<T>
{
    /// <summary>
    /// Largest size of a chunk's logits in bytes. The more rows a chunk has, the less often the gradient of the weights is read and written.
    /// </summary>
    private const long ChunkBytes = 128L << 20;

    private const int RowsPerItem = 16;

    /// <summary>Computes the sum of weighted losses and its gradients.</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="hidden">Final hidden states, float32 [M, C].</param>
    /// <param name="M">Number of rows.</param>
    /// <param name="C">Number of channels, a multiple of 16.</param>
    /// <param name="targets">The target of each row, [M]; -1 excludes a row.</param>
    /// <param name="weights">The weight of each row's loss, [M].</param>
    /// <param name="weight">The layer's weight, [V, C].</param>
    /// <param name="V">Size of the vocabulary.</param>
    /// <param name="weightGradient">Destination of the gradient with respect to the layer's weight.</param>
    /// <param name="hiddenGradient">Receives the gradient with respect to the hidden states, [M, C].</param>
    /// <returns>The sum of the weighted losses in nats.</returns>
    public static double Backward(
        Workspace work, float* hidden, int M, int C, long* targets, float* weights, float* weight, int V, Gradient weightGradient, float* hiddenGradient)
    {
        var mark = work.Mark();
        int Vp = Product<T>.Padded(V), most = RowsOfChunk(M, Vp), rows = (M + 31) / 32 * 32;
        T* rounded = RoundedRows(work, hidden, M, C);
        WeightMatrix<T> forward = new(weight, V, C, transposed: true), backward = new(weight, V, C, transposed: false);
        T* logits = work.Take<T>((long)most * Vp), states = work.Take<T>(Product<T>.PackedSize(most, C));
        double[] losses = new double[M];
        bool add = weightGradient.Adds;
        for (int first = 0; first < M; first += most)
        {
            int start = first, count = Math.Min(most, rows - first), real = Math.Min(count, M - first);
            Product<T>.Multiply(work, count, Vp, C, rounded + (long)start * C, forward, new StoreRounded<T>(null, logits, Vp));
            using (work.Time("softmax and loss"))
            {
                work.Workers.ForEach((count + RowsPerItem - 1) / RowsPerItem, (_, item) =>
                {
                    for (int row = item * RowsPerItem; row < Math.Min(count, (item + 1) * RowsPerItem); row++)
                    {
                        bool counts = row < real;
                        float share = counts ? weights[start + row] : 0;
                        double loss = SoftmaxCrossEntropy.BackwardRow(logits + (long)row * Vp, V, Vp, counts ? (int)targets[start + row] : -1, share);
                        if (counts)
                            losses[start + row] = share * loss;
                    }
                });
            }

            Product<T>.Multiply(work, real, C, Vp, logits, backward, hiddenGradient + (long)start * C, add: false);
            if (weightGradient.Address is null)
                continue;
            Product<T>.PackRows(work, rounded + (long)start * C, count, C, states, null, add: false);
            Product<T>.MultiplyTransposed(work, count, V, C, logits, Vp, states, weightGradient.Address, add);
            add = true;
        }

        work.Release(mark);
        return losses.Sum();
    }

    /// <summary>Computes the losses of rows in nats, without gradients; 0 if a target is -1.</summary>
    /// <inheritdoc cref="Backward" path="/param"/>
    public static double[] Losses(Workspace work, float* hidden, int M, int C, long* targets, float* weight, int V)
    {
        var mark = work.Mark();
        int Vp = Product<T>.Padded(V), most = RowsOfChunk(M, Vp);
        T* rounded = RoundedRows(work, hidden, M, C);
        WeightMatrix<T> forward = new(weight, V, C, transposed: true);
        T* logits = work.Take<T>((long)most * Vp);
        double[] losses = new double[M];
        for (int first = 0; first < M; first += most)
        {
            int start = first, count = Math.Min(most, M - first);
            Product<T>.Multiply(work, count, Vp, C, rounded + (long)start * C, forward, new StoreRounded<T>(null, logits, Vp));
            work.Workers.ForEach((count + RowsPerItem - 1) / RowsPerItem, (_, item) =>
            {
                for (int row = item * RowsPerItem; row < Math.Min(count, (item + 1) * RowsPerItem); row++)
                    losses[start + row] = SoftmaxCrossEntropy.LossOfRow(logits + (long)row * Vp, V, (int)targets[start + row]);
            });
        }

        work.Release(mark);
        return losses;
    }

    /// <summary>Returns the number of rows of a chunk: a multiple of 32, chosen so that all chunks have about the same size.</summary>
    private static int RowsOfChunk(int M, int Vp)
    {
        long most = Math.Max(32, ChunkBytes / sizeof(T) / Vp);
        long chunks = (M + most - 1) / most;
        return (int)((M + chunks - 1) / chunks + 31) / 32 * 32;
    }

    /// <summary>Rounds the rows, and appends rows of zeros up to a multiple of 32.</summary>
    private static T* RoundedRows(Workspace work, float* hidden, int M, int C)
    {
        using StepProfile.Lap lap = work.Time("round");
        long count = (long)M * C, padded = (M + 31) / 32 * 32L * C;
        T* rounded = work.Take<T>(padded);
        for (long i = 0; i < count; i += Vector512<float>.Count)
            T.Store(Vector512.Load(hidden + i), rounded + i);
        new Span<T>(rounded + count, (int)(padded - count)).Clear();
        return rounded;
    }
}
