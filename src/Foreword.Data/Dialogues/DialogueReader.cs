using System.Text.Json;
using System.Text.Unicode;
using Foreword.Chat;
using Foreword.Data.Decoding;
using Foreword.Data.Tables;
using Foreword.IO;
using Foreword.Settings;

namespace Foreword.Data.Dialogues;

/// <summary>Reads files of dialogues, each also compressed as <c>.gz</c> or <c>.zst</c>. See <see cref="DialogueLayout"/>.</summary>
/// <remarks>Messages without text are left out. Lone surrogates become U+FFFD when a message is encoded.</remarks>
public static class DialogueReader
{
    private static readonly Dictionary<string, ChatRole> Roles = new(StringComparer.OrdinalIgnoreCase)
    {
        ["system"] = ChatRole.System,
        ["developer"] = ChatRole.System,
        ["user"] = ChatRole.User,
        ["human"] = ChatRole.User,
        ["assistant"] = ChatRole.Assistant,
        ["gpt"] = ChatRole.Assistant,
        ["model"] = ChatRole.Assistant,
        ["bot"] = ChatRole.Assistant,
    };

    /// <summary>Returns the layout that a file usually has, by its name.</summary>
    /// <param name="path">The file's name, with or without the extension of its compression.</param>
    public static DialogueLayout LayoutOf(string path) => Path.GetExtension(Compression.NameWithout(path)).ToLowerInvariant() switch
    {
        ".jsonl" or ".ndjson" or ".json" => DialogueLayout.Messages,
        ".csv" or ".tsv" or ".parquet" => DialogueLayout.Turns,
        _ => DialogueLayout.Chitchat,
    };

    /// <summary>Streams the dialogues of a file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="layout">Its layout; null for <see cref="LayoutOf"/>.</param>
    /// <param name="encoding">The encoding of text; null for UTF-8, or what a byte order mark says.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is malformed or holds no dialogue. The message names file and line.</exception>
    public static IEnumerable<Dialogue> Read(string path, DialogueLayout? layout = null, TextEncoding? encoding = null)
    {
        ArgumentNullException.ThrowIfNull(path);
        CheckFile(path, "dialogues");
        if (layout == DialogueLayout.Chitchat && LayoutOf(path) is var usual and not DialogueLayout.Chitchat)
            throw new InvalidDataException($"{path} is no text with an utterance per line, as its name says; expected a text file, or the layout {RecipeKey.ChoiceOf(usual)}");
        return ReadFile();

        IEnumerable<Dialogue> ReadFile()
        {
            bool any = false;
            int empty = 0;
            foreach (Dialogue dialogue in Compression.Named(Dialogues(path, layout ?? LayoutOf(path), encoding), path, TextEncoding.OtherEncodings))
            {
                Dialogue spoken = dialogue with { Messages = [.. dialogue.Messages.Where(message => !string.IsNullOrWhiteSpace(message.Text))] };
                empty += dialogue.Messages.Count - spoken.Messages.Count;
                if (spoken.Messages.Count == 0)
                    continue;
                any = true;
                yield return spoken with { EmptyMessages = empty };
                empty = 0;
            }

            if (!any)
                throw new InvalidDataException($"{path} holds no dialogue");
        }
    }

    /// <summary>Checks that a path is a file.</summary>
    /// <param name="path">The path.</param>
    /// <param name="what">What the file should hold, for the message.</param>
    internal static void CheckFile(string path, string what)
    {
        if (!File.Exists(path))
            throw Directory.Exists(path) ? new InvalidDataException($"{path} is a directory; expected a file of {what}") : new FileNotFoundException($"there is no file {path}", path);
    }

    private static IEnumerable<Dialogue> Dialogues(string path, DialogueLayout layout, TextEncoding? encoding) => layout switch
    {
        DialogueLayout.Turns => Turns(path, encoding),
        DialogueLayout.Messages when Path.GetExtension(Compression.NameWithout(path)).Equals(".json", StringComparison.OrdinalIgnoreCase) => List(path, encoding),
        DialogueLayout.Messages => Lines(path, encoding).Where(line => !string.IsNullOrWhiteSpace(line.Text)).Select(line => OfLine(line.Text, $"{path}:{line.Number}")),
        _ => Utterances(path, encoding),
    };

