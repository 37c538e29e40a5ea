using Foreword.Data.Datasets;
using Foreword.Data.Labeled;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.Tasks;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Foreword.Data.FineTuning;

/// <summary>The labeled examples of a run, read and checked before training begins.</summary>
/// <param name="Task">The task, including what was learned from the labels.</param>
/// <param name="Train">The training examples.</param>
/// <param name="Validation">The examples that select the best checkpoint.</param>
/// <param name="Tests">The parts that are evaluated at the end. Some have no labels and are only for predictions.</param>
internal sealed record FineTuningData(TaskDescription Task, IReadOnlyList<TaskExample> Train, IReadOnlyList<TaskExample> Validation, IReadOnlyList<DatasetPart> Tests)
{
    /// <summary>Gets the name of the training set in messages, which is its first file.</summary>
    public required string Source { get; init; }

    /// <summary>Gets the files of the training set and the validation set.</summary>
    public required TrainingFiles Files { get; init; }

    /// <summary>Gets doubts about the data as a whole, one sentence each. Doubts about single files and labels are logged while they are read.</summary>
    public required IReadOnlyList<string> Warnings { get; init; }

    /// <summary>Reads every data file of the recipe.</summary>
    /// <param name="recipe">Supplies the task and the data.</param>
    /// <param name="tokens">The ids of the task's tokens.</param>
    /// <param name="contextLength">The maximum number of tokens in a sequence.</param>
    /// <param name="logger">Receives a warning about each thing that was read but is possibly not intended; null for no log.</param>
    /// <param name="cancellationToken">Cancels the reading between two rows.</param>
    /// <exception cref="InvalidDataException">A file is malformed, or a label does not fit. The message names file and row.</exception>
    /// <exception cref="ArgumentException">The recipe's columns do not fit the task.</exception>
    public static FineTuningData Open(FineTuneRecipe recipe, TaskTokens tokens, int contextLength, ILogger? logger = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(recipe);
        logger ??= NullLogger.Instance;
        recipe = recipe.Completed();
        LabeledSection data = recipe.Data;
        FineTuningTask kind = FineTuningTask.OfKind(recipe.Task.Kind);
        DatasetContent content = LabeledContent.Read(data, kind, logger, cancellationToken);
        (IReadOnlyList<TaskExample> train, string source) = (content.Train.Examples, NameOf(content.Train));
        TaskDescription draft = new()
        {
            Kind = kind.Kind,
            Target = recipe.Task.Target ?? kind.DefaultTarget([.. train.Select(example => example.Label!).Distinct()]),
            Labels = recipe.Task.Labels,
            Tokens = tokens,
            ContextLength = contextLength,
            Stride = CheckedStride(recipe.Task.Stride, tokens, contextLength),
            Threshold = recipe.Task.Threshold,
            Columns = LabeledContent.Columns(data, kind, train),
            Header = data.Header,
            Quoting = data.Quoting,
            Delimiter = data.Options().Delimiter?.ToString(),
        };
        bool hasClasses = draft.Target is TargetKind.Classes or TargetKind.Choice;
        List<string> warnings = [.. content.Parts.SelectMany(part => part.Notes)];
        TaskDescription task = Learn(draft, train);
        if (content.Validation is { } validating)
            return Checked(train, validating.Examples, NameOf(validating));
        (IReadOnlyList<TaskExample> rest, IReadOnlyList<TaskExample> held) = LabeledData.Split(train, data.ValidationShare, data.Stratified && hasClasses, recipe.Train.Seed, task.Target == TargetKind.Span ? example => example.Texts[1]! : null);
        return Checked(rest, held, null);

        TaskDescription Learn(TaskDescription draft, IReadOnlyList<TaskExample> examples)
        {
            TaskDescription learned = LabeledData.Learn(draft, examples, recipe.Task.ClassWeights, source);
            foreach (string doubt in LabelDoubts.Of(learned, examples))
                DataLog.LabelsDoubted(logger, doubt);
            if (learned.Target is TargetKind.Classes or TargetKind.ClassSet && draft.Labels.Count == 0) // classes that the recipe lists are intended
                ExampleChecks.Classes(learned, examples, source);
            warnings.AddRange(ExampleChecks.Choices(learned, examples, source));
            return learned;
        }

        FineTuningData Checked(IReadOnlyList<TaskExample> train, IReadOnlyList<TaskExample> validation, string? validationName)
        {
            foreach (TaskExample example in validation.Concat(content.Tests.SelectMany(part => part.Examples)).Where(example => example.Label is not null))
                _ = task.TargetOf(example);
            warnings.AddRange(ExampleChecks.Validation(task, train, validation, validationName));
            if (data.Examples is { } count)
            {
                train = LabeledData.Sample(train, count, task.Target == TargetKind.Classes, recipe.Train.Seed, source);
                task = LabeledData.Learn(draft with { Labels = task.Target == TargetKind.Score ? [] : task.Labels }, train, recipe.Task.ClassWeights, source);
                int absent = task.Target == TargetKind.Classes ? task.Labels.Except(train.Select(example => example.Label!)).Count() : 0;
                if (absent > 0)
                    warnings.Add($"{absent} of {task.Labels.Count} classes have no training example among the {count} that were drawn");
            }

            TrainingFiles hashes = TrainingFiles.Create(data, content, cancellationToken);
            warnings.AddRange(Copies(hashes, data, content));
            return new FineTuningData(task, train, validation, content.Tests) { Source = source, Files = hashes, Warnings = warnings };
        }
    }

    /// <summary>Returns the stride of windows.</summary>
    /// <exception cref="ArgumentException">Tokens between two windows would be left out.</exception>
    private static int? CheckedStride(int? stride, TaskTokens tokens, int contextLength) => stride > contextLength - tokens.Template().CountAround(1)
        ? throw new ArgumentException($"task.stride is {stride}; a window holds {contextLength - tokens.Template().CountAround(1)} tokens of a text, so the tokens between two windows would be left out", nameof(stride))
        : stride;

    /// <summary>Returns a warning for each file of two parts. The parts of a data set may lie in one file, which it divides itself.</summary>
    private static IEnumerable<string> Copies(TrainingFiles hashes, LabeledSection data, DatasetContent content)
    {
        foreach ((ManifestFile validation, ManifestFile train) in hashes.Shared)
        {
            yield return validation.Path == train.Path
                ? $"{train.Path} is both the training set and the validation set; results on it say nothing about new texts"
                : $"the validation file {validation.Path} has the same contents as the training file {train.Path}; results on it say nothing about new texts";
        }

        IEnumerable<string> tests = content.Tests.SelectMany(part => part.Files).Distinct();
        foreach (string file in hashes.CopiesAmong([.. data.Dataset is null ? tests : tests.Except(content.Train.Files)]))
            yield return $"the test file {file} has the same contents as a training file; results on it say nothing about new texts";
    }

    /// <summary>Returns the name of a part in messages. A data set of a program may have no files.</summary>
    private static string NameOf(DatasetPart part) => part.Files.Count switch
    {
        0 => part.Name,
        1 => part.Files[0],
        _ => $"{part.Files[0]} and {part.Files.Count - 1} more",
    };
}
