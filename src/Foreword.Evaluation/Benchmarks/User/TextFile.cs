using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.User;

/// <summary>A benchmark of any text file, measured in bits per byte and in perplexity per word.</summary>
internal sealed class TextFile(string path) : Benchmark
{
    /// <inheritdoc/>
    public override string Name => Path.GetFileName(path);

    /// <inheritdoc/>
    public override string Title => "a text file, compression and perplexity";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.1";

    /// <inheritdoc/>
    public override string Data => path;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics { get; } =
    [
        BenchmarkMetric.Bits("bits_per_byte"),
        BenchmarkMetric.Perplexity("word_perplexity"),
    ];

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) => $"the file as it is; {CorpusWindows.Describe(input)}; bits_per_byte = nats / ln 2 / bytes of the file, word_perplexity = exp(nats / words between white space)";

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        CorpusWindows corpus = new();
        string text = StrictText.Read(path);
        long bytes = new FileInfo(path).Length;
        int words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
        corpus.Append(text, bytes);
        return new BenchmarkSet(corpus.Windows(input, 1, (double)words / Math.Max(1, bytes)), [path]);
    }
}
