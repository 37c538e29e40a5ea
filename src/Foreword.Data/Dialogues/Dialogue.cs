using System.Buffers;
using System.Text;
using System.Text.Json;
using Foreword.Chat;
using Foreword.IO;

namespace Foreword.Data.Dialogues;

/// <summary>A dialogue to learn from.</summary>
/// <param name="Messages">Its messages in order, at least one. Two messages of the same author may follow each other.</param>
/// <param name="Place">Where it stands, for messages: <c>train.jsonl:3</c>.</param>
public sealed record Dialogue(IReadOnlyList<ChatMessage> Messages, string Place)
{
    /// <summary>Gets the number of messages without text that were left out of this dialogue and of those before it that had nothing else.</summary>
    internal int EmptyMessages { get; init; }

    /// <summary>
    /// Returns the dialogue in the opposite order, with the roles of the last two speakers exchanged, for a model that finds the message which an answer
    /// belongs to (maximum mutual information, Li et al. 2016). What was said last comes first. An instruction is left out.
    /// </summary>
    public Dialogue Reversed() => this with { Messages = [.. AnswerRanker.Reversed(Messages)] };

    /// <summary>Returns the dialogue as one line of JSON, <c>{"messages": [{"role": "user", "content": "..."}, ...]}</c>. Lone surrogates become U+FFFD.</summary>
    internal string ToJson()
    {
        ArrayBufferWriter<byte> bytes = new();
        using (Utf8JsonWriter json = new(bytes, ReadableJson.Line))
        {
            json.WriteStartObject();
            json.WriteStartArray("messages");
            foreach (ChatMessage message in Messages)
                WriteMessage(json, message.Role, message.Text);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(bytes.WrittenSpan);
    }

    /// <summary>Writes a message, <c>{"role": "user", "content": "..."}</c>.</summary>
    internal static void WriteMessage(Utf8JsonWriter json, ChatRole role, string text)
    {
        json.WriteStartObject();
        json.WriteString("role", role switch { ChatRole.System => "system", ChatRole.User => "user", _ => "assistant" });
        json.WriteString("content", text);
        json.WriteEndObject();
    }
}
