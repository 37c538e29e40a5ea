using Foreword.Data.Recipes;
using Foreword.IO;
using Foreword.Torch.Runs;
using Foreword.Torch.Training;

namespace Foreword.Torch.FineTuning;

/// <summary>
/// Writes and reads the directories of a fine-tuning run. <c>best/</c> is a model directory with head and task that other tools open.
/// <c>checkpoint-N/</c> also contains the state that training needs to continue. With adapters, a checkpoint contains only the weights that
/// change and is not a model directory.
/// </summary>
internal static class FineTuneCheckpoint
{
    /// <summary>Writes the model atomically: completely, or not at all.</summary>
    public static void SaveModel(string directory, FineTunedModel model, FineTuneRecipe recipe) => Write(directory, recipe, model.Save);

    /// <summary>Writes a complete checkpoint and replaces an existing one.</summary>
    public static void Save(string directory, FineTuner tuner, FineTuneRecipe recipe, FineTuneState state, bool adaptersOnly) => Write(directory, recipe, staged =>
    {
        if (adaptersOnly)
            Checkpoint.SaveParameters(staged, tuner.Trainable);
        else
            tuner.Model.Save(staged);
        Checkpoint.SaveOptimizer(staged, tuner.Optimizer);
        Checkpoint.WriteState(staged, state);
    });

    /// <summary>Loads weights and optimizer moments, and sets the step counter.</summary>
    /// <exception cref="InvalidDataException">The directory is not a checkpoint, or its tensors do not fit.</exception>
    public static FineTuneState Load(string directory, FineTuner tuner, bool adaptersOnly)
    {
        FineTuneState state = Checkpoint.ReadState<FineTuneState>(directory);
        if (adaptersOnly)
        {
            Checkpoint.LoadParameters(directory, tuner.Trainable);
        }
        else
        {
            ModelFiles.CopyInto(tuner.Model.Model, Path.Combine(directory, ModelFiles.WeightsFile));
            tuner.Model.Head.Load(directory, tuner.Model.Task);
        }

        Checkpoint.LoadOptimizer(directory, tuner.Optimizer);
        tuner.ResumeAt(state.Step);
        return state;
    }

    private static void Write(string directory, FineTuneRecipe recipe, Action<string> write)
    {
        using StagedDirectory staged = StagedDirectory.Begin(directory);
        write(staged.Path);
        Recipe.Save(recipe, Path.Combine(staged.Path, Checkpoint.RecipeFile));
        staged.Replace();
    }
}

/// <summary>The progress of a fine-tuning run, in addition to weights and moments.</summary>
internal sealed record FineTuneState
{
    /// <summary>Gets the number of steps made. It determines schedule, dropout seeds and batches.</summary>
    public required int Step { get; init; }

    /// <summary>Gets the epoch of the best validation, from 1; 0 before the first validation.</summary>
    public int BestEpoch { get; init; }

    /// <summary>Gets the criterion that selects the best validation, see <see cref="BestMetric"/>; null in the state of an older run.</summary>
    public string? BestMetric { get; init; }

    /// <summary>Gets the single answer that the best model gave to all validation examples; null if it gave several.</summary>
    public string? BestSameAnswer { get; init; }

    /// <summary>Gets the loss of the best validation.</summary>
    public double BestEvalLoss { get; init; }

    /// <summary>Gets the metrics of the best validation, by name; null before the first validation.</summary>
    public IReadOnlyDictionary<string, double>? BestMetrics { get; init; }

    /// <summary>Gets the number of validations since the best one, for early stopping.</summary>
    public int EpochsWithoutBest { get; init; }

    /// <summary>Gets the sum of the losses since the last line of the log.</summary>
    public double LossSum { get; init; }

    /// <summary>
    /// Gets the sum of the task losses since the last line of the log; null directly after a line, and in the state of an older run, which
    /// did not record it.
    /// </summary>
    public double? TaskLossSum { get; init; }

    /// <summary>Gets the sum of the language-modeling losses since the last line of the log; null directly after a line, or if there are none.</summary>
    public double? LmLossSum { get; init; }

    /// <summary>Gets the number of steps since the last line of the log.</summary>
    public int LossCount { get; init; }

    /// <summary>Returns the state after a step.</summary>
    public FineTuneState With(StepResult step) => this with
    {
        Step = step.Step,
        LossSum = LossSum + step.Loss,
        TaskLossSum = (LossCount == 0 ? 0 : TaskLossSum) + step.TaskLoss,
        LmLossSum = (LossCount == 0 ? 0 : LmLossSum) + step.LmLoss,
        LossCount = LossCount + 1,
    };

    /// <summary>Returns the last step with the mean losses of all steps since the last line of the log.</summary>
    public StepResult MeanOf(StepResult last) => last with { Loss = LossSum / LossCount, TaskLoss = TaskLossSum / LossCount, LmLoss = LmLossSum / LossCount };
}
