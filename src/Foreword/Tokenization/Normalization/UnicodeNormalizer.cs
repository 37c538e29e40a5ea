using System.Globalization;
using System.Text;
using System.Text.Json;
using Foreword.Tokenization.Files;

namespace Foreword.Tokenization.Normalization;

/// <summary>A step of a <see cref="UnicodeNormalizer"/>. Members have the names that tokenizer.json uses.</summary>
internal enum NormalizerStep
{
    /// <summary>Canonical composition.</summary>
    NFC,

    /// <summary>Canonical decomposition.</summary>
    NFD,

    /// <summary>Compatibility composition.</summary>
    NFKC,

    /// <summary>Compatibility decomposition.</summary>
    NFKD,

    /// <summary>Lowercase, character by character.</summary>
    Lowercase,

    /// <summary>Removal of combining marks. Accents inside composed characters stay.</summary>
    StripAccents,
}

/// <summary>Applies the normalizer of a tokenizer.json: Unicode's normal forms, lowercase and similar steps, one after the other.</summary>
internal sealed class UnicodeNormalizer
{
    private const string Part = "normalizer", Sequence = "Sequence";

    private readonly NormalizerStep[] _steps;

    private UnicodeNormalizer(NormalizerStep[] steps) => _steps = steps;

    /// <summary>Reads the normalizer part. Returns null if there is none or if it changes nothing.</summary>
    /// <exception cref="NotSupportedException">A step is not supported; the message names it.</exception>
    public static UnicodeNormalizer? Read(TokenizerField? part)
    {
        NormalizerStep[] steps = part is { } field ? [.. Steps(field)] : [];
        return steps.Length == 0 ? null : new UnicodeNormalizer(steps);
    }

    /// <summary>Writes the normalizer part.</summary>
    public static void Write(Utf8JsonWriter json, UnicodeNormalizer? normalizer)
    {
        switch (normalizer?._steps)
        {
            case null:
                json.WriteNull(Part);
                break;
            case [var only]:
                TokenizerJson.WritePart(json, Part, only.ToString());
                break;
            case var several:
                json.WriteStartObject(Part);
                json.WriteString("type", Sequence);
                json.WriteStartArray("normalizers");
                foreach (NormalizerStep step in several)
                {
                    json.WriteStartObject();
                    json.WriteString("type", step.ToString());
                    json.WriteEndObject();
                }

                json.WriteEndArray();
                json.WriteEndObject();
                break;
        }
    }

    /// <summary>Returns the text after all steps. A lone surrogate is treated as U+FFFD.</summary>
    public string Apply(ReadOnlySpan<char> text)
    {
        string normal = text.ToString();
        foreach (NormalizerStep step in _steps)
        {
            normal = step switch
            {
                NormalizerStep.Lowercase => LowerCase.Of(normal),
                _ when Ascii.IsValid(normal) => normal, // the other steps do not change ASCII
                NormalizerStep.StripAccents => string.Concat(normal.EnumerateRunes().Where(rune => !IsMark(rune))),
                NormalizerStep.NFC => NormalForm.Compose(NormalForm.Decompose(normal, isCompatible: false)),
                NormalizerStep.NFKC => NormalForm.Compose(NormalForm.Decompose(normal, isCompatible: true)),
                _ => NormalForm.ToString(NormalForm.Decompose(normal, isCompatible: step == NormalizerStep.NFKD)),
            };
        }

        return normal;
    }

    /// <summary>Returns the names of the steps, for fingerprints.</summary>
    public override string ToString() => string.Join(' ', _steps);

    private static IEnumerable<NormalizerStep> Steps(TokenizerField part)
    {
        string type = part.TypeName;
        if (type == Sequence)
            return part.Require("normalizers", JsonValueKind.Array).Items().SelectMany(Steps);
        return Enum.GetNames<NormalizerStep>().Contains(type)
            ? [Enum.Parse<NormalizerStep>(type)]
            : throw part.Unsupported($"normalizer {type}", $"supported: {string.Join(", ", Enum.GetNames<NormalizerStep>())} and their Sequence");
    }

    private static bool IsMark(Rune rune) => Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;
}
