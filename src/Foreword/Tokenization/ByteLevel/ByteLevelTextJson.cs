using System.Text.Json;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.Normalization;

namespace Foreword.Tokenization.ByteLevel;

/// <summary>
/// Reads and writes the normalizer and the pre-tokenizer of a byte-level BPE in tokenizer.json. A part that is not supported exactly is an error
/// that names the part.
/// </summary>
internal static class ByteLevelTextJson
{
    public const string ByteLevel = "ByteLevel";

    private const string Digits = "Digits", Punctuation = "Punctuation";

    /// <summary>GPT-2's pattern as tokenizer.json files write it.</summary>
    private const string Gpt2Regex = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>The same pattern with the contractions combined, as later OpenAI code writes it.</summary>
    private const string ShortGpt2Regex = @"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    /// <summary>Reads the two parts.</summary>
    /// <param name="root">The root of the file.</param>
    /// <param name="companions">
    /// The accompanying files. If the pre-tokenizer is only a ByteLevel, their <c>add_prefix_space</c> wins, as in transformers.
    /// </param>
    public static ByteLevelText Read(TokenizerField root, TokenizerCompanions companions)
    {
        TokenizerField split = root.Find("pre_tokenizer") ?? throw root.Unsupported("pre_tokenizer null", "GPT-2's is ByteLevel");
        UnicodeNormalizer? normalizer = UnicodeNormalizer.Read(root.Find("normalizer"));
        if (split.TypeName == "Sequence")
            return ReadSequence(split) with { Normalizer = normalizer };
        if (split.TypeName != ByteLevel)
            throw split.Unsupported($"pre_tokenizer {split.TypeName}", "GPT-2's is ByteLevel");
        RequireRegex(split);
        return new ByteLevelText { AddPrefixSpace = companions.Switch(ByteLevelJson.PrefixSpaceKey) ?? HasPrefixSpace(split), Normalizer = normalizer };
    }

    /// <summary>Writes the two parts.</summary>
    public static void Write(Utf8JsonWriter json, ByteLevelText text)
    {
        UnicodeNormalizer.Write(json, text.Normalizer);
        if (text.Cuts.Count == 0)
        {
            WriteByteLevel(json, "pre_tokenizer", text.AddPrefixSpace);
            return;
        }

        json.WriteStartObject("pre_tokenizer");
        json.WriteString("type", "Sequence");
        json.WriteStartArray("pretokenizers");
        foreach (TextCut cut in text.Cuts)
        {
            json.WriteStartObject();
            json.WriteString("type", cut.Kind == CutKind.Digits ? Digits : Punctuation);
            if (cut.Kind == CutKind.Digits)
                json.WriteBoolean("individual_digits", cut.Single);
            else
                json.WriteString("behavior", cut.Single ? "Isolated" : "Contiguous");
            json.WriteEndObject();
        }

        WriteByteLevel(json, null, text.AddPrefixSpace);
        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Writes a ByteLevel object, as a field or (if <paramref name="part"/> is null) as an item of an array.</summary>
    public static void WriteByteLevel(Utf8JsonWriter json, string? part, bool addPrefixSpace = false)
    {
        if (part is null)
            json.WriteStartObject();
        else
            json.WriteStartObject(part);
        json.WriteString("type", ByteLevel);
        json.WriteBoolean("add_prefix_space", addPrefixSpace);
        json.WriteBoolean("trim_offsets", part != "post_processor"); // as in the released file; does not affect ids
        json.WriteBoolean("use_regex", true);
        json.WriteEndObject();
    }

    /// <summary>
    /// Reads a sequence of cuts. It ends with a ByteLevel that uses GPT-2's pattern, or with a Split at this pattern that a ByteLevel follows.
    /// </summary>
    private static ByteLevelText ReadSequence(TokenizerField sequence)
    {
        List<TextCut> cuts = [];
        bool isSplit = false, isByteLevel = false, prefix = false;
        foreach (TokenizerField step in sequence.Require("pretokenizers", JsonValueKind.Array).Items())
        {
            string type = step.TypeName;
            if (isByteLevel || (isSplit && type != ByteLevel))
                throw step.Unsupported($"{type} after {(isByteLevel ? ByteLevel : "Split")}", "ByteLevel must be last, with any Split directly before it");
            switch (type)
            {
                case Digits:
                    cuts.Add(new TextCut(CutKind.Digits, step.IsTrue("individual_digits")));
                    break;
                case Punctuation:
                    string behavior = step.Find("behavior")?.Text ?? "Isolated";
                    if (behavior is not ("Isolated" or "Contiguous"))
                        throw step.Unsupported($"behavior {behavior}", "punctuation is Isolated or Contiguous");
                    cuts.Add(new TextCut(CutKind.Punctuation, behavior == "Isolated"));
                    break;
                case "Split":
                    RequireGpt2Split(step);
                    isSplit = true;
                    break;
                case ByteLevel:
                    isByteLevel = true;
                    prefix = HasPrefixSpace(step);
                    if (prefix && (isSplit || cuts.Count > 0))
                        throw step.Unsupported("add_prefix_space = true after another step", "it would put a space before every piece");
                    if (!isSplit)
                        RequireRegex(step);
                    break;
                default:
                    throw step.Unsupported($"pre_tokenizer {type}", "supported: Digits, Punctuation, Split by GPT-2's pattern, ByteLevel");
            }
        }

        return isByteLevel ? new ByteLevelText { AddPrefixSpace = prefix, Cuts = cuts } : throw sequence.Unsupported("a Sequence without ByteLevel", "GPT-2's pre_tokenizer is ByteLevel");
    }

    private static void RequireGpt2Split(TokenizerField split)
    {
        TokenizerField pattern = split.Require("pattern", JsonValueKind.Object);
        string regex = (pattern.Find("Regex") ?? pattern.Require("String", JsonValueKind.String)).Text;
        if (!pattern.Has("Regex") || regex is not (Gpt2Regex or ShortGpt2Regex))
            throw pattern.Unsupported($"Split at '{regex}'", "text is split by GPT-2's pattern");
        string behavior = split.Require("behavior", JsonValueKind.String).Text;
        if ((behavior, split.IsTrue("invert")) is not (("Isolated", _) or ("Removed", true)))
            throw split.Unsupported($"behavior {behavior}", "every match is Isolated");
    }

    private static void RequireRegex(TokenizerField byteLevel)
    {
        if (byteLevel.Has("use_regex") && !byteLevel.IsTrue("use_regex"))
            throw byteLevel.Unsupported("use_regex = false", "text is split by GPT-2's pattern");
    }

    /// <summary>Returns the value of add_prefix_space. Its default is true, as in Hugging Face's ByteLevel.</summary>
    private static bool HasPrefixSpace(TokenizerField byteLevel) => !byteLevel.Has("add_prefix_space") || byteLevel.IsTrue("add_prefix_space");
}
