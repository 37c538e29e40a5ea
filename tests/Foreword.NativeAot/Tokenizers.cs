using Foreword.Tokenization;
using Foreword.Tokenization.Catalog;
using Foreword.Weights.Catalog;

namespace Foreword.NativeAot;

/// <summary>Reads tokenizers in every form, and trains every kind.</summary>
internal static class Tokenizers
{
    private const string Text = "The cat — naïve, Ünïcode 中文 \U0001F917 — sat on 2,048 mats; don't\n\tmind. ﬁne Å";

    public static void Run(Report report)
    {
        foreach (string directory in (string[])["gpt2-vocab", "gpt1-vocab", "bert-chinese-vocab"])
            Use(report, directory, ModelDirectory.LoadTokenizer(report.Fixture(directory)));
        string corpus = File.ReadAllText(report.Fixture("golden/tokenizers/bpe-train-corpus.txt"));
        foreach ((string kind, TokenizerTrainer trainer) in TrainerCatalog.Kinds.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            Use(report, kind, (trainer with { VocabSize = Math.Max(trainer.SmallestVocabulary, 400), MinFrequency = 1, Threads = 2 }).Train([corpus, Text]));
        string broken = report.NewDirectory("broken-tokenizer");
        report.SayRefusal("no tokenizer", () => ModelDirectory.LoadTokenizer(broken));
        report.Write("broken-tokenizer/tokenizer.json", """{"model": {"type": "Unigram"}}""");
        report.SayRefusal("unknown tokenizer", () => ModelDirectory.LoadTokenizer(broken));
    }

    private static void Use(Report report, string name, Tokenizer tokenizer)
    {
        int[] ids = tokenizer.Encode(Text);
        report.Say($"{name}: {tokenizer.Kind} {tokenizer.Fingerprint}", ids);
        report.Say($"{name}: text", tokenizer.Decode(ids));
        string directory = report.NewDirectory($"tokenizer-{name}");
        tokenizer.Save(directory);
        report.SayFiles(name, directory);
        Tokenizer again = ModelDirectory.LoadTokenizer(directory);
        report.Say($"{name}: read back", $"{again.Fingerprint == tokenizer.Fingerprint} {again.Encode(Text).SequenceEqual(ids)}");
    }
}
