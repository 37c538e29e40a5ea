using Foreword.Data.Recipes;

namespace Foreword.Torch.Runs;

/// <summary>Compares the recipe that a run goes on with to the one that it began with.</summary>
internal static class RunRecipe
{
    /// <summary>Refuses a recipe or tokens that would train something else than the run did.</summary>
    /// <param name="savedPath">The recipe that the run saved.</param>
    /// <param name="resolved">The recipe now, resolved.</param>
    /// <param name="checkpoint">Where the run goes on; null where it begins again.</param>
    /// <param name="data">The tokens now.</param>
    /// <exception cref="InvalidDataException">Something differs; it is named.</exception>
    public static void Check(string savedPath, PretrainRecipe resolved, RunCheckpoint? checkpoint, PretrainingData data)
    {
        PretrainRecipe saved = Recipe.ReadSaved<PretrainRecipe>(savedPath);
        RunDirectory.CheckSameRecipe(Comparable(saved), Comparable(resolved), savedPath);
        if (checkpoint is null)
            return;
        if (saved.Model.Path != resolved.Model.Path && !resolved.Model.Trained.IsAdapter) // adapters' model is compared by its weights
            throw new InvalidDataException($"model.path is {resolved.Model.Path}; the run began with {saved.Model.Path} ({savedPath})");
        string? trainedOn = Checkpoint.ReadState(checkpoint.Path).Data;
        if (trainedOn is null ? saved.Data.Shards != resolved.Data.Shards : trainedOn != data.Fingerprint)
            throw new InvalidDataException($"{data.Train.Directory} does not hold the tokens that {checkpoint.Path} was trained on");
    }

    /// <summary>The recipe without what may change between two parts of a run: its length, cadences, the machine, and where files lie.</summary>
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