    private static IEnumerable<Dialogue> Utterances(string path, TextEncoding? encoding)
    {
        List<ChatMessage> messages = [];
        long begin = 1;
        foreach ((string text, long number) in Lines(path, encoding))
        {
            if (!string.IsNullOrWhiteSpace(text))
            {
                if (messages.Count == 0)
                    begin = number;
                messages.Add(new ChatMessage(messages.Count % 2 == 0 ? ChatRole.User : ChatRole.Assistant, text.Trim()));
            }
            else if (messages.Count > 0)
            {
                yield return new Dialogue(messages, $"{path}:{begin}");
                messages = [];
            }
        }

        if (messages.Count > 0)
            yield return new Dialogue(messages, $"{path}:{begin}");
    }

    /// <summary>Streams the lines of a file with their numbers from 1.</summary>
    internal static IEnumerable<(string Text, long Number)> Lines(string path, TextEncoding? encoding)
    {
        using FileStream file = File.OpenRead(path);
        using Stream? content = Compression.Open(file, path);
        using Stream text = TextEncoding.ToUtf8(content ?? file, path, encoding);
        long number = 0;
        foreach (string line in StrictText.ReadLines(text, path))
            yield return (line, ++number);
    }

    private static IEnumerable<Dialogue> List(string path, TextEncoding? encoding)
    {
        using FileStream file = File.OpenRead(path);
        using Stream? content = Compression.Open(file, path);
        using Stream text = TextEncoding.ToUtf8(content ?? file, path, encoding);
        using MemoryStream bytes = new();
        text.CopyTo(bytes);
        if (!Utf8.IsValid(bytes.GetBuffer().AsSpan(0, (int)bytes.Length)))
            throw new InvalidDataException($"{path} is not UTF-8 text; {TextEncoding.OtherEncodings}");
        using JsonDocument json = JsonFile.TryParse(bytes.GetBuffer().AsMemory(0, (int)bytes.Length), out JsonException? problem, allowsRepeatedKeys: false) ?? throw JsonFile.Broken(path, problem!);
        if (json.RootElement.ValueKind != JsonValueKind.Array)
            throw new InvalidDataException($"{path}: expected one list of dialogues, [{{\"messages\": [...]}}, ...]");
        foreach ((int i, JsonElement dialogue) in json.RootElement.EnumerateArray().Index())
            yield return OfElement(dialogue, $"{path}[{i}]");
    }

    /// <summary>Parses a dialogue, <c>{"messages": [...]}</c> or <c>{"conversations": [...]}</c>.</summary>
    internal static Dialogue OfLine(string line, string place)
    {
        using JsonDocument json = Parsed(line, place);
        return OfElement(json.RootElement, place);
    }

    /// <summary>Parses a line.</summary>
    internal static JsonDocument Parsed(string line, string place) => JsonFile.TryParse(System.Text.Encoding.UTF8.GetBytes(line), out JsonException? problem, allowsRepeatedKeys: false)
        ?? throw new InvalidDataException($"{place}: the line is broken JSON ({JsonFile.Reason(problem!)})", problem);

    private static Dialogue OfElement(JsonElement dialogue, string place)
    {
        const string Expected = "expected {\"messages\": [{\"role\": ..., \"content\": ...}, ...]} or {\"conversations\": [{\"from\": ..., \"value\": ...}, ...]}";
        JsonElement list = dialogue;
        bool isShareGpt = false;
        if (dialogue.ValueKind == JsonValueKind.Object && !dialogue.TryGetProperty("messages", out list))
            isShareGpt = dialogue.TryGetProperty("conversations", out list);
        if (list.ValueKind != JsonValueKind.Array)
            throw new InvalidDataException($"{place}: {Expected}");
        if (dialogue.ValueKind == JsonValueKind.Object && !isShareGpt && dialogue.TryGetProperty("conversations", out _))
            throw new InvalidDataException($"{place} has both \"messages\" and \"conversations\"; expected one of them");
        RefuseUnsupported(dialogue, place);
        List<ChatMessage> messages = [];
        if (InstructionOf(dialogue, place) is { } instruction)
            messages.Add(instruction);
        foreach ((int i, JsonElement message) in list.EnumerateArray().Index())
            messages.Add(MessageOf(message, $"{place}: message {i + 1}", isShareGpt));

        return new Dialogue(messages, place);
    }

    /// <summary>Parses a line with one message, <c>{"role": ..., "content": ...}</c>.</summary>
    internal static ChatMessage MessageOf(string line, string place)
    {
        using JsonDocument json = Parsed(line, place);
        return MessageOf(json.RootElement, place, isShareGpt: false);
    }

