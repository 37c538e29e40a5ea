using Foreword.Data.Datasets.Catalog;
using Foreword.Data.Labeled;
using Foreword.Settings;
using Foreword.Tasks;

namespace Foreword.Data.Recipes;

/// <summary>
/// A recipe for fine-tuning: the model, the task, the labeled examples and the training. The defaults are those of the GPT-1 paper (Radford et al.
/// 2018, section 4.1) and of openai/finetune-transformer-lm. Model, task and data have no defaults.
/// </summary>
public sealed record FineTuneRecipe : IRecipe
{
    /// <summary>Gets the model to start from.</summary>
    public BaseModelSection Model { get; init; } = new();

    /// <summary>Gets the task to learn.</summary>
    public TaskSection Task { get; init; } = new();

    /// <summary>Gets the source of the labeled examples.</summary>
    public LabeledSection Data { get; init; } = new();

    /// <summary>Gets the optimizer, the schedule, and the intervals of logging and checkpoints.</summary>
    public FineTuneConfig Train { get; init; } = new();

    /// <summary>
    /// Returns the recipe with the task, the labels and the metric of its data set, where it does not set them itself. Without a data set, returns
    /// the recipe unchanged.
    /// </summary>
    public FineTuneRecipe Completed() => Data.Dataset is null || DatasetCatalog.Find(Data.Dataset) is not { } dataset ? this : this with
    {
        Task = Task with
        {
            Kind = Task.Kind.Length == 0 ? dataset.Task : Task.Kind,
            Labels = Task.Labels.Count == 0 && dataset.Labels.Count > 0 ? dataset.Labels : Task.Labels,
        },
        Data = Data with { Dataset = dataset.Name },
        Train = Train with { BestMetric = Train.BestMetric.Length == 0 ? dataset.Metric.Name : Train.BestMetric },
    };

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        if (Data.Dataset is not null && Completed() is var whole && whole != this)
            return whole.Problems();
        RecipeProblems problems = new();
        problems.AddSection(Model);
        if (Task.Kind.Length > 0 || Data.Dataset is null) // otherwise the name of the data set is the problem
            problems.AddSection(Task);
        if (Data.Dataset is not null && DatasetCatalog.Find(Data.Dataset) is { } dataset && Task.Kind.Replace('_', '-') != dataset.Task)
            problems.AddTo("task.kind", $"is {Task.Kind}; the data set {dataset.Name} is for {dataset.Task}");
        problems.AddSection(Data);
        problems.AddSection(Train);
        if (Train.BestMetric.Length > 0 && FineTuningTask.All.FirstOrDefault(task => task.Kind == Task.Kind.Replace('_', '-')) is { } kind
            && BestMetric.Problem(Train.BestMetric, kind.Kind, Task.Target is { } target ? [target] : kind.Targets) is { } problem)
            problems.AddTo("train.best_metric", problem);
        return problems;
    }
}
