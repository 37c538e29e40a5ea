using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using static TorchSharp.torch;

namespace Foreword.Torch.Kernels;

/// <summary>
/// Computes softmax and cross entropy of rows of logits on the CPU, and optionally the gradient in place. Computes in float32 for every format of
/// logits. A row's loss does not depend on the number of threads. Uses .NET's portable 512-bit vectors: AVX-512 instructions where the processor has
/// them, otherwise two vectors of 256 bits (AVX2) or four of 128 bits (SSE, Arm AdvSimd).
/// </summary>
internal static unsafe class SoftmaxCrossEntropy
{
    /// <summary>
    /// Replaces each row of logits with weight * (softmax - onehot(target)), the gradient of weight * loss. Rows with target -1 get a gradient of 0 and
    /// have no loss.
    /// </summary>
    /// <param name="logits">The logits, [M, Vp], float32 or bfloat16, contiguous; overwritten.</param>
    /// <param name="V">Number of columns that are logits. The remaining columns are padding and become 0.</param>
    /// <param name="targets">The target of each row, [M], int64, contiguous.</param>
    /// <param name="weights">The weight of each row's loss, [M], float32, contiguous; usually 1 / number of targets.</param>
    /// <returns>The sum of the rows' weighted losses in nats.</returns>
    public static double BackwardInPlace(Tensor logits, int V, Tensor targets, Tensor weights)
    {
        int rows = (int)logits.shape[0], stride = (int)logits.shape[1];
        long* target = TensorMemory.Int64(targets);
        float* weight = TensorMemory.Float32(weights);
        double[] losses = new double[rows];
        if (logits.dtype == ScalarType.BFloat16)
        {
            ushort* data = TensorMemory.BFloat16(logits);
            ForEachRow(rows, row => losses[row] = weight[row] * BackwardRow((BFloat16*)data + (long)row * stride, V, stride, (int)target[row], weight[row]));
        }
        else
        {
            float* data = TensorMemory.Float32(logits);
            ForEachRow(rows, row => losses[row] = weight[row] * BackwardRow((Float32*)data + (long)row * stride, V, stride, (int)target[row], weight[row]));
        }

        return losses.Sum();
    }

    /// <summary>Calls a function for each row, on as many threads as libtorch uses.</summary>
    internal static void ForEachRow(int rows, Action<int> body)
    {
        const int RowsPerItem = 16;
        WorkerPool.Of(get_num_threads()).ForEach((rows + RowsPerItem - 1) / RowsPerItem, (_, item) =>
        {
            for (int row = item * RowsPerItem; row < Math.Min(rows, (item + 1) * RowsPerItem); row++)
                body(row);
        });
    }

    /// <summary>Computes one row of <see cref="BackwardInPlace"/>.</summary>
    /// <param name="row">The row's logits; overwritten.</param>
    /// <param name="V">Number of columns that are logits.</param>
    /// <param name="stride">Number of columns including padding; the padding becomes 0.</param>
    /// <param name="target">The target token, or -1.</param>
    /// <param name="scale">The weight of the loss in the gradient.</param>
    /// <returns>The row's unweighted loss in nats.</returns>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public static double BackwardRow<T>(T* row, int V, int stride, int target, float scale) where T : unmanaged, IElement<T>
    {
        int whole = V - V % Vector512<float>.Count;
        for (int i = V; i < stride; i++)
            T.Set(0, row + i);
        if (target < 0)
        {
            new Span<T>(row, V).Clear();
            return 0;
        }

        (float max, float sum) = MaxAndSum(row, V);
        float targetLogit = T.Get(row + target) - max, factor = scale / sum;
        Vector512<float> factors = Vector512.Create(factor), shift = Vector512.Create(max);
        for (int i = 0; i < whole; i += Vector512<float>.Count)
            T.Store(VectorMath.Exp(T.Load(row + i) - shift) * factors, row + i);
        for (int i = whole; i < V; i++)
            T.Set(MathF.Exp(T.Get(row + i) - max) * factor, row + i);
        T.Set(MathF.Exp(targetLogit) * factor - scale, row + target);
        return Math.Log(sum) - targetLogit;
    }

    /// <summary>Returns the loss of one row of logits in nats; 0 if the target is -1.</summary>
    public static double LossOfRow<T>(T* row, int V, int target) where T : unmanaged, IElement<T>
    {
        if (target < 0)
            return 0;
        (float max, float sum) = MaxAndSum(row, V);
        return Math.Log(sum) - (T.Get(row + target) - max);
    }

    /// <summary>Returns the largest logit and the sum of e^(logit - largest).</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static (float Max, float Sum) MaxAndSum<T>(T* row, int V) where T : unmanaged, IElement<T>
    {
        int whole = V - V % Vector512<float>.Count;
        Vector512<float> maxima = Vector512.Create(float.NegativeInfinity);
        for (int i = 0; i < whole; i += Vector512<float>.Count)
            maxima = Vector512.MaxNative(maxima, T.Load(row + i));
        float max = VectorMath.Max(maxima);
        for (int i = whole; i < V; i++)
            max = MathF.Max(max, T.Get(row + i));

        Vector512<float> sums = Vector512<float>.Zero, shift = Vector512.Create(max);
        for (int i = 0; i < whole; i += Vector512<float>.Count)
            sums += VectorMath.Exp(T.Load(row + i) - shift);
        float sum = Vector512.Sum(sums);
        for (int i = whole; i < V; i++)
            sum += MathF.Exp(T.Get(row + i) - max);
        return (max, sum);
    }
}
