using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Data.Tables;
using Foreword.Tasks;

namespace Foreword.Data.FineTuning;

/// <summary>The labeled examples of a run, read and checked before training begins.</summary>
/// <param name="Task">The task, including what was learned from the labels.</param>
/// <param name="Train">The training examples.</param>
/// <param name="Validation">The examples that select the best checkpoint.</param>
/// <param name="Test">The examples that are evaluated at the end; empty if there are none.</param>
public sealed record FineTuningData(TaskDescription Task, IReadOnlyList<TaskExample> Train, IReadOnlyList<TaskExample> Validation, IReadOnlyList<TaskExample> Test)
{
    /// <summary>Gets the name of the training set in messages, which is its first file.</summary>
    public required string Source { get; init; }

    /// <summary>Gets the files of the training set and the validation set.</summary>
    public required TrainingFiles Files { get; init; }

    /// <summary>Gets warnings about data that is possibly not intended, one sentence each.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Reads every data file that the recipe names.</summary>
    /// <param name="recipe">Supplies the task and the data.</param>
    /// <param name="tokens">The ids of the task's tokens.</param>
    /// <param name="contextLength">The maximum number of tokens in a sequence.</param>
    /// <param name="warn">Receives one sentence for each thing that was read but is possibly not intended; null ignores them.</param>
    /// <exception cref="InvalidDataException">A file is malformed, or a label does not fit. The message names file and row.</exception>
    /// <exception cref="ArgumentException">The recipe's columns do not fit the task.</exception>
    public static FineTuningData Open(FineTuneRecipe recipe, TaskTokens tokens, int contextLength, Action<string>? warn = null)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        LabeledSection data = recipe.Data;
        FineTuningTask kind = FineTuningTask.OfKind(recipe.Task.Kind);
        TableOptions options = data.Options() with { Warn = warn };
        IReadOnlyList<TaskExample> train = Read(data.TrainFiles);
        string source = Name(data.Train);
        TaskDescription draft = new()
        {
            Kind = kind.Kind,
            Target = recipe.Task.Target ?? kind.DefaultTarget([.. train.Select(example => example.Label!).Distinct()]),
            Labels = recipe.Task.Labels,
            Tokens = tokens,
            ContextLength = contextLength,
            Columns = data.TrainFiles.Columns(kind, data.Columns).Explicit,
            Header = data.Header,
            Quoting = data.Quoting,
            Delimiter = options.Delimiter?.ToString(),
        };
        TaskDescription task = LabeledData.Learn(draft, train, recipe.Task.ClassWeights, source);
        foreach (string doubt in LabelDoubts.Of(task, train))
            warn?.Invoke(doubt);
        if (task.Target == TargetKind.Classes && draft.Labels.Count == 0) // classes that the recipe lists are intended
            ExampleChecks.Classes(task, train, source);
        List<string> warnings = [.. ExampleChecks.Choices(task, train, source)];
        IReadOnlyList<TaskExample> validation = Read(data.ValidationFiles), test = Read(data.TestFiles);
        if (data.Validation.Count == 0)
        {
            bool hasClasses = task.Target is TargetKind.Classes or TargetKind.Choice;
            (train, validation) = LabeledData.Split(train, data.ValidationShare, data.Stratified && hasClasses, recipe.Train.Seed);
        }

        foreach (TaskExample example in validation.Concat(test))
            _ = task.TargetOf(example);
        warnings.AddRange(ExampleChecks.Validation(task, train, validation, data.Validation.Count == 0 ? null : Name(data.Validation)));
        TrainingFiles hashes = TrainingFiles.Create(data);
        warnings.AddRange(hashes.Shared.Select(files => files.Validation.Path == files.Train.Path
            ? $"{files.Train.Path} is both the training set and the validation set; results on it say nothing about new texts"
            : $"the validation file {files.Validation.Path} has the same contents as the training file {files.Train.Path}; results on it say nothing about new texts"));
        warnings.AddRange(hashes.CopiesAmong(data.Paths(data.Test)).Select(file => $"the test file {file} has the same contents as a training file; results on it say nothing about new texts"));
        return new FineTuningData(task, train, validation, test) { Source = source, Files = hashes, Warnings = warnings };

        string Name(IReadOnlyList<string> files) => files.Count == 1 ? data.Paths(files)[0] : $"{data.Paths(files)[0]} and {files.Count - 1} more";

        IReadOnlyList<TaskExample> Read(ExampleFiles files) => files.Tables.Count == 0 ? [] : files.Read(files.Columns(kind, data.Columns), options);
    }
}
