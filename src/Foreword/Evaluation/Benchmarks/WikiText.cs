namespace Foreword.Evaluation.Benchmarks;

/// <summary>WikiText-2 and WikiText-103 (Merity et al. 2016), whose test split is one and the same.</summary>
internal sealed class WikiText : Benchmark
{
    private readonly string _folder;

    private WikiText(string name, string folder, IReadOnlyList<PublishedFigure> published) => (Name, _folder, Published) = (name, folder, published);

    /// <summary>WikiText-2.</summary>
    public static WikiText Two { get; } = new("wikitext2", "wikitext-2-raw", PublishedFigure.Gpt2("word_perplexity", 29.41, 22.76, 19.93, 18.34));

    /// <summary>WikiText-103.</summary>
    public static WikiText OneHundredThree { get; } = new("wikitext103", "wikitext-103-raw", PublishedFigure.Gpt2("word_perplexity", 37.50, 26.37, 22.05, 17.48));

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string Title => "Wikipedia articles, perplexity";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.1";

    /// <inheritdoc/>
    public override string Data => $"{_folder}/wiki.test.raw, the official file, a paragraph a line";

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics => WordCorpus.Metrics;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkSwitch> Switches => WordCorpus.Switches;

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published { get; }

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) => WordCorpus.Protocol(input);

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input) => WordCorpus.Read(input, Name, Detokenizer.WikiText, $"{_folder}/wiki.test.raw", $"{_folder}/wiki.test.tokens");
}
