namespace Foreword.Tokenization;

/// <summary>
/// The roles of a tokenizer's tokens, as its files declare them: how texts begin and end, and the names of special tokens.
/// Roles are not part of the vocabulary.
/// </summary>
internal sealed record TokenRoles
{
    /// <summary>Gets the roles of a tokenizer whose files declare none.</summary>
    public static TokenRoles None { get; } = new();

    /// <summary>Gets the id that begins a text; null if none is declared or if it is the id that ends a document.</summary>
    public int? StartOfText { get; init; }

    /// <summary>Gets the id that ends a document if it differs from the kind's own; otherwise null.</summary>
    public int? EndOfText { get; init; }

    /// <summary>Gets further ids that end a generated text.</summary>
    public IReadOnlyList<int> Stops { get; init; } = [];

    /// <summary>Gets the ids that the tokenizer's template puts before a text.</summary>
    public IReadOnlyList<int> Before { get; init; } = [];

    /// <summary>Gets the ids that the tokenizer's template puts after a text.</summary>
    public IReadOnlyList<int> After { get; init; } = [];

    /// <summary>Gets the texts of tokens by their keys in tokenizer_config.json, such as <c>eos_token</c>.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the texts of <c>additional_special_tokens</c>.</summary>
    public IReadOnlyList<string> Additional { get; init; } = [];

    /// <summary>
    /// Returns the ids that the template puts before a document of a corpus. If the only such id also ends a document, the list is empty,
    /// because the previous document already ends with that id.
    /// </summary>
    /// <param name="end">The id that ends a document, or null.</param>
    public IReadOnlyList<int> DocumentStart(int? end) => Before is [var only] && only == end ? [] : Before;

    /// <summary>Returns the ids that the template puts after a document of a corpus, without the id that ends it.</summary>
    /// <param name="end">The id that ends a document, or null.</param>
    public IReadOnlyList<int> DocumentEnd(int? end) => After is [.., var last] && last == end ? [.. After.SkipLast(1)] : After;

    /// <summary>
    /// Returns a description, for fingerprints, of the settings beyond the vocabulary that decide the ids of a document; empty if there are none.
    /// </summary>
    /// <param name="end">The id that ends a document, or null.</param>
    public string Signature(int? end)
    {
        IReadOnlyList<int> before = DocumentStart(end), after = DocumentEnd(end);
        return EndOfText is null && before.Count + after.Count == 0 ? "" : $"ends {EndOfText} before {string.Join(',', before)} after {string.Join(',', after)}";
    }
}
