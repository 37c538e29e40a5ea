namespace Foreword.Generation;

/// <summary>One element of a streamed completion: a token with the text that became certain with it, or the end.</summary>
/// <param name="Text">
/// Text that became certain: whole characters, no part of a stop string. Often empty, for example within a character of several tokens. The texts of all elements,
/// joined, are the completion's text.
/// </param>
/// <param name="Id">The token's id; null in the last element.</param>
/// <param name="LogProb">The model's own log-probability of the token in nats, before any option; null in the last element.</param>
/// <param name="FinishReason">Why the completion ended; set in the last element only.</param>
public readonly record struct GeneratedToken(string Text, int? Id, float? LogProb, FinishReason? FinishReason)
{
    /// <summary>Returns <see cref="Text"/>.</summary>
    public override string ToString() => Text;
}
