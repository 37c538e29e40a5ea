using Foreword.Tokenization.Normalization;

namespace Foreword.Tokenization.ByteLevel;

/// <summary>Describes how text is prepared before <see cref="ByteLevelBpe"/> merges its chunks, in addition to GPT-2's pattern.</summary>
internal sealed record ByteLevelText
{
    /// <summary>Gets the settings of GPT-2, which add nothing to its pattern.</summary>
    public static ByteLevelText Gpt2 { get; } = new();

    /// <summary>Gets whether a space is put before a text, and before the text after an added token, unless it already begins with a space.</summary>
    public bool AddPrefixSpace { get; init; }

    /// <summary>Gets the normalizer that changes text first, or null.</summary>
    public UnicodeNormalizer? Normalizer { get; init; }

    /// <summary>Gets the rules that cut text into parts, within which GPT-2's pattern then finds chunks; empty for GPT-2.</summary>
    public IReadOnlyList<TextCut> Cuts { get; init; } = [];

    /// <summary>Gets whether only GPT-2's pattern cuts or changes text. A space at the beginning is not considered.</summary>
    public bool IsGpt2 => Normalizer is null && Cuts.Count == 0;

    /// <summary>Gets the settings as text, for fingerprints; empty for GPT-2's settings.</summary>
    public string Signature => IsGpt2 && !AddPrefixSpace ? "" : $"prefix {AddPrefixSpace} normalizer {Normalizer} cuts {string.Join(' ', Cuts)} ";
}
