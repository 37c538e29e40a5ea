namespace Foreword.Generation;

/// <summary>Why a completion ended; OpenAI's API has the same two reasons.</summary>
public enum FinishReason
{
    /// <summary>The model wrote its end-of-text token, or a stop string.</summary>
    Stop,

    /// <summary>The wanted number of tokens, or the end of the context, was reached.</summary>
    Length,
}

/// <summary>A text that a model wrote.</summary>
/// <param name="Text">The text without the prompt, up to but without a stop string.</param>
/// <param name="Ids">Every token drawn except end-of-text; the last ones may belong to a stop string.</param>
/// <param name="FinishReason">Why it ended.</param>
public sealed record Completion(string Text, IReadOnlyList<int> Ids, FinishReason FinishReason);
