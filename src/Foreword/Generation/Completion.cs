namespace Foreword.Generation;

/// <summary>Why a completion ended; OpenAI's API has the same two reasons.</summary>
public enum FinishReason
{
    /// <summary>The model wrote its end-of-text token, a stop token, or a stop string.</summary>
    Stop,

    /// <summary>The wanted number of tokens, or the end of the context, was reached.</summary>
    Length,
}

/// <summary>A text that a model wrote.</summary>
/// <param name="Text">The text that goes on where the prompt ends, without the prompt, up to but without a stop string, or a space that the tokenizer puts behind the last word.</param>
/// <param name="Ids">Every token chosen except end-of-text and stop tokens; the last ones may belong to a stop string.</param>
/// <param name="FinishReason">Why it ended.</param>
public sealed record Completion(string Text, IReadOnlyList<int> Ids, FinishReason FinishReason)
{
    /// <summary>For each of <see cref="Ids"/> what the model thought of it, when <see cref="SamplingOptions.LogProbs"/> asked for it.</summary>
    public IReadOnlyList<TokenLogProb>? LogProbs { get; init; }

    /// <summary>The score of a beam search (see <see cref="SamplingOptions.LengthPenalty"/>); null when tokens were drawn.</summary>
    public double? Score { get; init; }

    /// <summary>The token that ended it, which is not part of <see cref="Ids"/>, or null when something else did.</summary>
    public int? EndId { get; init; }

    /// <summary>Returns <see cref="Text"/>.</summary>
    public override string ToString() => Text;
}
