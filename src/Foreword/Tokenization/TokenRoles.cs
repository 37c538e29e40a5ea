namespace Foreword.Tokenization;

/// <summary>What some tokens of a tokenizer are for, as its files say: how texts begin and end, and the names of special tokens. Not part of the vocabulary.</summary>
internal sealed record TokenRoles
{
    /// <summary>The roles of a tokenizer whose files name none.</summary>
    public static TokenRoles None { get; } = new();

    /// <summary>The id that begins a text; null where it is the one that ends it.</summary>
    public int? StartOfText { get; init; }

    /// <summary>The id that ends a document, where it is another one than the kind's own.</summary>
    public int? EndOfText { get; init; }

    /// <summary>Further ids that end a generated text.</summary>
    public IReadOnlyList<int> Stops { get; init; } = [];

    /// <summary>The ids that the tokenizer's template puts before a text.</summary>
    public IReadOnlyList<int> Before { get; init; } = [];

    /// <summary>The ids that the tokenizer's template puts after a text.</summary>
    public IReadOnlyList<int> After { get; init; } = [];

    /// <summary>Tokens by their keys in tokenizer_config.json, such as <c>eos_token</c>.</summary>
    public IReadOnlyDictionary<string, string> Names { get; init; } = new Dictionary<string, string>();

    /// <summary>The texts of <c>additional_special_tokens</c>.</summary>
    public IReadOnlyList<string> Additional { get; init; } = [];

    /// <summary>Returns the ids before a document of a corpus. The end of the document before it is not repeated.</summary>
    /// <param name="end">The id that ends a document, or null.</param>
    public IReadOnlyList<int> DocumentStart(int? end) => Before is [var only] && only == end ? [] : Before;

    /// <summary>Returns the ids after a document of a corpus, without the id that ends it.</summary>
    /// <param name="end">The id that ends a document, or null.</param>
    public IReadOnlyList<int> DocumentEnd(int? end) => After is [.., var last] && last == end ? [.. After.SkipLast(1)] : After;

    /// <summary>Returns what decides the ids of a document beyond the vocabulary, for fingerprints; empty where nothing does.</summary>
    /// <param name="end">The id that ends a document, or null.</param>
    public string Signature(int? end)
    {
        IReadOnlyList<int> before = DocumentStart(end), after = DocumentEnd(end);
        return EndOfText is null && before.Count + after.Count == 0 ? "" : $"ends {EndOfText} before {string.Join(',', before)} after {string.Join(',', after)}";
    }
}
