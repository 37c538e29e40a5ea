using Foreword.Chat;

namespace Foreword.Data.Dialogues;

/// <summary>A dialogue to learn from.</summary>
/// <param name="Messages">Its messages in order, at least one. Two messages of the same author may follow each other.</param>
/// <param name="Place">Where it stands, for messages: <c>train.jsonl:3</c>.</param>
public sealed record Dialogue(IReadOnlyList<ChatMessage> Messages, string Place)
{
    /// <summary>
    /// Returns the dialogue in the opposite order, with the roles of the last two speakers exchanged, for a model that finds the message which an answer
    /// belongs to (maximum mutual information, Li et al. 2016). What was said last comes first. An instruction is left out.
    /// </summary>
    public Dialogue Reversed() => this with
    {
        Messages = [.. Messages.Where(message => message.Role != ChatRole.System).Reverse().Select(message => message with { Role = message.Role == ChatRole.User ? ChatRole.Assistant : ChatRole.User })],
    };
}
