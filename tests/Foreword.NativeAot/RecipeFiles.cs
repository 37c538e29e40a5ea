using Foreword.Data.Recipes;
using Foreword.Settings;

namespace Foreword.NativeAot;

/// <summary>Reads, changes, writes and refuses recipes.</summary>
internal static class RecipeFiles
{
    public static void Run(Report report)
    {
        PretrainRecipe pretrain = Recipe.Parse<PretrainRecipe>("model: {preset: gpt2-tiny-5m, n_layer: 2}\ndata: {shards: s}\ntrain: {lr: 3e-4, optimizer: openai_adam}", "x.yaml", ["train.steps=5", "train.sample_prompts=[a, \"b\"]", "model.dropout="]);
        report.Say("pre-training", Recipe.ToYaml(pretrain));
        Recipe.Save(pretrain, report.Work("recipe.yaml"));
        report.Say("pre-training, again", Recipe.ToYaml(Recipe.Read<PretrainRecipe>(report.Work("recipe.yaml"))));
        report.Say("fine-tuning", Recipe.ToYaml(Recipe.Parse<FineTuneRecipe>("model: {path: m}\ntask: {kind: classification}\ntrain_data: {files: [a.csv]}\ntrain: {lm_on: task-tokens}".Replace("train_data", "data", StringComparison.Ordinal).Replace("files", "train", StringComparison.Ordinal), "y.yaml")));
        report.Say("own", Recipe.ToYaml(Recipe.Parse<OwnRecipe>("words: [a, b]\ninner: {colour: deep_red, size: }", "own.yaml")));
        foreach (string yaml in (string[])["train:\n  learning_rte: 1", "model:\n  block_size: 1", "lr: 1", "zzz: 1", "train:\n  lr:", "train:\n  steps: 1.5", "train:\n  optimizer: adam_w", "train: 5", "train:\n  lr: -1", "model:\n  architecture: lstm"])
            report.SayRefusal(yaml, () => Recipe.Parse<PretrainRecipe>(yaml, "x.yaml"));
        report.SayRefusal("own", () => Recipe.Parse<OwnRecipe>("inner: {color: red}", "own.yaml"));
    }

    /// <summary>A record that the libraries do not know.</summary>
    private sealed record OwnRecipe : IRecipe
    {
        public IReadOnlyList<string> Words { get; init; } = [];

        public OwnSection Inner { get; init; } = new();

        public IReadOnlyList<RecipeProblem> Problems() => [];
    }

    private sealed record OwnSection : IRecipe
    {
        [AlsoCalled("color")]
        public Colour Colour { get; init; }

        public double? Size { get; init; }

        public IReadOnlyList<RecipeProblem> Problems() => [];
    }

    private enum Colour
    {
        Green,
        DeepRed,
    }
}
