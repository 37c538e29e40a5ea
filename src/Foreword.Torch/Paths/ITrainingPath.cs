using Foreword.Data.Recipes;
using Foreword.Torch.Paths.Fused;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Paths;

// B sequences, T tokens, C channels, M positions, V vocabulary.

/// <summary>
/// The way a model goes forward and backward: <see cref="GptModel"/> as it stands on autograd, or the fused kernels, which compute the
/// same. Gradients are added to those of the model's parameters. Not safe for use from two threads at once.
/// </summary>
public interface ITrainingPath : IDisposable
{
    /// <summary>Whether the fused kernels do it.</summary>
    bool IsFused { get; }

    /// <summary>
    /// Memory beside weights, gradients and moments, in bytes: what the last <see cref="Forward"/> left for the way back, and the most that
    /// was in use at one time, that among it. 0 on autograd, whose memory is libtorch's.
    /// </summary>
    (long Activations, long Most) Bytes { get; }

    /// <summary>Final hidden states, float32 [B, T, C], as in training, for one <see cref="Backward"/>. The caller disposes them.</summary>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="dropoutSeed">Seed of the dropout masks.</param>
    Tensor Forward(Tensor ids, long dropoutSeed);

    /// <summary>Goes back from the gradient of the loss by the last <see cref="Forward"/>'s hidden states, float32 [B, T, C].</summary>
    void Backward(Tensor gradient);

    /// <summary>
    /// The output layer and its loss: the sum of weighted cross entropies in nats, and its gradient by the hidden states, float32
    /// [M, C], which the caller disposes. That by the layer's weight is added to the parameter's.
    /// </summary>
    /// <param name="hidden">Hidden states, float32 [M, C]; no gradient flows through them.</param>
    /// <param name="targets">The token after each position, int64 [M]; -1 leaves a position out.</param>
    /// <param name="weights">Weight of each position's loss, float32 [M].</param>
    (double Loss, Tensor Gradient) HeadBackward(Tensor hidden, Tensor targets, Tensor weights);

    /// <summary>Final hidden states, float32 [B, T, C], without dropout and gradients. The caller disposes them.</summary>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="packing">When given, where each token stands and what it sees, in place of one sequence a row.</param>
    Tensor Hidden(Tensor ids, SequencePacking? packing = null);

    /// <summary>Sum of the cross entropies in nats and number of targets, without gradients.</summary>
    /// <param name="hidden">Hidden states, float32 [..., C].</param>
    /// <param name="targets">The token after each position, int64 of as many positions; -1 leaves a position out.</param>
    (double Sum, long Count) Loss(Tensor hidden, Tensor targets);
}

/// <summary>Chooses between the two ways.</summary>
public static class TrainingPath
{
    /// <summary>The fused kernels where they are wanted and can do it, else autograd.</summary>
    /// <param name="model">The model, on its device and in its precision.</param>
    /// <param name="choice">Whether the fused kernels are wanted.</param>
    /// <param name="recompute">Whether activations are computed again on the way back rather than kept.</param>
    public static ITrainingPath Of(GptModel model, FusedChoice choice = FusedChoice.Auto, bool recompute = false)
    {
        ArgumentNullException.ThrowIfNull(model);
        return choice == FusedChoice.Auto && FusedPath.WhyNot(model) is null ? FusedPath.Of(model, recompute) : new AutogradPath(model, recompute);
    }

    /// <summary>
    /// Forward and backward with the mean cross entropy over all positions: the loss in nats; its gradient times
    /// <paramref name="scale"/> is added to the gradients of all parameters.
    /// </summary>
    /// <param name="path">The way.</param>
    /// <param name="ids">Token ids, int64 [B, T].</param>
    /// <param name="targets">The token after each position, int64 [B, T]; -1 leaves a position out.</param>
    /// <param name="dropoutSeed">Seed of the dropout masks.</param>
    /// <param name="scale">1 / number of accumulated micro-batches.</param>
    public static double Backward(this ITrainingPath path, Tensor ids, Tensor targets, long dropoutSeed, double scale = 1)
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
