using Foreword.Data.Tables;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;
using Foreword.Generation;

namespace Foreword.Evaluation.Benchmarks.Answers;

/// <summary>
/// The benchmark NQ-Open (Lee et al. 2019, from Natural Questions): questions without a document. The GPT-2 paper puts example pairs before each
/// question to show the style of short answers. It also reports the accuracy on the answers with the highest probability.
/// </summary>
internal sealed class NaturalQuestions : Benchmark
{
    private const int MaxTokens = 32;
    private const double SurestShare = 0.01;

    private static readonly SamplingOptions Greedy = new() { Temperature = 0, MaxTokens = MaxTokens, Stop = ["\n"] };

    /// <inheritdoc/>
    public override string Name => "nq-open";

    /// <inheritdoc/>
    public override string Title => "questions without a document";

    /// <inheritdoc/>
    public override string Source => "GPT-2, section 3.8";

    /// <inheritdoc/>
    public override string Data => "nq-open/NQ-open.dev.jsonl, NQ-open.train.jsonl for examples, with question, answer[]";

    /// <inheritdoc/>
    public override int PaperShots => 5;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics { get; } = [BenchmarkMetric.Mean("exact_match"), BenchmarkMetric.OfDocuments("exact_match_surest", higherIsBetter: true, OfSurest)];

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published { get; } = [new("gpt2-xl", "exact_match", 0.041), new("gpt2-xl", "exact_match_surest", 0.631)];

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) =>
        $"'Q: QUESTION?' + 'A:', greedy up to the line break, at most {MaxTokens} tokens; exact_match with any accepted answer by SQuAD's script; exact_match_surest of the 1 % of the answers with the highest probability of all their tokens (the paper does not say how many pairs it puts before)";

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string file = input.File(Name, "nq-open/NQ-open.dev.jsonl", "nq-open/*dev*.jsonl");
        string? training = input.FilesOrNone("nq-open/NQ-open.train.jsonl", "nq-open/*train*.jsonl") is [var first, ..] ? first : null;
        return new BenchmarkSet([.. Rows(file).Select(Document)], training is null ? [file] : [file, training])
        {
            Examples = training is null ? null : [.. Rows(training).Select(Solved)],
        };
    }

    /// <summary>
    /// Computes the mean exact match of the answers with the highest log-probability: 1 % of them, but at least one. The statistics of an answer are
    /// [exact match, log-probability].
    /// </summary>
    private static double OfSurest(IReadOnlyList<double[]> documents) =>
        documents.OrderByDescending(document => document[1]).Take(Math.Max(1, (int)Math.Round(SurestShare * documents.Count))).Average(document => document[0]);

    private static IEnumerable<NamedRow> Rows(string file) => NamedRow.Read(file, ["question", "answer"]);

    private static string Prompt(NamedRow row) => $"Q: {row["question"].Trim().TrimEnd('?').TrimEnd()}?\nA:";

    private static string Solved(NamedRow row) => $"{Prompt(row)} {First(row)}";

    private static string First(NamedRow row) => row.List("answer") is [var first, ..] ? first : throw row.Problem("'answer' holds no text");

    private static BenchmarkDocument Document(NamedRow row)
    {
        IReadOnlyList<string> accepted = row.List("answer");
        return new BenchmarkDocument
        {
            Fields = row.Fields,
            Target = First(row),
            Solved = Solved(row),
            Requests = [new GenerationRequest(Prompt(row), Greedy, WithProbability: true)],
            Judge = responses =>
            {
                GenerationResponse response = (GenerationResponse)responses[0];
                string answer = response.Completion.Text.Trim();
                double exact = AnswerMatch.Best(answer, accepted).ExactMatch;
                return new Judgment(answer, exact == 1, [[exact], [exact, response.LogLikelihood!.Value]]);
            },
        };
    }
}
