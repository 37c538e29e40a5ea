using Foreword.Models;
using Foreword.Progress;
using Foreword.Tasks;
using Foreword.Torch.Runs;

namespace Foreword.Torch.FineTuning;

/// <summary>An event of a fine-tuning run. The run reports its events in order, on its own thread. A <see cref="SynchronousProgress{T}"/> keeps the order.</summary>
public abstract record FineTuneEvent
{
    private FineTuneEvent()
    {
    }

    /// <summary>The run has loaded everything. The first step follows.</summary>
    /// <param name="Info">Model, data and settings of the run.</param>
    public sealed record Began(FineTuneInfo Info) : FineTuneEvent;

    /// <summary>A step was made.</summary>
    /// <param name="Metrics">The numbers of the step. Token counts exclude padding.</param>
    public sealed record Stepped(StepMetrics Metrics) : FineTuneEvent;

    /// <summary>The validation set was evaluated.</summary>
    /// <param name="Epoch">Epochs completed.</param>
    /// <param name="Metrics">The step, the loss of the head and the task's metrics.</param>
    /// <param name="IsBest">Whether the result is the best so far.</param>
    public sealed record Validated(int Epoch, ValidationMetrics Metrics, bool IsBest) : FineTuneEvent;

    /// <summary>A complete checkpoint was written to disk.</summary>
    /// <param name="Path">The directory of the checkpoint.</param>
    public sealed record Saved(string Path) : FineTuneEvent;
}

/// <summary>The model, data and settings of a fine-tuning run.</summary>
/// <param name="Config">The architecture.</param>
/// <param name="Parameters">Number of weights, including those of the head and of adapters.</param>
/// <param name="TrainedParameters">Number of weights that change.</param>
/// <param name="Device">Device that trains.</param>
/// <param name="Precision">Number format of the matrix products.</param>
/// <param name="TrainExamples">Number of training examples.</param>
/// <param name="ValidationExamples">Number of held-out examples.</param>
/// <param name="Truncated">Number of training and held-out examples that were cut to the context length.</param>
/// <param name="Padding">Share of the computed positions that are padding, 0 to 1.</param>
/// <param name="Outputs">Number of outputs of the head.</param>
/// <param name="FirstStep">Steps made by earlier processes; 0 for a new run.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="Peak">Measured peak of the machine, in floating-point operations per second.</param>
public sealed record FineTuneInfo(
    ModelConfig Config, long Parameters, long TrainedParameters, string Device, Precision Precision, int TrainExamples, int ValidationExamples, int Truncated,
    double Padding, int Outputs, int FirstStep, int Steps, int StepsPerEpoch, double Peak)
{
    /// <summary>Gets the names of the classes or choices; empty if the task learns scores.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>Gets the kind of output that the head learns.</summary>
    public TargetKind Target { get; init; }

    /// <summary>Gets the number of sequences that an epoch reads for examples with one text: long texts have several windows.</summary>
    public int Windows { get; init; }
}
