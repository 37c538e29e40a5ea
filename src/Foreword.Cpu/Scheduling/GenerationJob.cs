using System.Numerics.Tensors;
using System.Threading.Channels;
using Foreword.Generation;

namespace Foreword.Cpu.Scheduling;

/// <summary>A request to continue one prompt, and the place where its results arrive.</summary>
internal sealed class GenerationJob
{
    private readonly Channel<JobEvent> _events = Opened(isInline: false);

    private readonly List<JobEvent> _held = []; // what has happened, if the events are not streamed

    /// <summary>Gets the tokens of the prompt, at least one.</summary>
    public required int[] Prompt { get; init; }

    /// <summary>Gets how tokens are chosen and when a completion ends. Sample i uses the options of <see cref="SamplingOptions.ForSample"/>.</summary>
    public required SamplingOptions Options { get; init; }

    /// <summary>Gets the number of completions; 0 only reads the prompt.</summary>
    public int Samples { get; init; } = 1;

    /// <summary>Gets the number of most likely tokens to report at each token of the prompt; null reports none, 0 only the tokens themselves.</summary>
    public int? PromptLogProbs { get; init; }

    /// <summary>Gets whether the final hidden states of the prompt are wanted instead of completions.</summary>
    public StateWanted State { get; init; }

    /// <summary>Gets text to insert before the first token of a completion.</summary>
    public string Lead { get; init; } = "";

    /// <summary>Gets who asks. Waiting jobs of different clients start in turn.</summary>
    public string Client { get; init; } = "";

    /// <summary>Gets the token that ends the job early. The place in the batch is then free before the next token.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>
    /// Gets whether events are wanted as they happen. Otherwise they arrive together at the end. Each arrival wakes a thread, which takes a processor from
    /// the engine.
    /// </summary>
    public bool Streams { get; init; } = true;

    /// <summary>
    /// Gets whether the reader of <see cref="Events"/> goes on in the scheduler's thread when an event arrives. No other thread is then woken, which would take
    /// a processor from the engine. Such a reader must neither block nor compute for long.
    /// </summary>
    public bool ReadsInline
    {
        init => _events = Opened(value);
    }

    /// <summary>Gets the results in their order. Reading throws the exception of a failed job, also for a cancellation.</summary>
    public ChannelReader<JobEvent> Events => _events.Reader;

    /// <summary>Gets the number of tokens of the prompt that were in the prefix cache. It is known with the first event.</summary>
    public int CachedTokens { get; internal set; }

    /// <summary>Gets the number of slots in the batch that the job needs.</summary>
    internal int Slots => Math.Max(1, Samples);

    private static Channel<JobEvent> Opened(bool isInline) =>
        Channel.CreateUnbounded<JobEvent>(new UnboundedChannelOptions { SingleReader = true, SingleWriter = true, AllowSynchronousContinuations = isInline });

    internal void Report(JobEvent happened)
    {
        if (Streams)
            _events.Writer.TryWrite(happened);
        else
            _held.Add(happened);
    }

    internal void End(Exception? problem = null)
    {
        foreach (JobEvent happened in _held)
            _events.Writer.TryWrite(happened);
        _held.Clear();
        _events.Writer.TryComplete(problem);
    }
}

/// <summary>Specifies which final hidden state of a prompt is wanted.</summary>
internal enum StateWanted
{
    /// <summary>None: the prompt is continued.</summary>
    None,

    /// <summary>The state at the last token.</summary>
    Last,

    /// <summary>The mean of the states at all tokens.</summary>
    Mean,
}

/// <summary>Represents something that happened to a job.</summary>
internal abstract record JobEvent;

/// <summary>The prompt was read.</summary>
/// <param name="LogProbs">For each token of the prompt its log-probability, null for the first token; null if none are wanted.</param>
/// <param name="State">The final hidden state [C]; null if none is wanted.</param>
internal sealed record PromptRead(TokenLogProb?[]? LogProbs, float[]? State) : JobEvent
{
    /// <summary>Returns the first numbers of the state, scaled to length 1. Zeros stay as they are.</summary>
    /// <param name="dimensions">The number of numbers, from 1 to C.</param>
    public float[] Embedding(int dimensions)
    {
        float[] vector = State![..dimensions];
        float length = TensorPrimitives.Norm<float>(vector);
        if (!float.IsFinite(length)) // the squares of large states exceed float32
        {
            TensorPrimitives.Divide(vector, Math.Abs(TensorPrimitives.MaxMagnitude<float>(vector)), vector);
            length = TensorPrimitives.Norm<float>(vector);
        }

        if (length > 0)
            TensorPrimitives.Divide(vector, length, vector);
        return vector;
    }
}

/// <summary>A token was drawn.</summary>
/// <param name="Sample">The completion, from 0.</param>
/// <param name="Id">The token. The last one can be a token that ends the completion and has no text.</param>
/// <param name="Text">The text that the token makes final.</param>
/// <param name="LogProb">The token's log-probability; null if none are wanted.</param>
internal sealed record TokenDrawn(int Sample, int Id, string Text, TokenLogProb? LogProb) : JobEvent;

/// <summary>A completion ended.</summary>
/// <param name="Sample">The completion, from 0.</param>
/// <param name="Text">The text that was still held back.</param>
/// <param name="Completion">The whole completion.</param>
internal sealed record CompletionEnded(int Sample, string Text, Completion Completion) : JobEvent;
