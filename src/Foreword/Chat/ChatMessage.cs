using Foreword.Generation;

namespace Foreword.Chat;

/// <summary>The author of a message.</summary>
public enum ChatRole
{
    /// <summary>The instruction before the conversation (system prompt).</summary>
    System,

    /// <summary>The user.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}

/// <summary>Represents a message of a conversation.</summary>
/// <param name="Role">The author of the message.</param>
/// <param name="Text">The text of the message, exactly as the model reads it.</param>
public sealed record ChatMessage(ChatRole Role, string Text)
{
    /// <summary>Gets the tokens of an answer as they were drawn, or null if they are not known to represent exactly its text.</summary>
    internal IReadOnlyList<int>? Ids { get; init; }
}

/// <summary>Represents an answer, and reports what was removed from the conversation to fit it into the context.</summary>
/// <param name="Text">The answer, or the part that was generated before an interruption.</param>
/// <param name="FinishReason">Why the answer ended.</param>
/// <param name="Interrupted">Whether the answer was canceled.</param>
/// <param name="DroppedMessages">The number of oldest messages that were forgotten to make room.</param>
/// <param name="Shortened">Whether the beginning of the last message also had to be removed.</param>
public sealed record ChatAnswer(string Text, FinishReason FinishReason, bool Interrupted, int DroppedMessages, bool Shortened)
{
    /// <summary>Gets the candidates from which the answer was chosen, the best one first; empty if there was only one.</summary>
    public IReadOnlyList<RankedAnswer> Candidates { get; init; } = [];
}
