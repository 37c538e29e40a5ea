using Foreword.Models;
using Foreword.Torch.Runs;

namespace Foreword.Torch.FineTuning;

/// <summary>What a fine-tuning run tells whoever watches it, in the order of events, on the run's own thread.</summary>
public abstract record FineTuneEvent
{
    private FineTuneEvent()
    {
    }

    /// <summary>The data was read, but may not be what was meant.</summary>
    /// <param name="Doubt">One sentence.</param>
    public sealed record Doubted(string Doubt) : FineTuneEvent;

    /// <summary>Everything is read; the first step comes next.</summary>
    /// <param name="Info">What is trained on what.</param>
    public sealed record Began(FineTuneInfo Info) : FineTuneEvent;

    /// <summary>Something may not be meant as it is.</summary>
    /// <param name="Message">A sentence.</param>
    public sealed record Warned(string Message) : FineTuneEvent;

    /// <summary>A step was made.</summary>
    /// <param name="Metrics">Its numbers; tokens are counted without padding.</param>
    public sealed record Stepped(StepMetrics Metrics) : FineTuneEvent;

    /// <summary>The validation set was evaluated.</summary>
    /// <param name="Epoch">Epochs made.</param>
    /// <param name="Metrics">Step, loss of the head, and the task's metrics.</param>
    /// <param name="IsBest">Whether it is the best so far.</param>
    public sealed record Evaluated(int Epoch, EvalMetrics Metrics, bool IsBest) : FineTuneEvent;

    /// <summary>A checkpoint lies complete on the disk.</summary>
    /// <param name="Path">Its directory.</param>
    public sealed record Saved(string Path) : FineTuneEvent;
}

/// <summary>What a fine-tuning run trains on what.</summary>
/// <param name="Config">The architecture.</param>
/// <param name="Parameters">Number of weights, those of the head and of adapters among them.</param>
/// <param name="TrainedParameters">Number of weights that change.</param>
/// <param name="Device">Where it computes.</param>
/// <param name="Precision">Number format of the products.</param>
/// <param name="TrainExamples">Examples to learn from.</param>
/// <param name="ValidationExamples">Examples held out.</param>
/// <param name="Truncated">Examples of both that had to be cut to the context length.</param>
/// <param name="Padding">Share of the computed positions that are padding.</param>
/// <param name="Outputs">Outputs of the head.</param>
/// <param name="FirstStep">Steps made before: 0 for a new run.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="StepsPerEpoch">Steps of an epoch.</param>
/// <param name="Peak">The machine's measured peak in floating-point operations per second.</param>
public sealed record FineTuneInfo(
    GptConfig Config, long Parameters, long TrainedParameters, string Device, Precision Precision, int TrainExamples, int ValidationExamples, int Truncated,
    double Padding, int Outputs, int FirstStep, int Steps, int StepsPerEpoch, double Peak)
{
    /// <summary>The names of the classes or choices; empty where scores are learnt.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];
}
