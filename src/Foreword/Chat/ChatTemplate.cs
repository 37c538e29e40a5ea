using System.Text.Json;
using System.Text.Json.Serialization;
using Foreword.IO;
using Foreword.Settings;

namespace Foreword.Chat;

/// <summary>
/// Defines how a conversation becomes one text: the text before and after each message. The text of a special token in a template (such as
/// <c>[SEP]</c>) becomes that token. In a message, it is plain text. A model directory can hold a template as <c>chat.yaml</c>.
/// </summary>
public sealed record ChatTemplate : IRecipe
{
    private const string TokenizerConfigName = "tokenizer_config.json", JinjaName = "chat_template.jinja";

    /// <summary>
    /// Gets the template for language models that were not trained on dialogues: a script of two speakers with one line per message.
    /// </summary>
    public static ChatTemplate Plain { get; } = new()
    {
        System = new ChatFrame { Suffix = "\n\n" },
        User = new ChatFrame { Prefix = "User: ", Suffix = "\n" },
        Assistant = new ChatFrame { Prefix = "Assistant:", Suffix = "\n" },
    };

    /// <summary>
    /// Gets the template of GPT2-chitchat (github.com/yangjianxin1/GPT2-chitchat): <c>[CLS]</c>, and <c>[SEP]</c> after each message. It needs a
    /// tokenizer with BERT's tokens. An instruction becomes the first message.
    /// </summary>
    public static ChatTemplate Chitchat { get; } = new()
    {
        Start = "[CLS]",
        System = new ChatFrame { Suffix = "[SEP]" },
        User = new ChatFrame { Suffix = "[SEP]" },
        Assistant = new ChatFrame { Suffix = "[SEP]" },
        Tokens = ["[CLS]", "[SEP]"],
    };

    /// <summary>Gets the template of ChatML, which marks each message and its author with two special tokens.</summary>
    public static ChatTemplate ChatMl { get; } = new()
    {
        System = new ChatFrame { Prefix = "<|im_start|>system\n", Suffix = "<|im_end|>\n" },
        User = new ChatFrame { Prefix = "<|im_start|>user\n", Suffix = "<|im_end|>\n" },
        Assistant = new ChatFrame { Prefix = "<|im_start|>assistant\n", Suffix = "<|im_end|>\n" },
        Tokens = ["<|im_start|>", "<|im_end|>"],
    };

    /// <summary>Gets the templates that have a name.</summary>
    public static IReadOnlyDictionary<string, ChatTemplate> Named { get; } = new Dictionary<string, ChatTemplate>(StringComparer.Ordinal) { ["chitchat"] = Chitchat, ["chatml"] = ChatMl, ["plain"] = Plain };

    /// <summary>Gets the text at the beginning of the conversation.</summary>
    public string Start { get; init; } = "";

    /// <summary>Gets the texts around the instruction. They are omitted if there is no instruction.</summary>
    public ChatFrame System { get; init; } = new();

    /// <summary>Gets the texts around each message of the user.</summary>
    public ChatFrame User { get; init; } = new();

    /// <summary>
    /// Gets the texts around each answer. The model continues after the prefix. The suffix, or the special token at its beginning, ends an answer.
    /// </summary>
    public ChatFrame Assistant { get; init; } = new();

    /// <summary>Gets further texts or special tokens that end an answer. The end-of-text token always ends it.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <summary>
    /// Gets the special tokens that the template needs. Training on dialogues adds those that the tokenizer lacks. Without them, they would be plain
    /// text.
    /// </summary>
    public IReadOnlyList<string> Tokens { get; init; } = [];

    /// <summary>
    /// Gets whether the model of this template was trained on dialogues from their end, so that it ranks answers and does not write them. Null if this is
    /// not known, as for a template that belongs to no model.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? Reverse { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (User.Prefix + User.Suffix + Assistant.Prefix + Assistant.Suffix == "")
            problems.Add(nameof(User), "and assistant have no text around their messages; the messages could not be distinguished");
        if (Stop.Any(string.IsNullOrEmpty))
            problems.Add(nameof(Stop), "contains an empty text; it would end every answer immediately");
        if (Tokens.Any(string.IsNullOrEmpty))
            problems.Add(nameof(Tokens), "contains an empty text, which cannot be a token");
        return problems;
    }

    /// <summary>
    /// Returns the file of a model directory that holds a Jinja template, or null if there is none. This class does not read such templates.
    /// </summary>
    /// <param name="directory">The model directory.</param>
    public static string? JinjaFile(string directory)
    {
        string jinja = Path.Combine(directory, JinjaName), config = Path.Combine(directory, TokenizerConfigName);
        return File.Exists(jinja) ? jinja : HasTemplate(config) ? config : null;
    }

    private static bool HasTemplate(string config)
    {
        if (!File.Exists(config))
            return false;
        using JsonDocument? document = JsonFile.TryParse(File.ReadAllBytes(config), out _); // the reader of the file reports a problem
        return document?.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("chat_template", out JsonElement template) && template.ValueKind != JsonValueKind.Null;
    }
}

/// <summary>Defines the texts before and after a message.</summary>
public sealed record ChatFrame : IRecipe
{
    /// <summary>Gets the text before the message.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Gets the text after the message.</summary>
    public string Suffix { get; init; } = "";

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems() => [];
}
