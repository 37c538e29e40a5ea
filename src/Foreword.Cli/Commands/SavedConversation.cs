using System.Text.Json;
using Foreword.Chat;
using Foreword.Data.Dialogues;
using Foreword.IO;

namespace Foreword.Cli.Commands;

/// <summary>Writes and reads a conversation as JSON Lines, a message per line: <c>{"role": "user", "content": "..."}</c>.</summary>
internal static class SavedConversation
{
    /// <summary>Writes messages to a new file.</summary>
    /// <exception cref="IOException">The file exists, or cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<ChatMessage> messages)
    {
        if (File.Exists(path))
            throw new IOException($"{path} already exists; choose another name");
        DurableFile.Replace(path, stream =>
        {
            foreach (ChatMessage message in messages)
            {
                using (Utf8JsonWriter json = new(stream, ReadableJson.Line))
                    Dialogue.WriteMessage(json, message.Role, message.Text.Trim());
                stream.Write("\n"u8);
            }
        });
    }

    /// <summary>Reads the messages of a file.</summary>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is malformed. The message names file and line.</exception>
    public static IReadOnlyList<ChatMessage> Read(string path)
    {
        List<ChatMessage> messages = [];
        int number = 0;
        foreach (string line in StrictText.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            ChatMessage message = DialogueReader.MessageOf(line, $"{path}:{number}");
            if (message.Role == ChatRole.System && messages.Count > 0)
                throw new InvalidDataException($"{path}:{number}: only the first message can be an instruction (system)");
            messages.Add(message);
        }

        return messages;
    }
}
