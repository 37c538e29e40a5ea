namespace Foreword.Evaluation;

/// <summary>
/// A task that GPT-1's paper (section 5) solves without fine-tuning, by a heuristic. Figure 2, right, draws each one's score against pre-training
/// updates, 0 being a guess and 1 the best model of the time.
/// </summary>
/// <param name="Task">The benchmark's name.</param>
/// <param name="Metric">The metric that is the heuristic.</param>
/// <param name="Title">Its name in the picture.</param>
/// <param name="Best">The score that counts as 1: the state of the art in the paper's tables 2 to 4, and 1 (all right) where they have none.</param>
public sealed record ZeroShotHeuristic(string Task, string Metric, string Title, double Best = 1)
{
    /// <summary>The paper's tasks, then sets of the same kinds that are easier to come by.</summary>
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

    /// <summary>The heuristic of a benchmark; its first metric where the paper has none for it.</summary>
    public static ZeroShotHeuristic Of(Benchmark benchmark)
    {
        ArgumentNullException.ThrowIfNull(benchmark);
        return All.FirstOrDefault(heuristic => heuristic.Task == benchmark.Name) ?? new(benchmark.Name, benchmark.Metrics[0].Name, benchmark.Name);
    }

    /// <summary>(score - chance) / (best - chance): 0 is a guess, 1 the best; below 0 is worse than guessing.</summary>
    public double Relative(double score, double chance) => (score - chance) / (Best - chance);
}
