using System.Globalization;
using Foreword.Cli.Output;

namespace Foreword.Cli.Commands;

/// <summary>
/// A file to which a chat appends messages and answers, in the form of GPT2-chitchat's samples: a line for each message and a line for its answer. A
/// command that changes the conversation is a line, too, so that the log shows the conversation that took place.
/// </summary>
/// <param name="path">The file; null for no log.</param>
/// <param name="terminal">Receives what goes wrong.</param>
internal sealed class ChatLog(string? path, Terminal terminal)
{
    private bool _isBroken;

    /// <summary>Checks, before any work, that the file can be written.</summary>
    /// <exception cref="IOException">The path is a directory, or its directory does not exist.</exception>
    public void Check()
    {
        if (path is not null)
            OutputFile.Check(path);
    }

    /// <summary>Begins the part of the log that belongs to this chat.</summary>
    /// <param name="loaded">The file of the conversation that is continued, or null.</param>
    /// <param name="system">The instruction; empty for none.</param>
    /// <exception cref="IOException">The file cannot be written.</exception>
    public void Begin(string? loaded, string system)
    {
        string time = DateTime.Now.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture);
        string text = $"{time}\n{(loaded is null ? "" : $"/load {loaded}\n")}{(system.Length == 0 ? "" : $"/system {system}\n")}";
        if (path is not null && !TryAppend(text))
            throw new IOException($"--log: {path} cannot be written");
    }

    /// <summary>Appends a message and its answer.</summary>
    public void Pair(string message, string answer) => Append($"user:{message}\nchatbot:{answer.Trim()}\n");

    /// <summary>Appends a command that changed the conversation.</summary>
    public void Command(string line) => Append(line + "\n");

    /// <summary>Appends a text. If that fails, the chat continues without a log.</summary>
    private void Append(string text)
    {
        if (path is null || _isBroken || TryAppend(text))
            return;
        _isBroken = true;
        terminal.Err.WriteLine($"error: --log: {path} cannot be written any more; the chat continues without it");
    }

    private bool TryAppend(string text)
    {
        try
        {
            File.AppendAllText(path!, text);
            return true;
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }
}
