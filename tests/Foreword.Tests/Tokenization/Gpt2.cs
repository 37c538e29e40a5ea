using System.Text.Json;
using CsCheck;
using Foreword.Tokenization.Bpe;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;

namespace Foreword.Tests.Tokenization;

/// <summary>Shared parts of several tokenizer tests: GPT-2's own vocabulary, golden lines and random text.</summary>
internal static class Gpt2
{
    private static readonly Lazy<ByteLevelBpe> Loaded = new(() => (ByteLevelBpe)TokenizerFiles.Load(Fixtures.Path("gpt2-vocab")));

    public static ByteLevelBpe Tokenizer => Loaded.Value;

    /// <summary>Generates text of words, contractions, digits, white space, astral characters and lone surrogates.</summary>
    public static Gen<string> AnyText { get; } = Gen.OneOf(
        Gen.String[Gen.Char['a', 'e'], 1, 12],
        Gen.OneOf(" ", "  ", "\n", "\t", "\u00A0", "\u3000", "'s", "'LL", "'", "'re", "12", "٣", "½", "é", "中文", "<|endoftext|>", "\0"),
        Gen.OneOf("🤗", "𝐀𝐛", "𝟘𝟙", "👩‍👩‍👧", "\uD800", "\uDFFF", "\uDC00\uD800"),
        Gen.String[Gen.Char, 0, 4]).Array[0, 12].Select(string.Concat);

    public static string Repaired(string text) => System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text));

    public static List<JsonElement> Lines(string fixture) =>
        [.. File.ReadLines(Fixtures.Path(fixture)).Select(line => JsonDocument.Parse(line).RootElement)];

    public static int[] Numbers(this JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetInt32())];

    public static string[] Strings(this JsonElement array) => [.. array.EnumerateArray().Select(e => e.GetString()!)];

    public static ByteLevelBpe TrainOn(this BpeTrainer trainer, params IEnumerable<string> texts) =>
        trainer.Train(texts, progress: null, TestContext.Current.CancellationToken);

    public static IReadOnlyList<LearnedMerge> LearnFrom(this BpeTrainer trainer, params IEnumerable<string> texts) =>
        trainer.Learn(texts, progress: null, TestContext.Current.CancellationToken);

    public static string[] Chunks(string text)
    {
        List<string> chunks = [];
        for (int start = 0, end; start < text.Length; start = end)
        {
            end = Gpt2Pattern.ChunkEnd(text, start);
            chunks.Add(text[start..end]);
        }

        return [.. chunks];
    }
}
