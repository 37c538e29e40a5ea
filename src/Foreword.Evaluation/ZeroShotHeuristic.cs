using Foreword.Evaluation.Benchmarks;

namespace Foreword.Evaluation;

/// <summary>
/// A benchmark that the GPT-1 paper (section 5) solves without fine-tuning, by a heuristic. Figure 2 (right) of the paper plots each benchmark's
/// relative score against the number of pre-training updates: 0 is random guessing, and 1 is the best model of that time.
/// </summary>
/// <param name="Benchmark">The benchmark's name.</param>
/// <param name="Metric">The metric that implements the heuristic.</param>
/// <param name="Title">The label in the figure.</param>
/// <param name="Best">
/// The score that counts as 1: the state of the art in the paper's tables 2 to 4, or 1 (every answer is right) if these tables do not report one.
/// </param>
public sealed record ZeroShotHeuristic(string Benchmark, string Metric, string Title, double Best = 1)
{
    /// <summary>Gets the paper's benchmarks, followed by similar sets that are easier to obtain.</summary>
    public static IReadOnlyList<ZeroShotHeuristic> All { get; } =
    [
        new("cola", "mcc", "linguistic acceptability: CoLA", 0.350),
        new("sst2", "acc", "sentiment: SST-2", 0.932),
        new("race-middle", "acc_token", "question answering: RACE-m", 0.602),
        new("race-high", "acc_token", "question answering: RACE-h", 0.503),
        new("dprd", "acc_mean", "pronouns: DPRD"),
        new("sentiment-sentences", "acc", "sentiment: sentences"),
        new("openbookqa", "acc_token", "question answering: OpenBookQA"),
        new("winograd", "acc_mean", "pronouns: Winograd"),
    ];

    /// <summary>Returns the heuristic of a benchmark; if the paper has none for it, a heuristic that uses the benchmark's first metric.</summary>
    public static ZeroShotHeuristic Of(Benchmark benchmark)
    {
        ArgumentNullException.ThrowIfNull(benchmark);
        return All.FirstOrDefault(heuristic => heuristic.Benchmark == benchmark.Name) ?? new(benchmark.Name, benchmark.Metrics[0].Name, benchmark.Name);
    }

    /// <summary>
    /// Computes (score - chance) / (best - chance): 0 is random guessing, 1 is the best model, and a negative value is worse than guessing.
    /// </summary>
    public double Relative(double score, double chance) => (score - chance) / (Best - chance);
}
