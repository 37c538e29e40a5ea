namespace Foreword.Evaluation.Benchmarks;

/// <summary>The Penn Treebank as Mikolov et al. (2010) published it for language modelling.</summary>
internal sealed class PennTreebank : Benchmark
{
    /// <inheritdoc/>
    public override string Name => "ptb";

    /// <inheritdoc/>
    public override string Title => "newspaper sentences, perplexity";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.1";

    /// <inheritdoc/>
    public override string Data => "ptb/ptb.test.txt, a sentence a line, small letters, <unk> and N";

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics => WordCorpus.Metrics;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkSwitch> Switches => WordCorpus.Switches;

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published { get; } = PublishedFigure.Gpt2("word_perplexity", 65.85, 47.33, 40.31, 35.76);

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) => WordCorpus.Protocol(input);

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input) => WordCorpus.Read(input, Name, Detokenizer.PennTreebank, "ptb/ptb.test.txt");
}
