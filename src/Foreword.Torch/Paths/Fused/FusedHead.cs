using Foreword.Torch.Kernels;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Paths.Fused;

/// <summary>The output layer of a fused path, without a bias: tensors in and out, and <see cref="HeadKernel{T}"/> between them.</summary>
/// <param name="work">Threads and memory.</param>
/// <param name="model">The model, whose output layer is [V, C].</param>
internal sealed unsafe class FusedHead<T>(Workspace work, LanguageModule model) where T : unmanaged, IElement<T>
{
    private readonly Parameter _weights = model.OutputLayer; // each use of the property creates an object

    /// <inheritdoc cref="IModelPath.HeadBackward"/>
    public (double Loss, Tensor Gradient) Backward(Tensor hidden, Tensor targets, Tensor weights)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        Tensor rows = hidden.contiguous(), result = empty_like(rows);
        double loss = HeadKernel<T>.Backward(
            work, TensorMemory.Float32(rows), (int)rows.shape[0], model.Config.HiddenWidth, TensorMemory.Int64(targets.contiguous()), TensorMemory.Float32(weights.contiguous()),
            TensorMemory.Float32(_weights), model.Config.VocabSize, work.GradientOf(_weights), TensorMemory.Float32(result));
        return (loss, result.MoveToOuterDisposeScope());
    }

    /// <inheritdoc cref="IModelPath.Losses"/>
    public double[] Losses(Tensor hidden, Tensor targets)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        int width = model.Config.HiddenWidth;
        Tensor rows = hidden.reshape(-1, width).contiguous(), flat = targets.reshape(-1).contiguous();
        return HeadKernel<T>.Losses(work, TensorMemory.Float32(rows), (int)rows.shape[0], width, TensorMemory.Int64(flat), TensorMemory.Float32(_weights), model.Config.VocabSize);
    }
}
