using Foreword.Tokenization.Normalization;

namespace Foreword.Tokenization.ByteLevel;

/// <summary>What happens to text before <see cref="ByteLevelBpe"/> merges its chunks, beyond GPT-2's pattern.</summary>
internal sealed record ByteLevelText
{
    /// <summary>GPT-2's way: nothing.</summary>
    public static ByteLevelText Gpt2 { get; } = new();

    /// <summary>Whether a text, and text after an added token, gets a space before it where it has none.</summary>
    public bool AddPrefixSpace { get; init; }

    /// <summary>Changes text first; null where nothing does.</summary>
    public UnicodeNormalizer? Normalizer { get; init; }

    /// <summary>Cut text into pieces, in each of which GPT-2's pattern then finds chunks; none for GPT-2.</summary>
    public IReadOnlyList<TextCut> Cuts { get; init; } = [];

    /// <summary>Whether nothing but GPT-2's pattern cuts or changes text. A space at the beginning does not count.</summary>
    public bool IsGpt2 => Normalizer is null && Cuts.Count == 0;

    /// <summary>The settings as text, for fingerprints; empty for GPT-2's.</summary>
    public string Signature => IsGpt2 && !AddPrefixSpace ? "" : $"prefix {AddPrefixSpace} normalizer {Normalizer} cuts {string.Join(' ', Cuts)} ";
}
