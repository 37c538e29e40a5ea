using System.Text.Json;
using Foreword.Chat;
using Foreword.Data.Decoding;

namespace Foreword.Data.Dialogues;

/// <summary>
/// Reads files of preferences: JSON Lines, also compressed, with an object for each pair of answers. These are three of TRL's forms.
/// <list type="bullet">
/// <item><c>{"prompt": "...", "chosen": "...", "rejected": "..."}</c>: the prompt is a message of the user.</item>
/// <item><c>{"prompt": [messages], "chosen": [messages], "rejected": [messages]}</c>. The answers may also repeat the prompt.</item>
/// <item><c>{"chosen": [messages], "rejected": [messages]}</c>: the prompt is what both begin with.</item>
/// </list>
/// A message is <c>{"role": "user", "content": "..."}</c>.
/// </summary>
internal static class PreferenceReader
{
    /// <summary>Streams the pairs of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="encoding">The encoding of text; null for UTF-8, or what a byte order mark says.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is malformed or holds no pair. The message names file, line and field.</exception>
    public static IEnumerable<Preference> Read(string path, TextEncoding? encoding = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        DialogueReader.CheckFile(path, "preferences");
        return ReadFile();

        IEnumerable<Preference> ReadFile()
        {
            bool any = false;
            foreach ((string text, long number) in Compression.Named(DialogueReader.Lines(path, encoding), path, TextEncoding.OtherEncodings))
            {
                if (string.IsNullOrWhiteSpace(text))
                    continue;
                any = true;
                yield return OfLine(text, $"{path}:{number}");
            }

            if (!any)
                throw new InvalidDataException($"{path} holds no pair of answers");
        }
    }

    private static Preference OfLine(string line, string place)
    {
        using JsonDocument json = DialogueReader.Parsed(line, place);
        JsonElement pair = json.RootElement;
        if (pair.ValueKind != JsonValueKind.Object)
            throw new InvalidDataException($"{place}: expected {{\"prompt\": ..., \"chosen\": ..., \"rejected\": ...}}");
        DialogueReader.RefuseUnsupported(pair, place);
        List<ChatMessage>? given = Messages(pair, "prompt", ChatRole.User, place, isNeeded: false);
        List<ChatMessage> chosen = Messages(pair, "chosen", ChatRole.Assistant, place)!, rejected = Messages(pair, "rejected", ChatRole.Assistant, place)!;
        int shared = chosen.Zip(rejected).TakeWhile(both => both.First == both.Second).Count();
        List<ChatMessage> prompt = given ?? chosen[..shared];
        if (given is null && shared == 0)
            throw new InvalidDataException($"{place} has no \"prompt\", and \"chosen\" and \"rejected\" do not begin with the same message");
        if (given is null || (shared >= prompt.Count && prompt.SequenceEqual(chosen.Take(prompt.Count))))
            (chosen, rejected) = (chosen[prompt.Count..], rejected[prompt.Count..]);
        prompt.RemoveAll(message => string.IsNullOrWhiteSpace(message.Text));
        if (DialogueReader.InstructionOf(pair, place) is { } instruction && !string.IsNullOrWhiteSpace(instruction.Text) && prompt.Count > 0)
            prompt.Insert(0, instruction);
        if (prompt.Count == 0)
            throw new InvalidDataException($"{place}: \"prompt\" is empty");
        if (prompt[^1].Role == ChatRole.Assistant)
            throw new InvalidDataException($"{place}: the prompt ends with an answer; expected a message of the user");
        foreach ((string name, List<ChatMessage> answer) in ((string, List<ChatMessage>)[])[("chosen", chosen), ("rejected", rejected)])
        {
            if (answer.Count == 0 || answer[0].Role != ChatRole.Assistant)
                throw new InvalidDataException($"{place}: \"{name}\" {(answer.Count == 0 ? "has no message after the prompt" : "does not begin with a message of the assistant")}");
        }

        return new Preference(prompt, chosen, rejected, place);
    }

    /// <summary>Returns the messages of a field; a text is a message of <paramref name="role"/>.</summary>
    private static List<ChatMessage>? Messages(JsonElement pair, string name, ChatRole role, string place, bool isNeeded = true)
    {
        if (!pair.TryGetProperty(name, out JsonElement value))
            return isNeeded ? throw new InvalidDataException($"{place} has no \"{name}\"") : null;
        return value.ValueKind switch
        {
            JsonValueKind.String => [new ChatMessage(role, DialogueReader.Text(value))],
            JsonValueKind.Array => [.. value.EnumerateArray().Select((message, i) => DialogueReader.MessageOf(message, $"{place}: \"{name}\", message {i + 1}", isShareGpt: false))],
            _ => throw new InvalidDataException($"{place}: \"{name}\" is neither a text nor a list of messages"),
        };
    }
}
