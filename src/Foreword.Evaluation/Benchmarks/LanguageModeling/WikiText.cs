using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.LanguageModeling;

/// <summary>WikiText-2 and WikiText-103 (Merity et al. 2016). Both have the same test split.</summary>
internal static class WikiText
{
    public static Benchmark Two { get; } = Create("wikitext2", "wikitext-2-raw", PublishedFigure.Gpt2(WordCorpus.Perplexity, 29.41, 22.76, 19.93, 18.34));

    public static Benchmark OneHundredThree { get; } = Create("wikitext103", "wikitext-103-raw", PublishedFigure.Gpt2(WordCorpus.Perplexity, 37.50, 26.37, 22.05, 17.48));

    private static WordCorpus Create(string name, string folder, IReadOnlyList<PublishedFigure> published) =>
        new(name, "Wikipedia articles, perplexity", "the official file, a paragraph a line", Detokenizer.WikiText, published, $"{folder}/wiki.test.raw", $"{folder}/wiki.test.tokens");
}
