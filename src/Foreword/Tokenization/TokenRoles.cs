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

    /// <summary>What decides the ids of a document beyond the vocabulary, for fingerprints; empty where nothing does.</summary>
    public string Signature => EndOfText is null && Before.Count + After.Count == 0 ? "" : $"ends {EndOfText} before {string.Join(',', Before)} after {string.Join(',', After)}";
}
