using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.User;

/// <summary>A benchmark of any text file, measured in bits per byte, in perplexity per word, and per character.</summary>
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
        BenchmarkMetric.Bits("bits_per_character"),
        BenchmarkMetric.Perplexity("character_perplexity"),
    ];

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) => $"the file as it is; {CorpusWindows.Describe(input)}; bits_per_byte = nats / ln 2 / bytes of the file, word_perplexity = exp(nats / words between white space), bits_per_character = nats / ln 2 / Unicode characters, character_perplexity = exp(nats / Unicode characters)";

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        CorpusWindows corpus = new();
        string text = StrictText.Read(path);
        long bytes = new FileInfo(path).Length;
        int words = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length;
        corpus.Append(text, bytes);
        double wordsPerByte = (double)words / Math.Max(1, bytes), charactersPerByte = (double)text.EnumerateRunes().Count() / Math.Max(1, bytes);
        return new BenchmarkSet(corpus.Windows(input, 1, wordsPerByte, charactersPerByte, charactersPerByte), [path]);
    }
}
