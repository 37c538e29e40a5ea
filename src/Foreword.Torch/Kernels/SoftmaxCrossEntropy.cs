using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Foreword.Torch.Kernels;

/// <summary>
/// Softmax and cross entropy of rows of logits on the CPU, forward and backward in one pass over memory.
/// Computes in float32 whatever the logits' format; a row's loss is independent of the number of threads.
/// </summary>
internal static unsafe class SoftmaxCrossEntropy
{
    /// <summary>
    /// Replaces each row of logits by weight * (softmax - onehot(target)), the gradient of weight * loss, and returns the sum of
    /// the rows' weighted losses in nats. Rows with target -1 get a gradient of 0 and no loss.
    /// </summary>
    /// <param name="logits">[M, Vp], float32 or bfloat16, contiguous; overwritten.</param>
    /// <param name="V">Columns that are logits; the rest is padding and becomes 0.</param>
    /// <param name="targets">[M], int64, contiguous.</param>
    /// <param name="weights">[M], float32, contiguous: usually 1 / number of targets.</param>
    public static double BackwardInPlace(Tensor logits, int V, Tensor targets, Tensor weights)
    {
        int rows = (int)logits.shape[0], stride = (int)logits.shape[1];
        long* target = TensorMemory.Int64(targets);
        float* weight = TensorMemory.Float32(weights);
        double[] losses = new double[rows];
        if (logits.dtype == ScalarType.BFloat16)
        {
            ushort* data = TensorMemory.BFloat16(logits);
            ForEachRow(rows, row => losses[row] = weight[row] * Row<BFloat16Row>(data + (long)row * stride, V, stride, (int)target[row], weight[row]));
        }
        else
        {
            float* data = TensorMemory.Float32(logits);
            ForEachRow(rows, row => losses[row] = weight[row] * Row<Float32Row>(data + (long)row * stride, V, stride, (int)target[row], weight[row]));
        }

        return losses.Sum();
    }

    private static void ForEachRow(int rows, Action<int> body)
    {
        const int RowsPerPiece = 16;
        Parallel.For(0, (rows + RowsPerPiece - 1) / RowsPerPiece, piece =>
        {
            for (int row = piece * RowsPerPiece; row < Math.Min(rows, (piece + 1) * RowsPerPiece); row++)
                body(row);
        });
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static double Row<TRow>(void* row, int V, int stride, int target, float scale) where TRow : struct, IRow
    {
        for (int i = V; i < stride; i++)
            TRow.Set(row, i, 0);
        int whole = V - V % Vector512<float>.Count;
        if (target < 0)
        {
            for (int i = 0; i < V; i++)
                TRow.Set(row, i, 0);
            return 0;
        }

        Vector512<float> maxima = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < whole; i += Vector512<float>.Count)
            maxima = Vector512.Max(maxima, TRow.Load(row, i));
        float max = float.NegativeInfinity;
        for (int lane = 0; lane < Vector512<float>.Count; lane++)
            max = MathF.Max(max, maxima[lane]);
        for (int i = whole; i < V; i++)
            max = MathF.Max(max, TRow.Get(row, i));

        Vector512<float> sums = Vector512<float>.Zero, shift = Vector512.Create(max);
        for (int i = 0; i < whole; i += Vector512<float>.Count)
            sums += VectorMath.Exp(TRow.Load(row, i) - shift);
        float sum = Vector512.Sum(sums);
        for (int i = whole; i < V; i++)
            sum += MathF.Exp(TRow.Get(row, i) - max);

        float targetLogit = TRow.Get(row, target) - max, factor = scale / sum;
        Vector512<float> factors = Vector512.Create(factor);
        for (int i = 0; i < whole; i += Vector512<float>.Count)
            TRow.Store(VectorMath.Exp(TRow.Load(row, i) - shift) * factors, row, i);
        for (int i = whole; i < V; i++)
            TRow.Set(row, i, MathF.Exp(TRow.Get(row, i) - max) * factor);
        TRow.Set(row, target, MathF.Exp(targetLogit) * factor - scale);
        return Math.Log(sum) - targetLogit;
    }

    /// <summary>How a row's numbers lie in memory.</summary>
    private interface IRow
    {
        static abstract Vector512<float> Load(void* row, int index);
        static abstract void Store(Vector512<float> values, void* row, int index);
        static abstract float Get(void* row, int index);
        static abstract void Set(void* row, int index, float value);
    }

    private readonly struct Float32Row : IRow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Load(void* row, int index) => Vector512.Load((float*)row + index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Vector512<float> values, void* row, int index) => values.Store((float*)row + index);

        public static float Get(void* row, int index) => ((float*)row)[index];

        public static void Set(void* row, int index, float value) => ((float*)row)[index] = value;
    }

    private readonly struct BFloat16Row : IRow
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static Vector512<float> Load(void* row, int index) => VectorMath.LoadBFloat16((ushort*)row + index);

        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        public static void Store(Vector512<float> values, void* row, int index) => VectorMath.StoreBFloat16(values, (ushort*)row + index);

        public static float Get(void* row, int index) => VectorMath.ToSingle(((ushort*)row)[index]);

        public static void Set(void* row, int index, float value) => ((ushort*)row)[index] = VectorMath.ToBFloat16(value);
    }
}
