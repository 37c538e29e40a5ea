using System.Text.Json;
using Foreword.Chat;
using Foreword.Cli.Output;
using Foreword.Data.Dialogues;
using Foreword.IO;

namespace Foreword.Cli.Commands;

/// <summary>Writes and reads a conversation as JSON Lines, a message per line: <c>{"role": "user", "content": "..."}</c>.</summary>
internal static class SavedConversation
{
    /// <summary>Writes messages to a new file, or replaces a file that holds the same conversation.</summary>
    /// <param name="path">The file.</param>
    /// <param name="messages">The messages.</param>
    /// <param name="own">The files that hold the conversation, as <see cref="OutputFile.Target"/> returns them.</param>
    /// <exception cref="IOException">The file exists and holds something else, or it cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<ChatMessage> messages, IReadOnlySet<string> own)
    {
        OutputFile.Check(path);
        if (File.Exists(path) && !own.Contains(OutputFile.Target(path)))
            throw new IOException($"{path} already exists; choose another name");
        try
        {
            OutputFile.Write(path, stream => Write(stream, messages));
        }
        catch (UnauthorizedAccessException problem)
        {
            throw new IOException($"{path} cannot be written: this user has no right to", problem);
        }
    }

    private static void Write(Stream stream, IReadOnlyList<ChatMessage> messages)
    {
        foreach (ChatMessage message in messages)
        {
            using (Utf8JsonWriter json = new(stream, ReadableJson.Line))
                Dialogue.WriteMessage(json, message.Role, message.Text.Trim());
            stream.Write("\n"u8);
        }
    }

    /// <summary>Reads the messages of a file.</summary>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="IOException">The path is a directory, or the file cannot be read.</exception>
    /// <exception cref="InvalidDataException">The file is malformed. The message names file and line.</exception>
    public static IReadOnlyList<ChatMessage> Read(string path)
    {
        if (Directory.Exists(path))
            throw new IOException($"{path} is a directory; name a file that /save wrote");
        try
        {
            return ReadMessages(path);
        }
        catch (UnauthorizedAccessException problem)
        {
            throw new IOException($"{path} cannot be read: this user has no right to", problem);
        }
    }

    private static List<ChatMessage> ReadMessages(string path)
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
