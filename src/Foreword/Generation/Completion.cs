namespace Foreword.Generation;

/// <summary>The reason why a completion ended. OpenAI's API has the same two reasons.</summary>
public enum FinishReason
{
    /// <summary>The model generated its end-of-text token, a stop token, a stop string or the wanted number of sentences.</summary>
    Stop,

    /// <summary>The completion reached the maximum number of tokens or the end of the context.</summary>
    Length,
}

/// <summary>Represents a text that a model generated.</summary>
/// <param name="Text">
/// The text that continues the prompt, without the prompt. It ends before a stop string, or after the last whole sentence. A space that the tokenizer adds after the last word is not
/// included.
/// </param>
/// <param name="Ids">The tokens that were chosen, without end-of-text and stop tokens. The last ones can belong to a stop string or to a dropped sentence.</param>
/// <param name="FinishReason">Why the completion ended.</param>
public sealed record Completion(string Text, IReadOnlyList<int> Ids, FinishReason FinishReason)
{
    /// <summary>Gets the log-probability of each token in <see cref="Ids"/>, or null if <see cref="SamplingOptions.LogProbs"/> is null.</summary>
    public IReadOnlyList<TokenLogProb>? LogProbs { get; init; }

    /// <summary>Gets the score of a beam search (see <see cref="SamplingOptions.LengthPenalty"/>), or null if the tokens were drawn.</summary>
    public double? Score { get; init; }

    /// <summary>Gets the token that ended the completion, or null if something else did. It is not part of <see cref="Ids"/>.</summary>
    public int? EndId { get; init; }

    /// <summary>Gets the log-probability of <see cref="EndId"/>, or null if there is no such token or <see cref="SamplingOptions.LogProbs"/> is null.</summary>
    public TokenLogProb? EndLogProb { get; init; }

    /// <summary>Returns <see cref="Text"/>.</summary>
    public override string ToString() => Text;
}
