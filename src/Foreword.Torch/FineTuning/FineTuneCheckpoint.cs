using Foreword.Data.Recipes;
using Foreword.Torch.Runs;

namespace Foreword.Torch.FineTuning;

/// <summary>
/// Writes and reads the directories of a fine-tuning run. <c>best/</c> is a model directory with head and task that other tools open.
/// <c>checkpoint-N/</c> also contains the state that training needs to continue. With adapters, a checkpoint contains only the weights that
/// change and is not a model directory.
/// </summary>
internal static class FineTuneCheckpoint
{
    /// <summary>Writes the model atomically: completely, or not at all.</summary>
    public static void SaveModel(string directory, FineTunedModel model, FineTuneRecipe recipe) => Checkpoint.Write(directory, recipe, model.Save);

    /// <summary>Writes a complete checkpoint and replaces an existing one.</summary>
    public static void Save(string directory, FineTuner tuner, FineTuneRecipe recipe, TrainerState state, bool adaptersOnly) => Checkpoint.Write(directory, recipe, staged =>
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
    public static TrainerState Load(string directory, FineTuner tuner, bool adaptersOnly)
    {
        TrainerState state = Checkpoint.ReadState(directory);
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
}
