using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Metrics;
using Foreword.IO;

namespace Foreword.Evaluation.Families;

/// <summary>
/// A corpus that was published as lines of words separated by spaces. Perplexity is per word of that form, independent of the model's tokens.
/// </summary>
internal sealed class WordCorpus : Benchmark
{
    private static readonly BenchmarkSwitch UnitSwitch = new("units", ["words-and-lines", "words"], "whether a line's end counts as a word, as in the published vocabularies");
    private static readonly BenchmarkSwitch DetokenizerSwitch = new("detokenizer", ["on", "off"], "whether the model reads the text with the corpus's extra spaces removed");

    private readonly Detokenizer _detokenizer;
    private readonly string[] _patterns;

    /// <summary>Creates a benchmark for one corpus.</summary>
    /// <param name="name">The name on the command line.</param>
    /// <param name="title">A description of a few words.</param>
    /// <param name="form">What the lines of the file are.</param>
    /// <param name="detokenizer">Joins the words of a line to running text.</param>
    /// <param name="published">The papers' perplexities.</param>
    /// <param name="patterns">Possible paths of the file in the data directory; the first one that exists is used.</param>
    public WordCorpus(string name, string title, string form, Detokenizer detokenizer, IReadOnlyList<PublishedFigure> published, params string[] patterns) =>
        (Name, Title, Data, _detokenizer, Published, _patterns) = (name, title, $"{patterns[0]}, {form}", detokenizer, published, patterns);

    /// <summary>The name of the metric.</summary>
    public const string Perplexity = "word_perplexity";

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string Title { get; }

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.1";

    /// <inheritdoc/>
    public override string Data { get; }

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics { get; } = [BenchmarkMetric.Perplexity(Perplexity)];

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkSwitch> Switches { get; } = [UnitSwitch, DetokenizerSwitch];

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published { get; }

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string text = input.Switch(DetokenizerSwitch) == "on" ? "de-tokenized" : "as published";
        string units = input.Switch(UnitSwitch) == "words" ? "words" : "words, line ends counted,";
        return $"text {text}; {CorpusWindows.Describe(input)}; perplexity = exp(nats / {units} of the published text)";
    }

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string file = input.File(Name, _patterns);
        CorpusWindows corpus = new();
        bool undo = input.Switch(DetokenizerSwitch) == "on";
        int lineEnd = input.Switch(UnitSwitch) == "words" ? 0 : 1;
        foreach (string line in StrictText.ReadLines(file))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            corpus.Append((undo ? _detokenizer.Join(words) : line) + "\n", words.Length + lineEnd);
        }

        return corpus.Units > 0 ? new BenchmarkSet(corpus.Windows(input), [file]) : throw new InvalidDataException($"{Name}: {file}: there are no words");
    }
}
