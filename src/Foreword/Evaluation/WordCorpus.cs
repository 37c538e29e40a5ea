namespace Foreword.Evaluation;

/// <summary>Corpora published as lines of words with spaces between them; perplexity per word of that form, whatever the model's tokens.</summary>
internal static class WordCorpus
{
    private static readonly BenchmarkSwitch UnitSwitch = new("units", ["words-and-lines", "words"], "whether a line's end counts as a word, as in the published vocabularies");
    private static readonly BenchmarkSwitch DetokenizerSwitch = new("detokenizer", ["on", "off"], "whether the model reads the text with the corpus's spaces undone");

    public static IReadOnlyList<BenchmarkMetric> Metrics { get; } = [BenchmarkMetric.Perplexity("word_perplexity")];

    public static IReadOnlyList<BenchmarkSwitch> Switches { get; } = [UnitSwitch, DetokenizerSwitch];

    public static string Protocol(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string text = input.Switch(DetokenizerSwitch) == "on" ? "de-tokenized" : "as published";
        string units = input.Switch(UnitSwitch) == "words" ? "words" : "words, line ends counted,";
        return $"text {text}; {CorpusText.Describe(input)}; perplexity = exp(nats / {units} of the published text)";
    }

    public static BenchmarkSet Read(BenchmarkInput input, string benchmark, Detokenizer detokenizer, params string[] patterns)
    {
        ArgumentNullException.ThrowIfNull(input);
        IReadOnlyList<string> files = input.Files(benchmark, patterns);
        CorpusText corpus = new();
        bool undo = input.Switch(DetokenizerSwitch) == "on";
        int lineEnd = input.Switch(UnitSwitch) == "words" ? 0 : 1;
        foreach (string line in files.SelectMany(file => File.ReadLines(file)))
        {
            string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            corpus.Append((undo ? detokenizer.Join(words) : line) + "\n", words.Length + lineEnd);
        }

        if (corpus.Units == 0)
            throw new InvalidDataException($"{benchmark}: {string.Join(", ", files)}: there are no words");
        return new BenchmarkSet(corpus.Windows(input), files);
    }
}
