using Foreword.Models;
using Foreword.Torch.Training;

namespace Foreword.Torch.Runs;

/// <summary>What a run tells whoever watches it, in the order of events, never two at a time.</summary>
public abstract record PretrainEvent
{
    private PretrainEvent()
    {
    }

    /// <summary>Files in directories of text are left out.</summary>
    /// <param name="Files">Which, and why, in words.</param>
    public sealed record FilesLeftOut(string Files) : PretrainEvent;

    /// <summary>Text is read to train the tokenizer.</summary>
    /// <param name="Characters">Characters read so far.</param>
    public sealed record TrainingTokenizer(long Characters) : PretrainEvent;

    /// <summary>Text is turned into shards.</summary>
    /// <param name="Documents">Documents written so far.</param>
    /// <param name="Tokens">Tokens written so far.</param>
    public sealed record PreparingShards(long Documents, long Tokens) : PretrainEvent;

    /// <summary>The token embedding starts from vectors of words.</summary>
    /// <param name="Coverage">How many of them were found.</param>
    public sealed record EmbeddingsRead(EmbeddingCoverage Coverage) : PretrainEvent;

    /// <summary>The weights of a model are read that the run trains on.</summary>
    /// <param name="Path">The model.</param>
    /// <param name="Source">Its architecture, before the vocabulary grew and the context became shorter.</param>
    /// <param name="NewTokens">Tokens whose embeddings begin at the mean of the others.</param>
    /// <param name="TrainedParameters">Number of weights that change; null where all do.</param>
    public sealed record TrainsOn(string Path, GptConfig Source, int NewTokens, long? TrainedParameters) : PretrainEvent;

    /// <summary>Everything is loaded; the first step comes next.</summary>
    /// <param name="Config">The architecture.</param>
    /// <param name="Device">Where it computes.</param>
    /// <param name="Precision">Number format of the products.</param>
    /// <param name="IsFused">Whether the fused kernels compute.</param>
    /// <param name="TrainTokens">Tokens to learn from.</param>
    /// <param name="ValidationTokens">Held-out tokens; 0 without a validation split.</param>
    /// <param name="TokensPerStep">Tokens of one update.</param>
    /// <param name="FirstStep">Steps made before: 0 for a new run.</param>
    /// <param name="Steps">Steps of the whole run.</param>
    /// <param name="Peak">The machine's measured peak in floating-point operations per second.</param>
    public sealed record Began(
        GptConfig Config, string Device, Precision Precision, bool IsFused, long TrainTokens, long ValidationTokens, long TokensPerStep, int FirstStep, int Steps, double Peak) : PretrainEvent;

    /// <summary>A step was made.</summary>
    /// <param name="Metrics">Its numbers; the rate is that of the last steps.</param>
    public sealed record Stepped(StepMetrics Metrics) : PretrainEvent;

    /// <summary>The validation split was evaluated.</summary>
    /// <param name="Metrics">Step and loss.</param>
    /// <param name="IsBest">Whether it is the lowest loss so far.</param>
    public sealed record Evaluated(EvalMetrics Metrics, bool IsBest) : PretrainEvent;

    /// <summary>The model wrote a text.</summary>
    /// <param name="Step">Steps made before.</param>
    /// <param name="Prompt">What it was given.</param>
    /// <param name="Text">How it went on.</param>
    public sealed record Sampled(int Step, string Prompt, string Text) : PretrainEvent;

    /// <summary>A checkpoint lies complete on the disk.</summary>
    /// <param name="Path">Its directory.</param>
    public sealed record Saved(string Path) : PretrainEvent;
}
