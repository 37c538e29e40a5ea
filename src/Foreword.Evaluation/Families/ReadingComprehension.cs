using System.Text.Json.Nodes;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;
using Foreword.Generation;

namespace Foreword.Evaluation.Families;

/// <summary>A question that is answered in free text.</summary>
/// <param name="Fields">The item's fields in the data file.</param>
/// <param name="Prompt">The text before the answer.</param>
/// <param name="Answers">The accepted answers, at least one. The first one is used in examples.</param>
/// <param name="Match">Compares an answer with the accepted answers.</param>
public sealed record QuestionItem(JsonObject Fields, string Prompt, IReadOnlyList<string> Answers, Func<string, IReadOnlyList<string>, AnswerMatch> Match)
{
    /// <summary>Gets the text that separates the prompt from the answer.</summary>
    public string Space { get; init; } = " ";
}

/// <summary>
/// The protocol of reading comprehension as in the GPT-2 paper (section 3.5). The prompt is the document, the questions so far and "A:". The answer
/// is the rest of that line, decoded greedily.
/// </summary>
public static class ReadingComprehension
{
    /// <summary>Maximum number of tokens of an answer.</summary>
    private const int MaxTokens = 64;

    private static readonly SamplingOptions Greedy = new() { Temperature = 0, MaxTokens = MaxTokens, Stop = ["\n"] };

    /// <summary>Gets F1 and exact match, each a mean over the questions, 0 to 1.</summary>
    public static IReadOnlyList<BenchmarkMetric> Metrics { get; } = [BenchmarkMetric.Mean("f1"), BenchmarkMetric.Mean("exact_match")];

    /// <summary>Gets a description of how an answer is generated, for the protocol.</summary>
    public static string Answering { get; } = $"greedy up to the line break, at most {MaxTokens} tokens";

    /// <summary>Compares an English answer with the accepted ones, with SQuAD's normalization, and returns the best match.</summary>
    public static AnswerMatch English(string answer, IReadOnlyList<string> accepted) => AnswerMatch.Best(answer, accepted);

    /// <summary>Compares a Chinese answer with the accepted ones, ideograph by ideograph, and returns the best match.</summary>
    public static AnswerMatch Chinese(string answer, IReadOnlyList<string> accepted) => AnswerMatch.Best(answer, accepted, chinese: true);

    /// <summary>Creates a document from a question.</summary>
    /// <param name="item">The question.</param>
    /// <param name="isExample">Whether the question with its answer may serve as an example before other questions.</param>
    public static BenchmarkDocument Document(QuestionItem item, bool isExample = true)
    {
        ArgumentNullException.ThrowIfNull(item);
        return new BenchmarkDocument
        {
            Fields = item.Fields,
            Target = item.Answers[0],
            Solved = isExample ? Solved(item) : null,
            Requests = [new GenerationRequest(item.Prompt, Greedy)],
            Judge = responses =>
            {
                string answer = ((GenerationResponse)responses[0]).Completion.Text.Trim();
                AnswerMatch match = item.Match(answer, item.Answers);
                return new Judgment(answer, match.ExactMatch == 1, [[match.F1], [match.ExactMatch]]);
            },
        };
    }

    /// <summary>Returns the question with its answer, as an example for other questions.</summary>
    public static string Solved(QuestionItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return item.Prompt + item.Space + item.Answers[0];
    }
}
