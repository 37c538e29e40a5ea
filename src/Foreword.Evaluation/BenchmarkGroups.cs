using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;

namespace Foreword.Evaluation;

/// <summary>Lists the groups of benchmarks, and computes a group's score.</summary>
internal static class BenchmarkGroups
{
    /// <summary>Gets the groups.</summary>
    public static IReadOnlyList<BenchmarkGroup> All { get; } =
    [
        new("wsc273", "the Winograd schemas that the papers use", [new("winograd:set=wsc273")]),
        new("lambada-openai", "LAMBADA in the form of OpenAI's file", [new("lambada:text=openai")]),
        new("arc", "both parts of ARC", [new("arc-easy"), new("arc-challenge")]),

        // DCLM (Li et al. 2024), as nanochat computes it. A guess on BoolQ counts 0.62 there, the share of the more frequent answer.
        new("core", "DCLM's CORE: mean accuracy over a guess, for the benchmarks that are here",
        [
            new("hellaswag", 0), new("arc-easy", 10), new("arc-challenge", 10), new("copa", 0), new("piqa", 10), new("openbookqa", 0),
            new("lambada:text=openai", 0), new("hellaswag", 10), new("winograd", 0, "acc_partial"), new("squad", 10, "exact_match"), new("coqa", 0, "exact_match"), new("boolq", 10, Chance: 0.62),
        ], Total: 22),
    ];

    /// <summary>Returns the specifications of the members. Solved examples are part of their names in results.</summary>
    public static IEnumerable<BenchmarkSpecification> Specifications(BenchmarkGroup of) => of.Members.Select(member => BenchmarkSpecification.Parse(member.Text, BenchmarkCatalog.All) with
    {
        Text = member.Shots is > 0 and var shots ? $"{member.Text}@{shots}" : member.Text,
        Shots = member.Shots,
        Group = of,
    });

    /// <summary>Returns the mean over the members of (score - guess) / (1 - guess), and the number of members that have a result.</summary>
    /// <param name="of">The group.</param>
    /// <param name="results">Results of the members, and perhaps others.</param>
    public static (double Score, int Count) Score(BenchmarkGroup of, IEnumerable<BenchmarkResult> results)
    {
        BenchmarkResult[] own = [.. results.Where(result => result.Benchmark.Specification.Group == of)];
        double[] centered = [.. from member in of.Members.Zip(Specifications(of))
                                from result in own.Where(result => result.Benchmark.Specification.Text == member.Second.Text).Take(1)
                                let value = result.Metrics.First(metric => metric.Metric.Name == member.First.Metric).Value
                                let chance = member.First.Chance ?? result.Benchmark.Benchmark.Chance ?? 0
                                select (value - chance) / (1 - chance)];
        return (centered.Length == 0 ? double.NaN : centered.Average(), centered.Length);
    }
}
