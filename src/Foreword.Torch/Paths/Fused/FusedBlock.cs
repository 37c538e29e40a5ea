using Foreword.Models;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused;

// B sequences, T tokens, M = B T rounded up to a multiple of 32, C channels. Rows after B T contain zeros or results of zeros. Their gradients are 0,
// so they add nothing to the gradients of the weights.

/// <summary>
/// Computes one block of the model forward and backward. It corresponds to the block in GptModel.cs, but is written by hand. The residual stream and
/// its gradient are float32; inputs of products are rounded to <typeparamref name="T"/>.
/// </summary>
/// <param name="work">Threads and memory.</param>
/// <param name="config">The architecture.</param>
/// <param name="weights">The block's parameters.</param>
internal sealed unsafe class FusedBlock<T>(Workspace work, GptConfig config, BlockWeights weights) where T : unmanaged, IElement<T>
{
    private readonly int C = config.NEmbd;
    private readonly bool _preNorm = config.Architecture == ModelArchitecture.Gpt2;

    /// <summary>Computes the residual stream after the block from the residual stream before it.</summary>
    /// <param name="batch">Sizes and dropout.</param>
    /// <param name="x">The residual stream before the block, [M, C]. The caller keeps it until the backward pass is done.</param>
    /// <param name="memory">Receives what the backward pass needs.</param>
    /// <param name="output">Receives the residual stream after the block, [M, C].</param>
    public void Forward(in BlockBatch batch, float* x, in BlockMemory<T> memory, float* output)
    {
        int M = batch.M;
        if (_preNorm)
        {
            LayerNormKernel<T>.Forward(work, x, weights.Norm1.Norm(config.LayerNormEpsilon), M, C, null, memory.AttentionInput, memory.Statistics1);
            Attention(batch, memory);
            Linear(M, C, C, memory.Attended, weights.AttentionOutput, new AddToResidual(Address(weights.AttentionOutput.Bias), x, memory.Middle, C, batch.AttentionBranch));
            LayerNormKernel<T>.Forward(work, memory.Middle, weights.Norm2.Norm(config.LayerNormEpsilon), M, C, null, memory.MlpInput, memory.Statistics2);
            FeedForward(batch, memory, memory.Middle, output);
        }
        else
        {
            LayerNormKernel<T>.Round(work, x, M, C, memory.AttentionInput, default);
            Attention(batch, memory);
            Linear(M, C, C, memory.Attended, weights.AttentionOutput, new AddToResidual(Address(weights.AttentionOutput.Bias), x, memory.Middle, C, batch.AttentionBranch));
            LayerNormKernel<T>.Forward(work, memory.Middle, weights.Norm1.Norm(config.LayerNormEpsilon), M, C, output, memory.MlpInput, memory.Statistics1);
            FeedForward(batch, memory, output, memory.Sum);
            LayerNormKernel<T>.Forward(work, memory.Sum, weights.Norm2.Norm(config.LayerNormEpsilon), M, C, output, null, memory.Statistics2);
        }
    }

    /// <summary>
    /// Computes the gradient with respect to the residual stream before the block from the gradient with respect to the stream after it, in place. Also
    /// computes the gradients of the parameters.
    /// </summary>
    /// <param name="batch">The forward pass's batch.</param>
    /// <param name="x">The forward pass's input.</param>
    /// <param name="memory">The forward pass's memory.</param>
    /// <param name="gradient">The gradient, [M, C]; input and output.</param>
    public void Backward(in BlockBatch batch, float* x, in BlockMemory<T> memory, float* gradient)
    {
        int M = batch.M;
        var mark = work.Mark();
        T* branch = work.Take<T>((long)M * C); // the gradient with respect to the output of a branch, rounded
        float* inner = work.Take<float>((long)M * C);
        Norm norm1 = weights.Norm1.Norm(config.LayerNormEpsilon, work), norm2 = weights.Norm2.Norm(config.LayerNormEpsilon, work);
        if (_preNorm)
        {
            LayerNormKernel<T>.Round(work, gradient, M, C, branch, batch.MlpBranch);
            FeedForwardBackward(batch, memory, branch, inner, add: false);
            LayerNormKernel<T>.Backward(work, memory.Middle, norm2, memory.Statistics2, inner, M, C, gradient, add: true, branch, batch.AttentionBranch);
            AttentionBackward(batch, memory, branch, inner, add: false);
            LayerNormKernel<T>.Backward(work, x, norm1, memory.Statistics1, inner, M, C, gradient, add: true, null, default);
        }
        else
        {
            LayerNormKernel<T>.Backward(work, memory.Sum, norm2, memory.Statistics2, gradient, M, C, gradient, add: false, branch, batch.MlpBranch);
            FeedForwardBackward(batch, memory, branch, gradient, add: true);
            LayerNormKernel<T>.Backward(work, memory.Middle, norm1, memory.Statistics1, gradient, M, C, gradient, add: false, branch, batch.AttentionBranch);
            AttentionBackward(batch, memory, branch, gradient, add: true);
        }

        work.Release(mark);
    }

