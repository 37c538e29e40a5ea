using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.LanguageModeling;

/// <summary>
/// The One Billion Word benchmark (Chelba et al. 2013): shuffled sentences of news. Results are reported on the first held-out shard.
/// </summary>
internal static class OneBillionWord
{
    public static Benchmark Benchmark { get; } = new WordCorpus("1bw", "shuffled news sentences, perplexity", "a sentence a line", Detokenizer.OneBillionWord,
        PublishedFigure.Gpt2(WordCorpus.Perplexity, 75.20, 55.72, 44.575, 42.16), "1bw/news.en.heldout-00000-of-00050");
}
