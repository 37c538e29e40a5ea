using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.LanguageModeling;

/// <summary>
/// The benchmarks enwik8 and text8 (Mahoney): the first 100 MB of Wikipedia's source, and of its plain text. The last 5 MB are the test split.
/// </summary>
internal sealed class HutterText : Benchmark
{
    private const int TestBytes = 5_000_000;

    private static readonly BenchmarkSwitch SplitSwitch = new("split", ["test", "all"], "the last 5,000,000 bytes, or the whole file");

    private readonly string _metric;

    private HutterText(string name, string metric, IReadOnlyList<PublishedFigure> published) => (Name, _metric, Published, Metrics) = (name, metric, published, [BenchmarkMetric.Bits(metric)]);

    /// <summary>Gets enwik8, measured in bits per byte.</summary>
    public static HutterText Enwik8 { get; } = new("enwik8", "bits_per_byte", PublishedFigure.Gpt2("bits_per_byte", 1.16, 1.01, 0.97, 0.93));

    /// <summary>Gets text8, measured in bits per character. All its characters are ASCII.</summary>
    public static HutterText Text8 { get; } = new("text8", "bits_per_character", PublishedFigure.Gpt2("bits_per_character", 1.17, 1.06, 1.02, 0.98));

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string Title => "Wikipedia's text, compression";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.1";

    /// <inheritdoc/>
    public override string Data => $"{Name}/{Name}, the file of 100,000,000 bytes";

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkSwitch> Switches { get; } = [SplitSwitch];

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published { get; }

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return $"{(input.Switch(SplitSwitch) == "test" ? "the last 5,000,000 bytes" : "the whole file")} as published; {CorpusWindows.Describe(input)}; {_metric} = nats / ln 2 / bytes of the file";
    }

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string path = input.File(Name, $"{Name}/{Name}", Name);
        using FileStream file = File.OpenRead(path);
        long start = input.Switch(SplitSwitch) == "test" ? Math.Max(0, file.Length - TestBytes) : 0;
        file.Position = start;
        byte[] bytes = new byte[file.Length - start];
        file.ReadExactly(bytes);
        CorpusWindows corpus = new();
        corpus.Append(StrictText.DecodePart(bytes, path, start), bytes.Length);
        return new BenchmarkSet(corpus.Windows(input), [path]);
    }
}
