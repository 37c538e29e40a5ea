using Foreword.Evaluation;
using Foreword.Evaluation.Running;
using Foreword.Models;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;

namespace Foreword.Studies.Evaluation;

/// <summary>The plans of the studies that evaluate.</summary>
internal static class EvaluationPlans
{
    /// <summary>Gets the plan of <see cref="EvaluationGrids.Size"/>.</summary>
    public static StudyPlan Size { get; } = new()
    {
        Name = "size",
        Title = "Scores and model size",
        Method = "Evaluates a ladder of models on benchmarks without training for them, and compares the perplexity of their training text and validation text (GPT-2, figures 1 to 4). "
            + "The paper reports that every score grows with the model, and that both perplexities fall together.",
        Axis = StudiedModel.Parameters,
        AxisLabel = "parameters",
        Curves = [EvaluationGrids.Benchmark],
        Values = [EvaluationCell.Score, EvaluationCell.Loss, EvaluationCell.Error],
        Drawn = [EvaluationCell.Score],
    };

    /// <summary>Gets the plan of <see cref="EvaluationGrids.FewShot"/>.</summary>
    public static StudyPlan FewShot { get; } = new()
    {
        Name = "few-shot",
        Title = "Solved examples in the prompt",
        Method = "Evaluates models with more and more solved examples before each question (GPT-3, figure 1.2). The seeds draw other examples. "
            + "GPT-3 reports that larger models gain more from examples; its smallest models gain little.",
        Axis = EvaluationGrids.Shots,
        AxisLabel = "solved examples",
        Curves = [EvaluationGrids.Benchmark, StudiedModel.Factor],
        Values = [EvaluationCell.Score, EvaluationCell.Loss, EvaluationCell.Error],
        Drawn = [EvaluationCell.Score],
    };

    /// <summary>Gets the plan of <see cref="EvaluationGrids.Contamination"/>.</summary>
    public static StudyPlan Contamination { get; } = new()
    {
        Name = "contamination",
        Title = "Overlap with the training text",
        Method = "Evaluates models on all documents of a benchmark, and on those without and with an 8-gram of the training text (GPT-2, section 4 and table 6). "
            + "The paper reports small gains from overlap: without the overlapping documents, the accuracy on LAMBADA falls from 63.2 to 62.9 %.",
        Axis = EvaluationGrids.Benchmark,
        AxisLabel = "benchmark",
        IsUnordered = true,
        Curves = [StudiedModel.Factor],
        Values = [EvaluationCell.Score, EvaluationCell.Loss, EvaluationCell.Clean, EvaluationCell.Seen, EvaluationCell.Share],
        Drawn = [EvaluationCell.Score, EvaluationCell.Clean],
    };

    /// <summary>Gets all plans.</summary>
    public static IReadOnlyList<StudyPlan> All { get; } = [Size, FewShot, Contamination];

    /// <summary>Returns a plan with the figures that papers report for the benchmarks of stored results. Benchmarks that are not known have none.</summary>
    public static StudyPlan WithPapers(StudyPlan plan, IReadOnlyList<CellResult> results)
    {
        string[] names = [.. results.Select(result => result.Level(EvaluationGrids.Benchmark)).OfType<string>().Distinct()];
        return WithPapers(plan, names.Where(name => BenchmarkCatalog.All.Any(benchmark => benchmark.Name == name)).Select(name => BenchmarkSpecification.Parse(name, BenchmarkCatalog.All)));
    }

    /// <summary>Returns a plan with the figures that papers report for the benchmarks, by the size of their models.</summary>
    public static StudyPlan WithPapers(StudyPlan plan, IEnumerable<BenchmarkSpecification> benchmarks) => plan with
    {
        Paper = [.. from benchmark in benchmarks
                    let metric = EvaluationCell.Main(benchmark.Benchmark)
                    from figure in benchmark.Benchmark.Published
                    where figure.Metric == metric.Name && GptConfig.Presets.ContainsKey(figure.Model)
                    select new PaperFigure($"{benchmark.Text} ({metric.Name})", figure.Model, figure.Value, "published")],
    };
}
