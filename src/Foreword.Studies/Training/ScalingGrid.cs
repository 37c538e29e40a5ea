using Foreword.Studies.Evaluation;
using Foreword.Studies.Grid;
using Foreword.Studies.Results;
using Foreword.Torch.Runs;

namespace Foreword.Studies.Training;

/// <summary>Reads the final losses of a ladder of runs, and fits a power law over their sizes.</summary>
internal static class ScalingGrid
{
    /// <summary>The factor whose levels are kinds of losses.</summary>
    public const string Text = "text";

    /// <summary>Gets the plan.</summary>
    public static StudyPlan Plan { get; } = new()
    {
        Name = "scaling",
        Title = "Loss and model size",
        Method = "Reads the last losses of runs that one recipe trained with models of several sizes, and fits a power law with a floor (Kaplan et al. 2020; Hoffmann et al. 2022). "
            + "The law is fitted again without the largest model, and its prediction is compared with that model's loss.",
        Axis = StudiedModel.Parameters,
        AxisLabel = "parameters",
        Curves = [Text],
        Values = [EvaluationCell.Loss],
        Drawn = [EvaluationCell.Loss],
        HasFit = true,
    };

    /// <summary>Returns the cells.</summary>
    /// <param name="runs">The runs.</param>
    /// <exception cref="InvalidDataException">A path is no run with validations, or the runs have fewer than 4 sizes.</exception>
    public static IReadOnlyList<ICellWork> Cells(IReadOnlyList<string> runs)
    {
        if (runs.Count <= PowerLaw.LeastPoints)
            throw new InvalidDataException($"{runs.Count} runs are given; a fit with one model held back needs {PowerLaw.LeastPoints + 1}");
        List<ICellWork> cells = [];
        IReadOnlyList<StudiedModel> models = StudiedModel.Open(runs);
        int sizes = models.DistinctBy(model => model.Config.ParameterCount).Count();
        if (sizes <= PowerLaw.LeastPoints)
            throw new InvalidDataException($"the models of the {runs.Count} runs have {sizes} different sizes; a fit with one model held back needs {PowerLaw.LeastPoints + 1}");
        foreach (StudiedModel model in models)
        {
            RunMetrics metrics = RunMetrics.Read(RunDirectory.Open(model.Path).MetricsPath);
            if (metrics.Steps.Count == 0 || metrics.Validations.Count == 0)
                throw new InvalidDataException($"{model.Path} has no logged steps with validations");
            cells.AddRange(RunLossCell.Of(model, metrics, Text, inNats: true));
        }

        return cells;
    }
}
