using System.Text.Json.Nodes;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Metrics;
using Foreword.Evaluation.Prompts;

namespace Foreword.Evaluation.Families;

/// <summary>A sentence with a pronoun and the pronoun's possible referents.</summary>
/// <param name="Fields">The item's fields in the data file.</param>
/// <param name="Before">The text before the pronoun.</param>
/// <param name="After">The text after the pronoun.</param>
/// <param name="Referents">The possible referents, as they would be written in place of the pronoun.</param>
/// <param name="Right">The index of the right referent, from 0.</param>
internal sealed record PronounItem(JsonObject Fields, string Before, string After, IReadOnlyList<string> Referents, int Right);

/// <summary>
/// Scores each referent by putting it in the pronoun's place. Full scoring compares the probabilities of the whole sentences. Partial scoring
/// compares the probabilities of the rest after the referent (Trinh and Le 2018). GPT-1 (section 5) compares the mean log-probability per token of
/// the rest.
/// </summary>
internal static class PronounResolution
{
    public const string Protocol = "each referent in the pronoun's place: acc_partial by the probability of the rest after it, acc_full by that of the whole sentence, acc_mean by the rest's mean log-probability a token (GPT-1)";

    public static IReadOnlyList<BenchmarkMetric> Metrics { get; } = [BenchmarkMetric.Mean("acc_partial"), BenchmarkMetric.Mean("acc_full"), BenchmarkMetric.Mean("acc_mean")];

    public static BenchmarkDocument Document(PronounItem item)
    {
        string[] heads = [.. item.Referents.Select(referent => item.Before.Length == 0 ? referent : $"{item.Before} {referent}")];
        string rest = item.After.Length > 0 && char.IsLetterOrDigit(item.After[0]) ? $" {item.After}" : item.After;
        return new BenchmarkDocument
        {
            Fields = item.Fields,
            Target = item.Referents[item.Right],
            Solved = heads[item.Right] + rest,
            Requests = [.. heads.Select(head => new LikelihoodRequest(head, [rest])), new LikelihoodRequest("", [.. heads.Select(head => head + rest)])],
            Judge = responses =>
            {
                ContinuationScore[] parts = [.. responses.SkipLast(1).Select(response => ((LikelihoodResponse)response).Continuations[0])];
                double[] partial = [.. parts.Select(part => part.LogLikelihood)], mean = [.. parts.Select(part => part.MeanPerToken)];
                double[] full = [.. ((LikelihoodResponse)responses[^1]).Continuations.Select(whole => whole.LogLikelihood)];
                int chosen = Array.IndexOf(partial, partial.Max());
                return new Judgment(item.Referents[chosen], chosen == item.Right, [.. new[] { partial, full, mean }.Select(scores => new[] { MultipleChoice.Credit(scores, item.Right) })]);
            },
        };
    }

    /// <summary>
    /// Returns a referent as it is written inside a sentence. An article or possessive loses its capital letter, which it only has in the list of
    /// answers. At the start of a sentence, the first letter is a capital.
    /// </summary>
    public static string InSentence(string referent, string before)
    {
        int space = referent.IndexOf(' ', StringComparison.Ordinal);
        string first = space < 0 ? referent : referent[..space];
        bool isStart = before.Length == 0 || before[^1] is '.' or '!' or '?';
        string adjusted = first.ToLowerInvariant() is "the" or "a" or "an" or "my" or "his" or "her" or "their" or "our" or "your" or "its" ? first.ToLowerInvariant() : first;
        string whole = adjusted + referent[first.Length..];
        return isStart ? char.ToUpperInvariant(whole[0]) + whole[1..] : whole;
    }
}
