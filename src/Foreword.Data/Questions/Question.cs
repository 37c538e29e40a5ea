namespace Foreword.Data.Questions;

/// <summary>A task as a question about a context, which text answers.</summary>
/// <param name="Context">What the question is about; may be empty.</param>
/// <param name="Asked">The question in its usual wording.</param>
/// <param name="Answers">The accepted answers, at least one. The first one is learned.</param>
/// <param name="Place">Where it stands, for messages.</param>
internal sealed record Question(string Context, string Asked, IReadOnlyList<string> Answers, string Place)
{
    /// <summary>Gets the possible answers in words, such as "negative or positive"; empty if the answer is free.</summary>
    public string Options { get; init; } = "";

    /// <summary>Gets the text of the example that the question quotes, such as a hypothesis; empty if there is none.</summary>
    public string Other { get; init; } = "";

    /// <summary>Gets the name of the dialogue that the question is a turn of; null if it belongs to none.</summary>
    public string? Dialogue { get; init; }

    /// <summary>Returns the text before the answer.</summary>
    /// <param name="context">The context, or the rest of it.</param>
    /// <param name="asked">The question in some wording.</param>
    public static string Prompt(string context, string asked) => $"Context: {context}\nQuestion: {asked}\nAnswer:";

    /// <summary>Returns possible answers in words: "a", "a or b", "a, b, or c".</summary>
    public static string List(IReadOnlyList<string> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Count < 3 ? string.Join(" or ", options) : $"{string.Join(", ", options.SkipLast(1))}, or {options[^1]}";
    }
}
