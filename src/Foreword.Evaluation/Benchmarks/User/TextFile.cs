using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.User;

/// <summary>
/// A benchmark of any text file, measured in bits per byte, in perplexity per word, and per character. A text without spaces between words has no
/// perplexity per word, see <see cref="UnspacedText"/>.
/// </summary>
internal sealed class TextFile(string path) : Benchmark
{
    private readonly Lazy<bool> _hasWords = new(() => !UnspacedText.Is(StrictText.ReadLines(path)));

    /// <inheritdoc/>
    public override string Name => Path.GetFileName(path);

    /// <inheritdoc/>
    public override string Title => "a text file, compression and perplexity";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.1";

    /// <inheritdoc/>
    public override string Data => path;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics =>
    [
        BenchmarkMetric.Bits("bits_per_byte"),
        .. _hasWords.Value ? (BenchmarkMetric[])[BenchmarkMetric.Perplexity("word_perplexity")] : [],
        BenchmarkMetric.Bits("bits_per_character"),
        BenchmarkMetric.Perplexity("character_perplexity"),
    ];

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) => $"the file as it is; {CorpusWindows.Describe(input)}; bits_per_byte = nats / ln 2 / bytes of the file, {(_hasWords.Value ? "word_perplexity = exp(nats / words between white space), " : "")}bits_per_character = nats / ln 2 / Unicode characters, character_perplexity = exp(nats / Unicode characters)";

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        CorpusWindows corpus = new();
        string text = StrictText.Read(path);
        long bytes = new FileInfo(path).Length;
        corpus.Append(text, bytes);
        double charactersPerByte = PerByte(text.EnumerateRunes().Count());
        double[] words = _hasWords.Value ? [PerByte(text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).Length)] : [];
        return new BenchmarkSet(corpus.Windows(input, [1, .. words, charactersPerByte, charactersPerByte]), [path]);

        double PerByte(int count) => (double)count / Math.Max(1, bytes);
    }
}
