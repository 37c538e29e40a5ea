using System.Text.Json.Nodes;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;
using Foreword.Generation;

namespace Foreword.Evaluation.Families;

/// <summary>A question to be answered in words.</summary>
/// <param name="Fields">What the data file says.</param>
/// <param name="Prompt">The text before the answer.</param>
/// <param name="Answers">The accepted answers, the one for examples first.</param>
/// <param name="Match">Compares an answer with them.</param>
public sealed record QuestionItem(JsonObject Fields, string Prompt, IReadOnlyList<string> Answers, Func<string, IReadOnlyList<string>, AnswerMatch> Match)
{
    /// <summary>What separates the prompt from the answer.</summary>
    public string Space { get; init; } = " ";
}

/// <summary>Reading comprehension as the GPT-2 paper has it (section 3.5): the document, the questions so far, and greedily what follows "A:" on its line.</summary>
public static class ReadingComprehension
{
    /// <summary>Longest answer.</summary>
    private const int MaxTokens = 64;

    private static readonly SamplingOptions Greedy = new() { Temperature = 0, MaxTokens = MaxTokens, Stop = ["\n"] };

    /// <summary>F1 and exact match, means over questions, 0 to 1.</summary>
    public static IReadOnlyList<BenchmarkMetric> Metrics { get; } = [BenchmarkMetric.Mean("f1"), BenchmarkMetric.Mean("exact_match")];

    /// <summary>How an answer is written, for protocol lines.</summary>
    public static string Answering { get; } = $"greedy up to the line break, at most {MaxTokens} tokens";

    /// <summary>English answers: the best of the accepted ones, SQuAD's normalisation.</summary>
    public static AnswerMatch English(string answer, IReadOnlyList<string> accepted) => AnswerMatch.Best(answer, accepted);

    /// <summary>Chinese answers, by ideographs.</summary>
    public static AnswerMatch Chinese(string answer, IReadOnlyList<string> accepted) => AnswerMatch.Best(answer, accepted, chinese: true);

    /// <summary>A document of it.</summary>
    /// <param name="item">The question.</param>
    /// <param name="isExample">Whether it may stand, answered, before other questions.</param>
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
                return new Judgement(answer, match.ExactMatch == 1, [[match.F1], [match.ExactMatch]]);
            },
        };
    }

    /// <summary>The question with its answer, as an example for others.</summary>
    public static string Solved(QuestionItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return item.Prompt + item.Space + item.Answers[0];
    }
}
