using Foreword.Recipes;

namespace Foreword.Tasks;

/// <summary>The labelled examples of a run, read and checked before anything is trained.</summary>
/// <param name="Task">What the labels turned out to be.</param>
/// <param name="Train">The examples to learn from.</param>
/// <param name="Validation">The examples that choose the best checkpoint.</param>
/// <param name="Test">The examples measured at the end; empty where none are given.</param>
public sealed record FineTuningData(TaskDescription Task, IReadOnlyList<TaskExample> Train, IReadOnlyList<TaskExample> Validation, IReadOnlyList<TaskExample> Test)
{
    /// <summary>Reads every file that the recipe names.</summary>
    /// <param name="recipe">Task and data.</param>
    /// <param name="tokens">The ids of the task's tokens.</param>
    /// <param name="contextLength">Most tokens of a sequence.</param>
    /// <exception cref="InvalidDataException">A file is broken, or a label does not fit; file and row are named.</exception>
    /// <exception cref="ArgumentException">The recipe's columns do not fit the task.</exception>
    public static FineTuningData Open(FineTuneRecipe recipe, TaskTokens tokens, int contextLength)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        LabelledSection data = recipe.Data;
        FineTuningTask kind = FineTuningTask.OfKind(recipe.Task.Kind);
        TaskColumnMap columns = TaskColumnMap.Of(kind, data.Columns);
        IReadOnlyList<TaskExample> train = Read(data.Train);
        string source = data.Train.Count == 1 ? data.Paths(data.Train)[0] : $"{data.Paths(data.Train)[0]} and {data.Train.Count - 1} more";
        TaskDescription draft = new()
        {
            Kind = kind.Kind,
            Target = recipe.Task.Target ?? kind.DefaultTarget([.. train.Select(example => example.Label!).Distinct()]),
            Labels = recipe.Task.Labels,
            Tokens = tokens,
            ContextLength = contextLength,
            Columns = columns.Explicit,
            Header = data.Header,
            Quoting = data.Quoting,
        };
        TaskDescription task = LabelledData.Learn(draft, train, recipe.Task.ClassWeights, source);
        IReadOnlyList<TaskExample> validation = Read(data.Validation), test = Read(data.Test);
        if (data.Validation.Count == 0)
        {
            bool hasClasses = task.Target is TargetKind.Classes or TargetKind.Choice;
            (train, validation) = LabelledData.Split(train, data.ValidationShare, data.Stratified && hasClasses, recipe.Train.Seed);
        }

        foreach (TaskExample example in validation.Concat(test))
            _ = task.TargetOf(example);
        return new FineTuningData(task, train, validation, test);

        IReadOnlyList<TaskExample> Read(IReadOnlyList<string> files)
        {
            TaskExample[] examples = [.. columns.Read(data.Paths(files), data.Options())];
            return examples.Length > 0 || files.Count == 0 ? examples : throw new InvalidDataException($"{data.Paths(files)[0]}: there are no examples");
        }
    }
}
