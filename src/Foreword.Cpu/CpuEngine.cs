using Foreword.Models;
using Foreword.Progress;
using Foreword.Tasks;

namespace Foreword.Cpu;

/// <summary>The engine in plain C#: it needs no native library and reads quantized models.</summary>
public sealed record CpuEngine : IEngine
{
    /// <inheritdoc/>
    public string Name => "cpu";

    /// <summary>Gets the format of the matrices in memory; float32 where null, or what the model is quantized to.</summary>
    public WeightType? Weights { get; init; }

    /// <summary>Gets the number of threads that compute, the caller's among them, 1 or more; every processor where null.</summary>
    public int? Threads { get; init; }

    /// <summary>Gets the format of keys and values; where null, float32 with float32 matrices, otherwise bfloat16.</summary>
    public CacheType? Cache { get; init; }

    /// <summary>
    /// Gets whether the numbers of a sequence never depend on the sequences that share its passes. With quantized matrices this is always so. With
    /// float32 and bfloat16, a single sequence is then slower.
    /// </summary>
    public bool Deterministic { get; init; }

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is quantized to another type, or an option of this engine is impossible.</exception>
    public ILanguageModel Load(StoredModel model, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        CpuLanguageModel.Load(Checked(model), this, progress, cancellationToken);

    /// <inheritdoc/>
    /// <exception cref="ArgumentException">The model is quantized to another type, or an option of this engine is impossible.</exception>
    public ITaskModel LoadTask(StoredModel model, IProgress<LoadingProgress>? progress = null, CancellationToken cancellationToken = default) =>
        CpuTaskModel.Load(Checked(model), this, progress, cancellationToken);

    private static StoredModel Checked(StoredModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        return model;
    }
}
