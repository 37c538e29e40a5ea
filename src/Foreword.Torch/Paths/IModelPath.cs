using Foreword.Data.Recipes;
using Foreword.Torch.Paths.Fused;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Paths;

// B sequences, T tokens, C channels, M positions, V vocabulary.

/// <summary>
/// Computes the forward and backward pass of a model: with <see cref="LanguageModule"/> on autograd, or with the fused kernels. Both compute the same
/// function. Gradients are added to those of the model's parameters. Not safe for concurrent use by several threads.
/// </summary>
internal interface IModelPath : IDisposable
{
    /// <summary>Gets whether the fused kernels compute the passes.</summary>
    bool IsFused { get; }

    /// <summary>
    /// Gets the memory in use besides weights, gradients and optimizer state, in bytes. Activations: the memory that the last <see cref="Forward"/>
    /// keeps for the backward pass. Most: the largest amount in use at one time, including the activations. Both are 0 on autograd, whose memory is
    /// managed by libtorch.
    /// </summary>
    (long Activations, long Most) Bytes { get; }

    /// <summary>Computes the final hidden states in training mode, and keeps the activations for one call of <see cref="Backward"/>.</summary>
    /// <param name="ids">Token ids, int64 [B, T]; T is at most the context length.</param>
    /// <param name="dropoutSeed">Seed of the dropout masks.</param>
    /// <param name="packing">The position of each token and the tokens that it can attend to. Null: each row is one sequence.</param>
    /// <returns>Final hidden states, float32 [B, T, C]; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">
    /// The sequences are longer than the context length, or, with the fused kernels, an id is outside the vocabulary. An LSTM got a packing.
    /// </exception>
    Tensor Forward(Tensor ids, long dropoutSeed, SequencePacking? packing = null);

    /// <summary>Computes the gradients of the parameters from the gradient of the last <see cref="Forward"/>'s result.</summary>
    /// <param name="gradient">Gradient of the loss with respect to the hidden states, float32 [B, T, C].</param>
    void Backward(Tensor gradient);

    /// <summary>
    /// Computes the output layer, its loss and its gradients. The gradient with respect to the layer's weight is added to that of the parameter.
    /// </summary>
    /// <param name="hidden">Hidden states, float32 [M, C]. Autograd does not propagate a gradient through them.</param>
    /// <param name="targets">The token after each position, int64 [M]; -1 excludes a position.</param>
    /// <param name="weights">The weight of each position's loss, float32 [M].</param>
    /// <returns>
    /// Loss: the sum of the weighted cross entropies in nats. Gradient: its gradient with respect to the hidden states, float32 [M, C]; the caller
    /// disposes it.
    /// </returns>
    (double Loss, Tensor Gradient) HeadBackward(Tensor hidden, Tensor targets, Tensor weights);

    /// <summary>Computes the final hidden states without dropout and without gradients.</summary>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="packing">The position of each token and the tokens that it can attend to. Null: each row is one sequence.</param>
    /// <returns>Final hidden states, float32 [B, T, C]; the caller disposes them.</returns>
    /// <exception cref="ArgumentException">
    /// The sequences are longer than the context length, or, with the fused kernels, an id is outside the vocabulary.
    /// </exception>
    Tensor Hidden(Tensor ids, SequencePacking? packing = null);

    /// <summary>Computes the cross entropy of each position without gradients.</summary>
    /// <param name="hidden">Hidden states, float32 [..., C].</param>
    /// <param name="targets">The token after each position, int64, with as many elements as there are positions; -1 excludes a position.</param>
    /// <returns>The cross entropies in nats, [M]; 0 for a position that is excluded.</returns>
    double[] Losses(Tensor hidden, Tensor targets);
}

/// <summary>Creates training paths and runs complete training passes.</summary>
internal static class ModelPath
{
    /// <summary>
    /// Creates a path with the fused kernels if <paramref name="choice"/> allows them and they can run the model; otherwise a path on autograd.
    /// </summary>
    /// <param name="model">The model, on its device and in its precision.</param>
    /// <param name="choice">Whether the fused kernels may be used.</param>
    /// <param name="recompute">Whether activations are computed again in the backward pass instead of being kept.</param>
    /// <returns>The path; the caller disposes it. The model is not disposed with it.</returns>
    public static IModelPath Create(LanguageModule model, FusedChoice choice = FusedChoice.Auto, bool recompute = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        return choice == FusedChoice.Auto && FusedPath.WhyNot(model) is null ? FusedPath.Create(model, recompute) : new AutogradPath(model, recompute);
    }

    /// <summary>Computes the cross entropy of hidden states without gradients.</summary>
    /// <param name="path">The path.</param>
    /// <param name="hidden">Hidden states, float32 [..., C].</param>
    /// <param name="targets">The token after each position, int64, with as many elements as there are positions; -1 excludes a position.</param>
    /// <returns>Sum: the sum of the cross entropies in nats. Count: the number of targets that are not excluded.</returns>
    public static (double Sum, long Count) Loss(this IModelPath path, Tensor hidden, Tensor targets)
    {
        ArgumentNullException.ThrowIfNull(path);
        using Tensor counted = targets.ge(0), count = counted.sum();
        return (path.Losses(hidden, targets).Sum(), count.ToInt64());
    }

    /// <summary>
    /// Runs a forward and backward pass with the mean cross entropy over all positions. The gradient of the loss, multiplied by
    /// <paramref name="scale"/>, is added to the gradients of all parameters.
    /// </summary>
    /// <param name="path">The path.</param>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="targets">The token after each position, int64 [B, T]; -1 excludes a position.</param>
    /// <param name="dropoutSeed">Seed of the dropout masks.</param>
    /// <param name="scale">1 / number of accumulated micro-batches.</param>
    /// <returns>The mean cross entropy in nats, not multiplied by <paramref name="scale"/>.</returns>
    public static double Backward(this IModelPath path, Tensor ids, Tensor targets, long dropoutSeed, double scale = 1)
    {
        ArgumentNullException.ThrowIfNull(path);
        ArgumentNullException.ThrowIfNull(targets);
        using var scope = NewDisposeScope();
        Tensor hidden = path.Forward(ids, dropoutSeed), flat = targets.reshape(-1); // (B, T, C), (B T)
        Tensor weights = full([flat.shape[0]], (float)(scale / flat.ge(0).sum().ToInt64()), ScalarType.Float32, flat.device);
        (double loss, Tensor gradient) = path.HeadBackward(hidden.reshape(-1, hidden.shape[2]), flat, weights);
        path.Backward(gradient.view_as(hidden));
        return loss / scale;
    }
}
