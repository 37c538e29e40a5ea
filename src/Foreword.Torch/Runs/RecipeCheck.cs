using Foreword.Data.Recipes;

namespace Foreword.Torch.Runs;

/// <summary>Compares the recipe of a continued run with the one that the run began with.</summary>
internal static class RecipeCheck
{
    /// <summary>Throws if a recipe or its tokens would train something else than the run did.</summary>
    /// <param name="savedPath">Path of the recipe that the run saved.</param>
    /// <param name="resolved">The current recipe, resolved.</param>
    /// <param name="checkpoint">The checkpoint to continue from; null if the run begins again.</param>
    /// <param name="data">The current tokens.</param>
    /// <exception cref="InvalidDataException">A setting or the tokens differ. The message names the difference.</exception>
    public static void Check(string savedPath, PretrainRecipe resolved, RunCheckpoint? checkpoint, PretrainingData data)
    {
        PretrainRecipe saved = Recipe.ReadSaved<PretrainRecipe>(savedPath);
        RunDirectory.CheckSameRecipe(Comparable(saved), Comparable(resolved), savedPath);
        if (checkpoint is null)
            return;
        if (saved.Model.Path != resolved.Model.Path && !resolved.Model.Trained.IsAdapter) // the base model of adapters is compared by its weights, not by its path
            throw new InvalidDataException($"model.path is {resolved.Model.Path}; the run was started with {saved.Model.Path} ({savedPath})");
        string? trainedOn = Checkpoint.ReadState(checkpoint.Path).Data;
        if (trainedOn is null ? saved.Data.Shards != resolved.Data.Shards : trainedOn != data.Fingerprint)
            throw new InvalidDataException($"{data.Train.Directory} does not hold the tokens that {checkpoint.Path} was trained on");
    }

    /// <summary>
    /// Returns the recipe as YAML without the settings that may change between two parts of a run: its length, intervals, the machine and the
    /// locations of files.
    /// </summary>
    private static string Comparable(PretrainRecipe recipe) => Recipe.ToYaml(recipe with
    {
        Model = recipe.Model with { Path = recipe.Model.Path is null ? null : "model" },
        Data = recipe.Data with { Text = recipe.Data.Text.Count > 0 ? ["text"] : [], Shards = recipe.Data.Shards is null ? null : "shards", Tokenizer = recipe.Data.Tokenizer is null ? null : "tokenizer" },
        Train = recipe.Train with
        {
            Steps = 1,
            LogEvery = 1,
            EvalEvery = 1,
            EvalBatches = 1,
            SampleEvery = 0,
            SamplePrompts = [],
            SampleTokens = 1,
            CheckpointEvery = 1,
            Keep = 1,
            EarlyStoppingPatience = 0,
            Recompute = false,
            Threads = 0,
            Device = DeviceChoice.Auto,
        },
    });
}
