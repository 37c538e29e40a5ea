using Foreword.Settings;

namespace Foreword.Data.Recipes.Supervised;

/// <summary>A recipe that trains a language model on examples of which some tokens are predicted, such as the answers of dialogues.</summary>
public interface ISupervisedRecipe : IRecipe
{
    /// <summary>Gets the model to start from.</summary>
    BaseModelSection Model { get; }

    /// <summary>Gets the optimizer, the schedule, and the intervals of logging and checkpoints.</summary>
    SupervisedConfig Train { get; }
}
