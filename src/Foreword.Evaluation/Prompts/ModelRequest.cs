using Foreword.Generation;

namespace Foreword.Evaluation.Prompts;

/// <summary>A request of a document to the model.</summary>
public abstract record ModelRequest
{
    /// <summary>
    /// Gets whether solved (few-shot) examples are put before the request. They are not put before the unconditional half of a comparison.
    /// </summary>
    public bool TakesExamples { get; init; } = true;
}

/// <summary>
/// A request for the probability of each continuation. Context and continuation are tokenized together, and the context's tokens are computed only
/// once.
/// </summary>
/// <param name="Context">The text before; if it is empty, the start token (GPT-2: end-of-text) is used instead.</param>
/// <param name="Continuations">The texts to score, each including the space that separates it from the context.</param>
public sealed record LikelihoodRequest(string Context, IReadOnlyList<string> Continuations) : ModelRequest;

/// <summary>A request for the probability of some tokens of a corpus after others.</summary>
/// <param name="Context">The tokens before, at least one.</param>
/// <param name="Tokens">The tokens to score.</param>
public sealed record WindowRequest(int[] Context, int[] Tokens) : ModelRequest;

/// <summary>A request for the text that the model generates.</summary>
/// <param name="Prompt">The text to continue.</param>
/// <param name="Options">How tokens are sampled and when the generation stops.</param>
/// <param name="WithProbability">Whether the generated tokens are also scored.</param>
public sealed record GenerationRequest(string Prompt, SamplingOptions Options, bool WithProbability = false) : ModelRequest;

/// <summary>A request for the next word, decoded greedily, that is not one of the excluded words.</summary>
/// <param name="Context">The text before the word.</param>
/// <param name="Excluded">The excluded words, in lower case.</param>
public sealed record NextWordRequest(string Context, IReadOnlySet<string> Excluded) : ModelRequest;
