using Foreword.Data.Tables;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;
using Foreword.Generation;

namespace Foreword.Evaluation.Benchmarks.Answers;

/// <summary>
/// A benchmark of summaries that are induced by "TL;DR:" (GPT-2 paper, section 3.6). The model generates 100 tokens with top-k sampling, k = 2, and
/// the first three sentences count.
/// </summary>
internal sealed class Summarization : Benchmark
{
    private const int MaxTokens = 100, Sentences3 = 3, TopK = 2;
    private const string Hint = "\nTL;DR:";

    private static readonly SamplingOptions Sampling = new() { TopK = TopK, MaxTokens = MaxTokens };

    private static readonly BenchmarkSwitch HintSwitch = new("hint", ["tldr", "none"], "whether 'TL;DR:' follows the article");

    private readonly string _articleColumn;
    private readonly string _summaryColumn;
    private readonly string[] _files;
    private readonly string[] _training;

    private Summarization(string name, string articleColumn, string summaryColumn, string[] files, string[] training, IReadOnlyList<PublishedFigure> published) =>
        (Name, _articleColumn, _summaryColumn, _files, _training, Published) = (name, articleColumn, summaryColumn, files, training, published);

    /// <summary>Gets CNN and Daily Mail (Hermann et al. 2015; See, Liu and Manning 2017): news articles and their highlights.</summary>
    public static Benchmark CnnDailyMail { get; } = new Summarization("cnn-dailymail", "article", "highlights",
        ["cnn-dailymail/test*.jsonl", "cnn-dailymail/test*.csv", "cnn-dailymail/test*.parquet"], ["cnn-dailymail/train*.jsonl", "cnn-dailymail/train*.csv", "cnn-dailymail/train*.parquet"],
        [new("gpt2-xl", "rouge1", 29.34), new("gpt2-xl", "rouge2", 8.27), new("gpt2-xl", "rougeL", 26.58), new("gpt2-xl", "rouge_avg", 21.40)]);

    /// <summary>
    /// Gets SciTLDR-A (Cachola et al. 2020): abstracts with one-sentence summaries, several for each abstract in the development set.
    /// </summary>
    public static Benchmark SciTldr { get; } = new Summarization("scitldr", "source", "target", ["scitldr/test.jsonl", "scitldr/dev.jsonl"], ["scitldr/train.jsonl"], []);

    /// <inheritdoc/>
    public override string Name { get; }

    /// <inheritdoc/>
    public override string Title => "summaries after 'TL;DR:'";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.6";

    /// <inheritdoc/>
    public override string Data => $"{string.Join(" or ", _files)} with {_articleColumn}, {_summaryColumn}; {_training[0]} for examples";

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics { get; } = [BenchmarkMetric.Mean("rouge1"), BenchmarkMetric.Mean("rouge2"), BenchmarkMetric.Mean("rougeL"), BenchmarkMetric.Mean("rouge_avg")];

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkSwitch> Switches { get; } = [HintSwitch];

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published { get; }

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string hint = HasHint(input) ? "ARTICLE + line break + 'TL;DR:'" : "ARTICLE + line break, without a hint (the paper's figures without it: 21.58, 4.03, 19.47, average 15.03)";
        return $"{hint}, an article that is too long loses its end; {MaxTokens} tokens, top-k {TopK}, every document with seed 0; the first {Sentences3} sentences; F1 of ROUGE x 100, lower case, no stemming, the best reference";
    }

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        IReadOnlyList<string> files = input.Files(Name, _files), training = input.FilesOrNone(_training);
        return new BenchmarkSet([.. files.SelectMany(Rows).Select(row => Document(row, input))], [.. files, .. training])
        {
            Examples = training.Count == 0 ? null : [.. training.SelectMany(Rows).Select(row => Solved(row, input))],
        };
    }

    private static bool HasHint(BenchmarkInput input) => input.Switch(HintSwitch) == "tldr";

    private static string Prompt(string article, BenchmarkInput input) => article + (HasHint(input) ? Hint : "\n");

    private IEnumerable<NamedRow> Rows(string file) => NamedRow.Read(file, [_articleColumn, _summaryColumn]);

    /// <summary>Returns the article. If the column is a list of sentences, as in SciTLDR, they are joined with spaces.</summary>
    private string Article(NamedRow row) => string.Join(' ', row.List(_articleColumn)).Trim();

    private string Solved(NamedRow row, BenchmarkInput input) => $"{Prompt(Article(row), input)} {row.List(_summaryColumn)[0].ReplaceLineEndings(" ").Trim()}";

    private BenchmarkDocument Document(NamedRow row, BenchmarkInput input)
    {
        IReadOnlyList<string> references = row.List(_summaryColumn);
        if (references.Count == 0 || Article(row).Length == 0)
            throw row.Problem($"'{_articleColumn}' or '{_summaryColumn}' holds no text");
        int room = Math.Max(1, input.ContextLength - MaxTokens - input.Tokenizer.Encode(Hint).Length);
        return new BenchmarkDocument
        {
            Fields = row.Fields,
            Target = references[0],
            Solved = Solved(row, input),
            Requests = [new GenerationRequest(Prompt(Beginning(Article(row), room, input), input), Sampling)],
            Judge = responses =>
            {
                string summary = Sentences.First(((GenerationResponse)responses[0]).Completion.Text, Sentences3);
                Rouge rouge = Rouge.Compute(summary, references);
                return new Judgment(summary, null, [[100 * rouge.Rouge1.F1], [100 * rouge.Rouge2.F1], [100 * rouge.RougeL.F1], [100 * rouge.AverageF1]]);
            },
        };
    }

    /// <summary>
    /// Returns the longest beginning of a text that ends between two words and has at most the given number of tokens. If not even the first word
    /// fits, as in Chinese text without white space, the text is cut between two tokens.
    /// </summary>
    private static string Beginning(string text, int tokens, BenchmarkInput input)
    {
        int[] ids = input.Tokenizer.Encode(text);
        if (ids.Length <= tokens)
            return text;
        int[] ends = [.. text.Index().Where(c => char.IsWhiteSpace(c.Item)).Select(c => c.Index)];
        if (ends.Length == 0 || input.Tokenizer.Encode(text[..ends[0]]).Length > tokens)
            return FirstTokens(ids, tokens, input);
        int fits = 0, tooMany = ends.Length; // the first counts words that fit, the second words that do not
        while (tooMany - fits > 1)
        {
            int middle = (fits + tooMany) / 2;
            if (input.Tokenizer.Encode(text[..ends[middle]]).Length <= tokens)
                fits = middle;
            else
                tooMany = middle;
        }

        return text[..ends[fits]];
    }

    /// <summary>Returns the text of the first tokens, without a character that the cut divides.</summary>
    private static string FirstTokens(int[] ids, int tokens, BenchmarkInput input)
    {
        for (int count = tokens; count > 0; count--)
        {
            string text = input.Tokenizer.Decode(ids.AsSpan(0, count));
            if (!text.EndsWith('\uFFFD') && input.Tokenizer.Encode(text).Length <= tokens)
                return text;
        }

        return "";
    }
}
