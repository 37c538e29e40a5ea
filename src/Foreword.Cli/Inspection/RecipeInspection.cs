using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Models;
using Foreword.Settings;
using Foreword.Weights;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Inspection;

/// <summary>Shows a recipe for <c>inspect</c>: its size or its task, and every value.</summary>
internal static class RecipeInspection
{
    public static bool IsRecipe(string path) => File.Exists(path) && Path.GetExtension(path) is ".yaml" or ".yml";

    public static void Show(string path, bool json, Terminal terminal)
    {
        // Only a fine-tuning recipe has the section 'task'.
        if (File.ReadLines(path).Any(line => line.StartsWith("task:", StringComparison.Ordinal)))
        {
            ShowFineTuning(path, json, terminal);
            return;
        }

        PretrainRecipe recipe = Recipe.ReadSaved<PretrainRecipe>(path);
        ModelConfig config = ConfigOf(recipe);
        long tokensPerStep = (long)recipe.Train.BatchSize * recipe.Train.GradientAccumulation * (recipe.Train.SequenceLength == 0 ? config.ContextLength : recipe.Train.SequenceLength);
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer =>
            {
                writer.WriteString("recipe", path);
                writer.WriteNumber("parameters", config.ParameterCount);
                writer.WriteNumber("tokens_per_step", tokensPerStep);
                writer.WriteNumber("training_flops", config.TrainingFlopsPerToken * tokensPerStep * recipe.Train.Steps);
            });
            return;
        }

        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{path}: {config.ParameterCount:N0} parameters, {tokensPerStep:N0} tokens per step, {recipe.Train.Steps:N0} steps, {config.TrainingFlopsPerToken * tokensPerStep * recipe.Train.Steps:E1} FLOP in all"));
        terminal.Out.WriteLine();
        terminal.Out.Write(Recipe.ToYaml(recipe));
    }

    /// <summary>
    /// Returns the architecture of the model that the recipe trains further, or the recipe's own architecture. The latter assumes the vocabulary
    /// that the tokenizer will most likely have.
    /// </summary>
    private static ModelConfig ConfigOf(PretrainRecipe recipe)
    {
        if (recipe.Model.Path is { } model)
        {
            using ModelWeights weights = WeightsCatalog.Open(model);
            return recipe.Model.ToModelConfig(0, weights.Config);
        }

        return recipe.Model.ToModelConfig(recipe.Model.VocabSize ?? recipe.Data.VocabSize ?? recipe.Model.Base().VocabSize);
    }

    private static void ShowFineTuning(string path, bool json, Terminal terminal)
    {
        (IRecipe recipe, string kind, string? model, int epochs, IReadOnlyList<string> files) = Recipe.TaskKind(path) switch
        {
            DialogueRecipe.Kind => Read<DialogueRecipe>(DialogueRecipe.Kind, known => known.Data.Paths(known.Data.Train)),
            PreferenceRecipe.Kind => Read<PreferenceRecipe>(PreferenceRecipe.Kind, known => known.Data.Paths(known.Data.Train)),
            QuestionRecipe.Kind => Read<QuestionRecipe>(QuestionRecipe.Kind, known => known.Data.Train),
            _ => ReadTask(),
        };
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer =>
            {
                writer.WriteString("recipe", path);
                writer.WriteString("task", kind);
                writer.WriteString("model", model);
                writer.WriteNumber("epochs", epochs);
            });
            return;
        }

        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {kind} from {model}, {epochs} epochs of {string.Join(", ", files)}"));
        terminal.Out.WriteLine();
        terminal.Out.Write(Recipe.ToYaml(recipe));

        (IRecipe, string, string?, int, IReadOnlyList<string>) Read<T>(string own, Func<T, IReadOnlyList<string>> filesOf) where T : class, ISupervisedRecipe, new()
        {
            T read = Recipe.ReadSaved<T>(path);
            return (read, own, read.Model.Path, read.Train.Epochs, filesOf(read));
        }

        (IRecipe, string, string?, int, IReadOnlyList<string>) ReadTask()
        {
            FineTuneRecipe read = Recipe.ReadSaved<FineTuneRecipe>(path);
            return (read, read.Task.Kind, read.Model.Path, read.Train.Epochs, [.. read.Data.Paths(read.Data.Train)]);
        }
    }
}
