namespace Foreword.Models;

/// <summary>
/// Continuations of one context whose probabilities are wanted. The context is computed once, however many there are.
/// </summary>
/// <param name="Context">The tokens that stand before, at least one (end-of-text where nothing does).</param>
/// <param name="Continuations">
/// Tokens that may follow, each list by itself; an empty one has no scores. The last token of a continuation is not read, so context
/// and continuation together may have one token more than the context length.
/// </param>
public sealed record ScoringRequest(int[] Context, IReadOnlyList<int[]> Continuations);

/// <summary>What the model thought of one token of a continuation.</summary>
/// <param name="LogProb">log p(token | everything before it) in nats.</param>
/// <param name="IsGreedy">Whether no other token was likelier: greedy decoding would have written it (of equals the lowest id).</param>
public readonly record struct TokenScore(float LogProb, bool IsGreedy);
