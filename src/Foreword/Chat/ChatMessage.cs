using Foreword.Generation;

namespace Foreword.Chat;

/// <summary>Who wrote a message.</summary>
public enum ChatRole
{
    /// <summary>The instruction before the conversation.</summary>
    System,

    /// <summary>The person.</summary>
    User,

    /// <summary>The model.</summary>
    Assistant,
}

/// <summary>A message of a conversation.</summary>
/// <param name="Role">Who wrote it.</param>
/// <param name="Text">What it says, exactly as it stands in the text that the model reads.</param>
public sealed record ChatMessage(ChatRole Role, string Text)
{
    /// <summary>The tokens of an answer as they were drawn, when they are known to stand for its text.</summary>
    internal IReadOnlyList<int>? Ids { get; init; }
}

/// <summary>An answer and what it took to fit it into the context.</summary>
/// <param name="Text">The answer; when it was interrupted, as far as it came.</param>
/// <param name="FinishReason">Why it ended.</param>
/// <param name="Interrupted">Whether it was cancelled.</param>
/// <param name="DroppedMessages">How many of the oldest messages were forgotten to make room.</param>
/// <param name="Shortened">Whether even the last message lost its beginning.</param>
public sealed record ChatAnswer(string Text, FinishReason FinishReason, bool Interrupted, int DroppedMessages, bool Shortened);