    /// <summary>Computes the queries, keys and values from the attention's input, and the attention of all heads.</summary>
    private void Attention(in BlockBatch batch, in BlockMemory<T> memory)
    {
        Linear(batch.M, 3 * C, C, memory.AttentionInput, weights.Attention, new StoreRounded<T>(Address(weights.Attention.Bias), memory.Qkv, 3 * C));
        int rows = batch.Attention.B * batch.Attention.T;
        new Span<T>(memory.Attended + (long)rows * C, (batch.M - rows) * C).Clear();
        AttentionKernel<T>.Forward(work, batch.Attention, memory.Qkv, memory.Attended, memory.AttendedExact, memory.LogSums);
    }

    private void AttentionBackward(in BlockBatch batch, in BlockMemory<T> memory, T* branch, float* result, bool add)
    {
        int M = batch.M;
        var mark = work.Mark();
        T* attended = work.Take<T>((long)M * C), qkv = work.Take<T>(3L * M * C);
        WeightGradient(M, C, C, memory.Attended, branch, weights.AttentionOutput);
        LinearBackward(M, C, C, branch, weights.AttentionOutput, new StoreRounded<T>(null, attended, C));
        int rows = batch.Attention.B * batch.Attention.T;
        new Span<T>(qkv + 3L * rows * C, 3 * (M - rows) * C).Clear();
        AttentionKernel<T>.Backward(work, batch.Attention, memory.Qkv, memory.AttendedExact, memory.LogSums, attended, qkv);
        WeightGradient(M, C, 3 * C, memory.AttentionInput, qkv, weights.Attention);
        LinearBackward(M, C, 3 * C, qkv, weights.Attention, result, add);
        work.Release(mark);
    }

    /// <summary>Computes output = residual + dropout(gelu(input W + b) W + b).</summary>
    private void FeedForward(in BlockBatch batch, in BlockMemory<T> memory, float* residual, float* output)
    {
        Linear(batch.M, 4 * C, C, memory.MlpInput, weights.FeedForward, new Gelu<T>(Address(weights.FeedForward.Bias), memory.GeluSlope, memory.AfterGelu, 4 * C));
        Linear(batch.M, C, 4 * C, memory.AfterGelu, weights.FeedForwardOutput, new AddToResidual(Address(weights.FeedForwardOutput.Bias), residual, output, C, batch.MlpBranch));
    }

    private void FeedForwardBackward(in BlockBatch batch, in BlockMemory<T> memory, T* branch, float* result, bool add)
    {
        int M = batch.M;
        var mark = work.Mark();
        T* before = work.Take<T>(4L * M * C);
        WeightGradient(M, 4 * C, C, memory.AfterGelu, branch, weights.FeedForwardOutput);
        LinearBackward(M, 4 * C, C, branch, weights.FeedForwardOutput, new GeluBackward<T>(memory.GeluSlope, before, 4 * C));
        WeightGradient(M, C, 4 * C, memory.MlpInput, before, weights.FeedForward);
        LinearBackward(M, C, 4 * C, before, weights.FeedForward, result, add);
        work.Release(mark);
    }

    /// <summary>Computes input [M, K] times W [K, N].</summary>
    private void Linear<TEpilogue>(int M, int N, int K, T* input, WeightPair layer, TEpilogue epilogue) where TEpilogue : struct, IEpilogue
    {
        Product<T>.Multiply(work, M, N, K, input, new WeightMatrix<T>(Address(layer.Weight), K, N, transposed: false), epilogue);
    }

    /// <summary>Computes the gradient with respect to a linear layer's input: [M, N] times the transpose of W [K, N].</summary>
    private void LinearBackward<TEpilogue>(int M, int K, int N, T* gradient, WeightPair layer, TEpilogue epilogue) where TEpilogue : struct, IEpilogue
    {
        Product<T>.Multiply(work, M, K, N, gradient, Transposed(layer, K, N), epilogue);
    }

    private void LinearBackward(int M, int K, int N, T* gradient, WeightPair layer, float* result, bool add) =>
        Product<T>.Multiply(work, M, K, N, gradient, Transposed(layer, K, N), result, add);

    private static WeightMatrix<T> Transposed(WeightPair layer, int K, int N) => new(Address(layer.Weight), K, N, transposed: true);

    /// <summary>Computes the gradients of W [K, N] and its bias from a layer's input [M, K] and the gradient with respect to its output [M, N].</summary>
    private void WeightGradient(int M, int K, int N, T* input, T* gradient, WeightPair layer)
    {
        Gradient weight = work.GradientOf(layer.Weight), bias = work.GradientOf(layer.Bias);
        if (weight.Address is null && bias.Address is null)
            return;
        var mark = work.Mark();
        T* packed = work.Take<T>(Product<T>.PackedSize(M, N));
        Product<T>.PackRows(work, gradient, M, N, packed, bias.Address, bias.Adds);
        if (weight.Address is not null)
            Product<T>.MultiplyTransposed(work, M, K, N, input, K, packed, weight.Address, weight.Adds);
        work.Release(mark);
    }

