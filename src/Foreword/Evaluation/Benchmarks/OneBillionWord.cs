namespace Foreword.Evaluation.Benchmarks;

/// <summary>The One Billion Word benchmark (Chelba et al. 2013): shuffled sentences of news.</summary>
internal sealed class OneBillionWord : Benchmark
{
    /// <inheritdoc/>
    public override string Name => "1bw";

    /// <inheritdoc/>
    public override string Title => "shuffled news sentences, perplexity";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.1";

    /// <inheritdoc/>
    public override string Data => "1bw/news.en.heldout-00000-of-00050, a sentence a line";

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics => WordCorpus.Metrics;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkSwitch> Switches => WordCorpus.Switches;

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published { get; } = PublishedFigure.Gpt2("word_perplexity", 75.20, 55.72, 44.575, 42.16);

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) => WordCorpus.Protocol(input);

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input) => WordCorpus.Read(input, Name, Detokenizer.OneBillionWord, "1bw/news.en.heldout-00000-of-00050", "1bw/news.en.heldout-*");
}