    /// <summary>Converts an object with one message.</summary>
    internal static ChatMessage MessageOf(JsonElement message, string where, bool isShareGpt)
    {
        RefuseUnsupported(message, where);
        return new ChatMessage(RoleOf(Field(message, isShareGpt ? "from" : "role", where), where), Field(message, isShareGpt ? "value" : "content", where));
    }

    /// <summary>Returns the instruction that stands beside the messages, <c>"system": "..."</c>; null if there is none.</summary>
    internal static ChatMessage? InstructionOf(JsonElement element, string place)
    {
        if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty("system", out JsonElement system) || system.ValueKind == JsonValueKind.Null)
            return null;
        return new ChatMessage(ChatRole.System, system.ValueKind == JsonValueKind.String ? Text(system) : throw new InvalidDataException($"{place}: \"system\" is not a text"));
    }

    /// <summary>Refuses weights of answers, and calls of tools, which are not learned.</summary>
    internal static void RefuseUnsupported(JsonElement element, string where)
    {
        if (element.ValueKind != JsonValueKind.Object)
            return;
        if (element.TryGetProperty("weight", out JsonElement weight) && weight.GetRawText() is not ("1" or "1.0" or "null"))
            throw new InvalidDataException($"{where}: \"weight\" is {weight.GetRawText()}; every answer counts, so leave out dialogues with answers that should not be learned");
        foreach (string name in (string[])["tools", "functions", "tool_calls", "function_call"])
        {
            if (element.TryGetProperty(name, out JsonElement value) && value.ValueKind != JsonValueKind.Null && !(value.ValueKind == JsonValueKind.Array && value.GetArrayLength() == 0))
                throw new InvalidDataException($"{where} has \"{name}\"; calls of tools are not supported, so leave such dialogues out");
        }
    }

    private static string Field(JsonElement message, string name, string where)
    {
        if (message.ValueKind != JsonValueKind.Object || !message.TryGetProperty(name, out JsonElement value))
            throw new InvalidDataException($"{where} has no \"{name}\"");
        return value.ValueKind switch
        {
            JsonValueKind.String => Text(value),
            JsonValueKind.Null => "",
            JsonValueKind.Array => string.Concat(value.EnumerateArray().Select(Part)),
            _ => throw new InvalidDataException($"{where}: \"{name}\" is not a text"),
        };

        string Part(JsonElement part, int i) => part.ValueKind == JsonValueKind.Object && part.TryGetProperty("type", out JsonElement type) && type.ValueEquals("text") && part.TryGetProperty("text", out JsonElement text) && text.ValueKind == JsonValueKind.String
            ? Text(text)
            : throw new InvalidDataException($"{where}: part {i + 1} of \"{name}\" is not {{\"type\": \"text\", \"text\": ...}}");
    }

    /// <summary>Returns a JSON string, also with lone surrogates.</summary>
    internal static string Text(JsonElement value) => JsonText.Unescape(value.GetRawText().AsSpan()[1..^1]);

    private static ChatRole RoleOf(string role, string where) => Roles.TryGetValue(role, out ChatRole known)
        ? known
        : throw new InvalidDataException($"{where}: the role is '{role}'; expected system, user or assistant (also human, gpt)");

    private static IEnumerable<Dialogue> Turns(string path, TextEncoding? encoding)
    {
        using FileStream file = File.OpenRead(path);
        bool isTranscoded = encoding is not null && !Compression.NameWithout(path).EndsWith(".parquet", StringComparison.OrdinalIgnoreCase);
        using Stream? content = isTranscoded ? Compression.Open(file, path) : null;
        using Stream? text = isTranscoded ? TextEncoding.ToUtf8(content ?? file, path, encoding) : null;
        List<ChatMessage> messages = [];
        string? current = null;
        string place = "";
        HashSet<string> seen = [];
        foreach (NamedRow row in NamedRow.Read(text ?? file, isTranscoded ? Compression.NameWithout(path) : path, ["dialogue", "role", "content"]))
        {
            if (row["dialogue"] != current)
            {
                if (messages.Count > 0)
                    yield return new Dialogue(messages, place);
                (messages, current, place) = ([], row["dialogue"], row.Where);
                if (!seen.Add(current))
                    throw row.Problem($"the dialogue '{current}' goes on after another one; put the rows of a dialogue one below the other");
            }

            messages.Add(new ChatMessage(RoleOf(row["role"], row.Where), row["content"]));
        }

        if (messages.Count > 0)
            yield return new Dialogue(messages, place);
    }
}
