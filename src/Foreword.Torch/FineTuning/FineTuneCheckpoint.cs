using Foreword.Data.Recipes;
using Foreword.IO;
using Foreword.Torch.Runs;
using Foreword.Torch.Training;

namespace Foreword.Torch.FineTuning;

/// <summary>
/// What a fine-tuning run leaves: <c>best/</c>, a model directory with head and task that other tools open, and <c>checkpoint-N/</c>,
/// which holds besides what training needs to go on. With adapters a checkpoint holds only what changes, and is no model directory.
/// </summary>
internal static class FineTuneCheckpoint
{
    /// <summary>Writes the model, whole or not at all.</summary>
    public static void SaveModel(string directory, FineTunedModel model, FineTuneRecipe recipe) => Write(directory, recipe, model.Save);

    /// <summary>Writes a whole checkpoint, replacing one that is there.</summary>
    public static void Save(string directory, FineTuner tuner, FineTuneRecipe recipe, FineTuneState state, bool adaptersOnly) => Write(directory, recipe, staged =>
    {
        if (adaptersOnly)
            Checkpoint.SaveParameters(staged, tuner.Trainable);
        else
            tuner.Model.Save(staged);
        Checkpoint.SaveOptimizer(staged, tuner.Optimizer);
        Checkpoint.WriteState(staged, state);
    });

    /// <summary>Loads weights and moments into the tuner and stands it at the checkpoint's step.</summary>
    /// <exception cref="InvalidDataException">The directory is no checkpoint, or its tensors do not fit.</exception>
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

/// <summary>Where a fine-tuning run stands, beyond weights and moments.</summary>
internal sealed record FineTuneState
{
    /// <summary>Steps made; schedule, dropout's seeds and the batches follow from it.</summary>
    public required int Step { get; init; }

    /// <summary>Epoch of the best validation, from 1; 0 before the first.</summary>
    public int BestEpoch { get; init; }

    /// <summary>What chooses the best validation, see <see cref="BestMetric"/>; null in the state of an older run.</summary>
    public string? BestMetric { get; init; }

    /// <summary>The single answer that the best model gave to all validation examples; null if it gave several.</summary>
    public string? BestSameAnswer { get; init; }

    /// <summary>Loss of the best validation.</summary>
    public double BestEvalLoss { get; init; }

    /// <summary>Metrics of the best validation.</summary>
    public IReadOnlyDictionary<string, double>? BestMetrics { get; init; }

    /// <summary>Validations since the best, for early stopping.</summary>
    public int EpochsWithoutBest { get; init; }

    /// <summary>Sum of the losses since the last line of the log.</summary>
    public double LossSum { get; init; }

    /// <summary>Sum of the task's part of the losses since the last line; null where an older run did not count it.</summary>
    public double? TaskLossSum { get; init; }

    /// <summary>Sum of the language-modelling losses since the last line; null where there are none.</summary>
    public double? LmLossSum { get; init; }

    /// <summary>Steps since the last line of the log.</summary>
    public int LossCount { get; init; }

    /// <summary>The state after a step.</summary>
    public FineTuneState With(StepResult step) => this with
    {
        Step = step.Step,
        LossSum = LossSum + step.Loss,
        TaskLossSum = (LossCount == 0 ? 0 : TaskLossSum) + step.TaskLoss,
        LmLossSum = (LossCount == 0 ? 0 : LmLossSum) + step.LmLoss,
        LossCount = LossCount + 1,
    };

    /// <summary>The last step with the mean losses of the steps since the last line.</summary>
    public StepResult MeanOf(StepResult last) => last with { Loss = LossSum / LossCount, TaskLoss = TaskLossSum / LossCount, LmLoss = LmLossSum / LossCount };
}
