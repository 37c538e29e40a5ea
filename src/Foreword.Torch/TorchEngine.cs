using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Torch.FineTuning;
using Foreword.Torch.Inference;
using Foreword.Weights;

namespace Foreword.Torch;

/// <summary>The engine on libtorch, which computes on the processor or on a GPU.</summary>
public sealed record TorchEngine : IEngine
{
    /// <inheritdoc/>
    public string Name => "torch";

    /// <summary>Gets where the model computes; a GPU where there is one, unless set.</summary>
    public DeviceChoice Device { get; init; } = DeviceChoice.Auto;

    /// <summary>Gets the number format of matrix products; float32 unless set.</summary>
    public Precision Precision { get; init; } = Precision.Fp32;

    /// <inheritdoc/>
    public ILanguageModel Load(StoredModel model, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        Refuse(model);
        using ModelWeights weights = model.TakeWeights();
        return new TorchLanguageModel(ModelFiles.Load(weights, Precision, Compute.Device(Device), progress, cancellationToken));
    }

    /// <inheritdoc/>
    public ITaskModel LoadTask(StoredModel model, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        Refuse(model);
        return FineTunedModel.Load(model, Precision, Device, progress, cancellationToken);
    }

    private static void Refuse(StoredModel model)
    {
        if (model.IsQuantized)
            throw new NotSupportedException($"{model.Path} is quantized; only the CPU engine supports it");
    }
}
