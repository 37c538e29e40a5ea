using Foreword.Data.Tables;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;
using Foreword.Models;

namespace Foreword.Evaluation.Benchmarks.LanguageModeling;

/// <summary>
/// The benchmark LAMBADA (Paperno et al. 2016): predicting the last word of a passage. As in the GPT-2 paper, the text is that of the original books,
/// and a word is right if greedy decoding produces all its tokens.
/// </summary>
internal sealed class Lambada : Benchmark
{
    private static readonly BenchmarkSwitch TargetSwitch = new("target", ["word", "token"], "score the whole last word, or its last token only");
    private static readonly BenchmarkSwitch StopWordSwitch = new("stop-words", ["keep", "filter"], "whether a stop word may be the model's answer");
    private static readonly BenchmarkSwitch TextSwitch = new("text", ["plain", "openai"], "the text as it is, or with straight quotes and a line break before it, as OpenAI described theirs");

    /// <inheritdoc/>
    public override string Name => "lambada";

    /// <inheritdoc/>
    public override string Title => "last word of a passage";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.3";

    /// <inheritdoc/>
    public override string Data => "lambada/*.jsonl with {\"text\"}, or lambada/*.txt with a passage a line";

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics { get; } = [BenchmarkMetric.Mean("acc"), BenchmarkMetric.Perplexity("perplexity")];

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkSwitch> Switches { get; } = [TargetSwitch, StopWordSwitch, TextSwitch];

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published { get; } =
    [
        .. PublishedFigure.Gpt2("acc", 0.4599, 0.5548, 0.6012, 0.6324), .. PublishedFigure.Gpt2("perplexity", 35.13, 15.60, 10.87, 8.63),
    ];

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string target = input.Switch(TargetSwitch) == "word" ? "last word, right when greedy decoding writes all its tokens" : "last token of the last word, the word's other tokens given";
        string filter = input.Switch(StopWordSwitch) == "filter" ? ", stop words passed over as the answer's first token (the paper's 63.24 has such a filter, its 52.66 has none)" : "";
        string text = input.Switch(TextSwitch) == "plain" ? "text as it is" : "straight quotes, a line break before the text";
        return $"{text}; {target}{filter}; perplexity = exp(mean nats a target)";
    }

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        IReadOnlyList<string> files = input.Files(Name, "lambada/*.jsonl", "lambada*.jsonl", "lambada/*.txt");
        return new BenchmarkSet([.. files.SelectMany(Rows).Select(row => Document(row, input))], files);
    }

    private static IEnumerable<NamedRow> Rows(string file) => file.EndsWith(".jsonl", StringComparison.Ordinal)
        ? NamedRow.Read(file, ["text"])
        : NamedRow.Read(file, ["0"], new() { Header = false, Quoting = false }).Where(row => row["0"].Length > 0); // a line is a row of one column, even if it is blank

    private static BenchmarkDocument Document(NamedRow row, BenchmarkInput input)
    {
        string text = row.Fields.First().Value!.GetValue<string>().TrimEnd();
        if (input.Switch(TextSwitch) == "openai")
            text = '\n' + text.Trim().Replace('“', '"').Replace('”', '"').Replace('‘', '\'').Replace('’', '\'');
        int space = text.LastIndexOf(' ');
        if (space < 1)
            throw row.Problem("the passage has one word only; expected a context and a last word");
        string context = text[..space], word = text[space..];
        LikelihoodRequest likelihood = new(context, [word]);
        bool filters = input.Switch(StopWordSwitch) == "filter", lastToken = input.Switch(TargetSwitch) == "token";
        return new BenchmarkDocument
        {
            Fields = row.Fields,
            Target = word.Trim(),
            Solved = text,
            Requests = filters ? [likelihood, new NextWordRequest(context, StopWords.English)] : [likelihood],
            Judge = responses =>
            {
                ContinuationScore score = ((LikelihoodResponse)responses[0]).Continuations[0];
                TokenScore[] tokens = [.. lastToken ? score.Tokens.TakeLast(1) : score.Tokens];
                string? said = filters ? ((NextWordResponse)responses[1]).Word : null;
                bool right = said is null ? tokens.All(token => token.IsGreedy) : string.Equals(said, word.Trim(), StringComparison.Ordinal);
                double nats = -tokens.Sum(token => (double)token.LogProb);
                return new Judgment(said ?? (right ? word.Trim() : "another word"), right, [[right ? 1 : 0], [nats, 1]]);
            },
        };
    }
}
