using Foreword.Models;
using Foreword.Progress;
using Foreword.Torch.Training;

namespace Foreword.Torch.Runs;

/// <summary>An event of a pre-training run. The run reports its events in order, never two at the same time. A <see cref="SynchronousProgress{T}"/> keeps the order.</summary>
public abstract record PretrainEvent
{
    private PretrainEvent()
    {
    }

    /// <summary>The run reads text to train the tokenizer.</summary>
    /// <param name="Characters">Characters read so far.</param>
    public sealed record TrainingTokenizer(long Characters) : PretrainEvent;

    /// <summary>The run turns text into shards.</summary>
    /// <param name="Documents">Documents written so far.</param>
    /// <param name="Tokens">Tokens written so far.</param>
    public sealed record PreparingShards(long Documents, long Tokens) : PretrainEvent;

    /// <summary>The token embedding was initialized from word vectors.</summary>
    /// <param name="Coverage">How many words have a vector.</param>
    public sealed record EmbeddingsRead(EmbeddingCoverage Coverage) : PretrainEvent;

    /// <summary>The weights of the starting model were read.</summary>
    /// <param name="Path">The model.</param>
    /// <param name="Source">The model's architecture, before its vocabulary was enlarged and its context shortened.</param>
    /// <param name="NewTokens">Number of tokens whose embeddings start as the mean of the others.</param>
    /// <param name="TrainedParameters">Number of weights that change; null if all of them do.</param>
    public sealed record StartingModelRead(string Path, ModelConfig Source, int NewTokens, long? TrainedParameters) : PretrainEvent;

    /// <summary>The run has loaded everything. The first step follows.</summary>
    /// <param name="Info">Model, data and settings of the run.</param>
    public sealed record Began(PretrainInfo Info) : PretrainEvent;

    /// <summary>A step was made.</summary>
    /// <param name="Metrics">The numbers of the step. Tokens per second are measured since the last line of the log.</param>
    public sealed record Stepped(StepMetrics Metrics) : PretrainEvent;

    /// <summary>The validation split was evaluated.</summary>
    /// <param name="Metrics">Step and loss.</param>
    /// <param name="IsBest">Whether the loss is the lowest so far.</param>
    public sealed record Validated(ValidationMetrics Metrics, bool IsBest) : PretrainEvent;

    /// <summary>The model generated a sample text.</summary>
    /// <param name="Step">Steps made before.</param>
    /// <param name="Prompt">The prompt.</param>
    /// <param name="Text">The generated continuation.</param>
    public sealed record Sampled(int Step, string Prompt, string Text) : PretrainEvent;

    /// <summary>A complete checkpoint was written to disk.</summary>
    /// <param name="Path">The directory of the checkpoint.</param>
    public sealed record Saved(string Path) : PretrainEvent;
}

/// <summary>The model, data and settings of a pre-training run.</summary>
/// <param name="Config">The architecture.</param>
/// <param name="Device">Device that trains.</param>
/// <param name="Precision">Number format of the matrix products.</param>
/// <param name="IsFused">Whether the fused kernels compute the steps.</param>
/// <param name="TrainTokens">Number of training tokens.</param>
/// <param name="ValidationTokens">Number of held-out tokens; 0 without a validation split.</param>
/// <param name="TokensPerStep">Tokens of one update.</param>
/// <param name="FirstStep">Steps made by earlier processes; 0 for a new run.</param>
/// <param name="Steps">Steps of the whole run.</param>
/// <param name="Peak">Measured peak of the machine, in floating-point operations per second.</param>
public sealed record PretrainInfo(
    ModelConfig Config, string Device, Precision Precision, bool IsFused, long TrainTokens, long ValidationTokens, long TokensPerStep, int FirstStep, int Steps, double Peak);
