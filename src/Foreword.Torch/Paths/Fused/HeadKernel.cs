using System.Runtime.Intrinsics;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

// M rows, C channels, V vocabulary, Vp = V up to the next multiple of 64.

/// <summary>
/// The output layer with softmax and cross entropy, in pieces of rows so that the logits never exist whole. Logits are rounded to
/// the number format of products; softmax and loss are float32.
/// </summary>
internal static unsafe class HeadKernel<T> where T : unmanaged, IElement<T>
{
    /// <summary>Bytes of logits of a piece at most: the more rows, the less often the gradient of the weights is read and written.</summary>
    private const long PieceBytes = 128L << 20;

    private const int RowsPerItem = 16;

    /// <summary>Sum of weighted losses in nats, and its gradients.</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="hidden">Final hidden states, float32 [M, C].</param>
    /// <param name="M">Rows.</param>
    /// <param name="C">A multiple of 16.</param>
    /// <param name="targets">[M]; -1 leaves a row out.</param>
    /// <param name="weights">Weight of each row's loss [M].</param>
    /// <param name="weight">[V, C].</param>
    /// <param name="V">Vocabulary.</param>
    /// <param name="weightGradient">Where the gradient by the weight goes.</param>
    /// <param name="hiddenGradient">Receives the gradient by the hidden states [M, C].</param>
    public static double Backward(
        Workspace work, float* hidden, int M, int C, long* targets, float* weights, float* weight, int V, Gradient weightGradient, float* hiddenGradient)
    {
        var mark = work.Mark();
        int Vp = Product<T>.Padded(V), most = RowsOfPiece(M, Vp), rows = (M + 31) / 32 * 32;
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

    /// <summary>The losses of rows in nats, without gradients; 0 where a target is -1.</summary>
    /// <inheritdoc cref="Backward" path="/param"/>
    public static double[] Losses(Workspace work, float* hidden, int M, int C, long* targets, float* weight, int V)
    {
        var mark = work.Mark();
        int Vp = Product<T>.Padded(V), most = RowsOfPiece(M, Vp);
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

    /// <summary>Rows of a piece, a multiple of 32, so that all pieces are about as long.</summary>
    private static int RowsOfPiece(int M, int Vp)
    {
        long most = Math.Max(32, PieceBytes / sizeof(T) / Vp);
        long pieces = (M + most - 1) / most;
        return (int)((M + pieces - 1) / pieces + 31) / 32 * 32;
    }

    /// <summary>The rows rounded, with rows of zeros up to the next multiple of 32.</summary>
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
