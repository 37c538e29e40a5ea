using Foreword.Generation;

namespace Foreword.Evaluation.Prompts;

/// <summary>What a document asks of the model.</summary>
public abstract record ModelRequest
{
    /// <summary>Whether solved examples (few-shot) are put before it; not before the unconditional half of a comparison.</summary>
    public bool TakesExamples { get; init; } = true;
}

/// <summary>How likely is each continuation? Tokens are those of context and continuation together; the context's are computed once.</summary>
/// <param name="Context">The text before; may be empty, in which case end-of-text stands there.</param>
/// <param name="Continuations">The texts to score, with the space that separates them from the context.</param>
public sealed record LikelihoodRequest(string Context, IReadOnlyList<string> Continuations) : ModelRequest;

/// <summary>How likely are these tokens of a corpus after those?</summary>
/// <param name="Context">The tokens before, at least one.</param>
/// <param name="Tokens">The tokens to score.</param>
public sealed record WindowRequest(int[] Context, int[] Tokens) : ModelRequest;

/// <summary>What does the model write?</summary>
/// <param name="Prompt">The text to continue.</param>
/// <param name="Options">How to draw and when to end.</param>
/// <param name="WithProbability">Whether the written tokens are also scored.</param>
public sealed record GenerationRequest(string Prompt, SamplingOptions Options, bool WithProbability = false) : ModelRequest;

/// <summary>Which word comes next, greedily, when a word that is none of these is wanted?</summary>
/// <param name="Context">The text before it.</param>
/// <param name="Excluded">Words that it must not be, in lower case.</param>
public sealed record NextWordRequest(string Context, IReadOnlySet<string> Excluded) : ModelRequest;
