using System.Globalization;
using Foreword.Evaluation;
using Foreword.Evaluation.Running;

namespace Foreword.Cli.Commands.Evaluate;

/// <summary>Parses the lists of <c>foreword evaluate</c>: benchmarks and numbers of examples.</summary>
internal static class EvaluationLists
{
    /// <summary>Parses a comma-separated list of benchmarks.</summary>
    /// <exception cref="ArgumentException">A benchmark is unknown or occurs twice.</exception>
    public static IReadOnlyList<BenchmarkSpecification> ParseBenchmarks(string list)
    {
        BenchmarkSpecification[] benchmarks = [.. list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries).SelectMany(Named)];
        if (benchmarks.Length == 0)
            throw new ArgumentException("--tasks names no benchmark; --list shows them");
        string? twice = benchmarks.CountBy(benchmark => benchmark.Text).FirstOrDefault(pair => pair.Value > 1).Key;
        return twice is null ? benchmarks : throw new ArgumentException($"--tasks names '{twice}' twice");
    }

    private static IEnumerable<BenchmarkSpecification> Named(string text) =>
        BenchmarkGroups.All.FirstOrDefault(group => group.Name == text) is { } named ? BenchmarkGroups.Specifications(named) : [BenchmarkSpecification.Parse(text, BenchmarkCatalog.All)];

    /// <summary>Parses a comma-separated list of numbers.</summary>
    /// <exception cref="ArgumentException">An entry is not a whole number of 0 or more, or occurs twice.</exception>
    public static IReadOnlyList<int> ParseShots(string list)
    {
        int[] shots = [.. list.Split(',').Select(text => int.TryParse(text, NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture, out int number)
            ? number : throw new ArgumentException($"--num-fewshot is '{list}'; '{text}' is not a whole number of at least 0"))];
        return shots.Distinct().Count() == shots.Length ? shots : throw new ArgumentException($"--num-fewshot is '{list}'; a number occurs twice");
    }
}
