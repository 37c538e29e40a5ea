using System.Text.Json;
using Foreword.Settings;

namespace Foreword.Chat;

/// <summary>
/// How a conversation becomes one text: what stands before and behind each message. The texts of special tokens in it (such as <c>[SEP]</c>) are those tokens;
/// in messages they are plain text. A model directory may hold one as <c>chat.yaml</c>.
/// </summary>
public sealed record ChatTemplate : IRecipe
{
    private const string TokenizerConfigName = "tokenizer_config.json", JinjaName = "chat_template.jinja";

    /// <summary>For language models that were never taught to talk: a script of two speakers, a line each.</summary>
    public static ChatTemplate Plain { get; } = new()
    {
        System = new ChatFrame { Suffix = "\n\n" },
        User = new ChatFrame { Prefix = "User: ", Suffix = "\n" },
        Assistant = new ChatFrame { Prefix = "Assistant:", Suffix = "\n" },
    };

    /// <summary>Stands once before everything.</summary>
    public string Start { get; init; } = "";

    /// <summary>Around the instruction, which is left out with it when there is none.</summary>
    public ChatFrame System { get; init; } = new();

    /// <summary>Around each message of the user.</summary>
    public ChatFrame User { get; init; } = new();

    /// <summary>Around each answer. The model goes on behind the prefix; the suffix, or the special token that begins it, ends an answer.</summary>
    public ChatFrame Assistant { get; init; } = new();

    /// <summary>Further texts or special tokens that end an answer. End-of-text always does.</summary>
    public IReadOnlyList<string> Stop { get; init; } = [];

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (User.Prefix + User.Suffix + Assistant.Prefix + Assistant.Suffix == "")
            problems.Add(nameof(User), "and assistant have nothing around their messages; nothing would tell them apart");
        if (Stop.Any(string.IsNullOrEmpty))
            problems.Add(nameof(Stop), "holds an empty text; it would end every answer at once");
        return problems;
    }

    /// <summary>The directory's file that holds a Jinja template, which this class does not read, or null.</summary>
    public static string? JinjaFile(string directory)
    {
        string jinja = Path.Combine(directory, JinjaName), config = Path.Combine(directory, TokenizerConfigName);
        return File.Exists(jinja) ? jinja : HasTemplate(config) ? config : null;
    }

    private static bool HasTemplate(string config)
    {
        if (!File.Exists(config))
            return false;
        try
        {
            using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(config));
            return document.RootElement.ValueKind == JsonValueKind.Object && document.RootElement.TryGetProperty("chat_template", out JsonElement template)
                && template.ValueKind != JsonValueKind.Null;
        }
        catch (JsonException)
        {
            return false; // whoever needs the file says what is wrong with it
        }
    }
}

/// <summary>What stands around a message.</summary>
public sealed record ChatFrame : IRecipe
{
    /// <summary>Before the message.</summary>
    public string Prefix { get; init; } = "";

    /// <summary>Behind the message.</summary>
    public string Suffix { get; init; } = "";

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems() => [];
}
