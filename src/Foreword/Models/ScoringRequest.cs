namespace Foreword.Models;

/// <summary>A request to score continuations of one context. The context is computed once, regardless of the number of continuations.</summary>
/// <param name="Context">The tokens before the continuations, at least one. Use the end-of-text token if there is no text before them.</param>
/// <param name="Continuations">
/// The token ids of each continuation. They are scored independently. An empty continuation has no scores. The last token of a continuation is not
/// read, so context and continuation together can have one token more than the context length.
/// </param>
public sealed record ScoringRequest(int[] Context, IReadOnlyList<int[]> Continuations);

/// <summary>The score of one token of a continuation.</summary>
/// <param name="LogProb">log p(token | all tokens before it) in nats.</param>
/// <param name="IsGreedy">
/// Whether greedy decoding would choose this token: no other token is more likely. Among equally likely tokens, it is the one with the lowest id.
/// </param>
public readonly record struct TokenScore(float LogProb, bool IsGreedy);