    private static float* Address(TorchSharp.Modules.Parameter parameter) => TensorMemory.Float32(parameter);
}

/// <summary>The properties of a batch that a block needs.</summary>
/// <param name="M">Number of rows: the tokens of all sequences, rounded up to a multiple of 32.</param>
/// <param name="Attention">Sizes of the attention, and dropout on its probabilities.</param>
/// <param name="AttentionBranch">Dropout on the attention's output, which is added to the residual stream.</param>
/// <param name="MlpBranch">Dropout on the feed-forward network's output, which is added to the residual stream.</param>
internal readonly record struct BlockBatch(int M, AttentionShape Attention, DropoutMask AttentionBranch, DropoutMask MlpBranch)
{
    /// <summary>Number of places in a block that draw dropout masks. The embedding has the number 0, before the places of all blocks.</summary>
    private const int PlacesOfBlock = 3;

    /// <summary>Creates the properties of a batch for one block.</summary>
    /// <param name="config">Sizes and dropout rates.</param>
    /// <param name="B">Number of sequences.</param>
    /// <param name="T">Number of tokens per sequence.</param>
    /// <param name="layer">The block's number.</param>
    /// <param name="seed">Seed of the dropout masks; null for no dropout.</param>
    public static BlockBatch Create(GptConfig config, int B, int T, int layer, long? seed)
    {
        DropoutMask Mask(double rate, int place) => seed is { } value ? new DropoutMask(rate, value, 1 + PlacesOfBlock * layer + place) : default;
        return new BlockBatch(
            Rows(B, T), new AttentionShape(B, T, config.NHead, config.HeadSize, Mask(config.AttnDropout, 0)), Mask(config.ResidDropout, 1), Mask(config.ResidDropout, 2));
    }

    /// <summary>Returns B T rounded up to a multiple of 32, the smallest number of rows that kernels process together.</summary>
    public static int Rows(int B, int T) => checked(B * T + 31) / 32 * 32;
}

/// <summary>The activations that a block's forward pass keeps for its backward pass.</summary>
internal readonly unsafe struct BlockMemory<T> where T : unmanaged, IElement<T>
{
    /// <summary>Input of the attention's product, [M, C]: normalized (GPT-2) or not (GPT-1).</summary>
    public readonly T* AttentionInput;

    /// <summary>Queries, keys and values, [M, 3 C].</summary>
    public readonly T* Qkv;

    /// <summary>Output of the heads, rounded, [M, C].</summary>
    public readonly T* Attended;

    /// <summary>Output of the heads in float32, [M, C]. The backward pass of the softmax needs it for its sums.</summary>
    public readonly float* AttendedExact;

    /// <summary>Logarithms of the softmax sums.</summary>
    public readonly float* LogSums;

    /// <summary>The residual stream after the attention branch has been added, [M, C].</summary>
    public readonly float* Middle;

    /// <summary>Normalized input of the feed-forward network, [M, C].</summary>
    public readonly T* MlpInput;

    /// <summary>The derivative of GELU, [M, 4 C].</summary>
    public readonly T* GeluSlope;

    /// <summary>The output of GELU, [M, 4 C].</summary>
    public readonly T* AfterGelu;

    /// <summary>GPT-1: the residual stream with both branches added, before the last norm, [M, C]. GPT-2 has no norm there.</summary>
    public readonly float* Sum;

    /// <summary>Mean and 1 / standard deviation of each row of the input of ln_1, [M, 2].</summary>
    public readonly float* Statistics1;

    /// <summary>Mean and 1 / standard deviation of each row of the input of ln_2, [M, 2].</summary>
    public readonly float* Statistics2;

    /// <summary>Allocates the memory of one block.</summary>
    public BlockMemory(Workspace work, GptConfig config, in BlockBatch batch)
    {
        long size = (long)batch.M * config.NEmbd;
        AttentionInput = work.Take<T>(size);
        Qkv = work.Take<T>(3 * size);
        Attended = work.Take<T>(size);
        AttendedExact = work.Take<float>(size);
        LogSums = work.Take<float>(AttentionKernel<T>.SumsSize(batch.Attention));
        Middle = work.Take<float>(size);
        MlpInput = work.Take<T>(size);
        GeluSlope = work.Take<T>(4 * size);
        AfterGelu = work.Take<T>(4 * size);
        Sum = config.Architecture == ModelArchitecture.Gpt1 ? work.Take<float>(size) : null;
        Statistics1 = work.Take<float>(2 * batch.M);
        Statistics2 = work.Take<float>(2 * batch.M);
    }
}
