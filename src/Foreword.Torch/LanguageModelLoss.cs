using Foreword.Torch.Kernels;
using TorchSharp;
using static TorchSharp.torch;
using F = TorchSharp.torch.nn.functional;

namespace Foreword.Torch;

/// <summary>
/// Computes output layer, softmax and cross entropy in chunks of rows, so that the logits [B T, V] and their gradient never exist as a
/// whole. At V = 50,257 they would be the largest tensors of a step. Softmax and loss are float32. Value and gradients are those of the cross
/// entropy of all logits at once, which the tests compute.
/// </summary>
internal static class LanguageModelLoss
{
    /// <summary>Bytes of logits of one chunk of rows: small enough to be reused from the cache, large enough for efficient products.</summary>
    private const long ChunkBytes = 64L << 20;

    /// <summary>
    /// Computes the sum of the weighted cross entropies of single positions and its gradients. Adds the gradient with respect to the output
    /// layer's weight to the gradient of that parameter.
    /// </summary>
    /// <param name="model">The model that computed <paramref name="hidden"/>.</param>
    /// <param name="hidden">Hidden states [M, C], not on the autograd graph.</param>
    /// <param name="targets">The token after each position, int64 [M]; -1 excludes a position.</param>
    /// <param name="weights">Weight of the loss of each position, float32 [M].</param>
    /// <returns>The sum in nats, and its gradient with respect to the hidden states, float32 [M, C].</returns>
    public static (double Loss, Tensor HiddenGradient) HeadBackward(LanguageModule model, Tensor hidden, Tensor targets, Tensor weights)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        ScalarType compute = model.Precision.ScalarType();
        Tensor rows = hidden.to(compute); // (M, C)
        int V = model.Config.VocabSize;
        Tensor weight = PaddedRows(model.OutputLayer, compute); // (Vp, C)
        Tensor hiddenGradient = empty_like(rows);
        Tensor? weightGradient = model.OutputLayer.requires_grad ? model.OutputLayer.grad ?? NewGradient(model.OutputLayer) : null;
        Tensor? bias = model.OutputBias is { } parameter ? PaddedRows(parameter, compute) : null; // (Vp)
        Tensor? biasGradient = model.OutputBias is { requires_grad: true } ? model.OutputBias.grad ?? NewGradient(model.OutputBias) : null;
        double sum = 0;
        foreach ((long start, long length) in Chunks(model, rows.shape[0], ChunkBytes))
        {
            using var chunk = NewDisposeScope();
            Tensor x = rows.narrow(0, start, length);
            Tensor logits = F.linear(x, weight, bias); // (m, Vp)
            sum += SoftmaxBackward(ref logits, V, targets.narrow(0, start, length), weights.narrow(0, start, length));
            hiddenGradient.narrow(0, start, length).copy_(logits.matmul(weight));
            weightGradient?.add_(logits.t().matmul(x).narrow(0, 0, V));
            biasGradient?.add_(logits.sum(0, type: ScalarType.Float32).narrow(0, 0, V));
        }

        return (sum, hiddenGradient.to(ScalarType.Float32).MoveToOuterDisposeScope());
    }

    /// <summary>Computes the cross entropy of each position, without gradients.</summary>
    /// <param name="model">The model that computed <paramref name="hidden"/>.</param>
    /// <param name="hidden">Hidden states [..., C].</param>
    /// <param name="targets">The token after each position, int64 [...]; -1 excludes a position.</param>
    /// <returns>The cross entropies in nats, [M]; 0 for a position that is excluded.</returns>
    public static double[] Losses(LanguageModule model, Tensor hidden, Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(hidden);
        ArgumentNullException.ThrowIfNull(targets);
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = hidden.reshape(-1, model.Config.HiddenWidth), flat = targets.reshape(-1);
        List<double> losses = [];
        foreach ((long start, long length) in Chunks(model, rows.shape[0], ChunkBytes))
        {
            using var chunk = NewDisposeScope();
            Tensor logits = model.Head(rows.narrow(0, start, length));
            Tensor some = F.cross_entropy(logits, flat.narrow(0, start, length), ignore_index: -1, reduction: nn.Reduction.None);
            losses.AddRange(some.to(ScalarType.Float64).cpu().data<double>());
        }

        return [.. losses];
    }

    /// <summary>
    /// Pads the weight or the bias with rows of zeros up to a multiple of 64. With an odd number of rows such as 50,257, oneDNN and tensor cores reach
    /// only two thirds of the speed.
    /// </summary>
    private static Tensor PaddedRows(Tensor weight, ScalarType compute)
    {
        long rows = weight.shape[0], padded = (rows + 63) / 64 * 64;
        if (rows == padded)
            return weight.to(compute);
        Tensor result = zeros([padded, .. weight.shape[1..]], compute, weight.device);
        result.narrow(0, 0, rows).copy_(weight);
        return result;
    }

    /// <summary>Replaces logits [m, Vp], of which V are real, by the gradient of the sum of the weighted losses. Returns the sum in nats.</summary>
    private static double SoftmaxBackward(ref Tensor logits, int V, Tensor targets, Tensor weights)
    {
        if (logits.device_type == DeviceType.CPU)
            return SoftmaxCrossEntropy.BackwardInPlace(logits, V, targets, weights);

        ScalarType format = logits.dtype;
        Tensor real = logits.to(ScalarType.Float32);
        real.narrow(1, V, real.shape[1] - V).fill_(float.NegativeInfinity);
        Tensor logProbabilities = F.log_softmax(real, -1);
        Tensor index = targets.clamp_min(0).unsqueeze(1);
        Tensor counted = weights * targets.ge(0).to(ScalarType.Float32);
        double sum = -(logProbabilities.gather(1, index).squeeze(1) * counted).sum().ToDouble();
        Tensor gradient = logProbabilities.exp_().scatter_add_(1, index, full_like(index, -1, ScalarType.Float32));
        logits = gradient.mul_(counted.unsqueeze(1)).to(format);
        return sum;
    }

    private static Tensor NewGradient(TorchSharp.Modules.Parameter parameter)
    {
        Tensor zero = zeros_like(parameter);
        parameter.grad = zero; // libtorch shares the memory; the scope disposes only this handle
        return zero;
    }

    private static IEnumerable<(long Start, long Length)> Chunks(LanguageModule model, long rows, long chunkBytes)
    {
        long length = Math.Max(16, chunkBytes / (model.Config.VocabSize * (model.Precision == Precision.Bf16 ? 2L : 4L)) / 16 * 16);
        for (long start = 0; start < rows; start += length)
            yield return (start, Math.Min(length, rows - start));
    }
}
