using System.CommandLine;
using Foreword.Cli.Options;
using Foreword.Data.Recipes;
using Foreword.Studies.FineTuning;

namespace Foreword.Cli.Commands.Study;

/// <summary>The data sets of a study that fine-tunes, given as recipes.</summary>
internal sealed class SetArguments
{
    private const string Prefix = "finetune-";

    private readonly Argument<string[]> _recipes = new("RECIPE") { Description = "Recipes of fine-tuning (.yaml), one for each data set.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _model = new("--model") { Description = "The pre-trained model; overrides model.path of the recipes." };
    private readonly Option<string?> _data = new("--data") { Description = "Directory that the recipes' data.directory is relative to." };
    private readonly Option<string[]> _set = new("--set") { Description = "Overrides one key of all recipes: --set train.epochs=1; may be repeated.", DefaultValueFactory = _ => [] };

    /// <summary>Adds the argument and the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_recipes);
        foreach (Option option in (Option[])[_model, _data, _set])
            command.Add(option);
    }

    /// <summary>Reads the recipes.</summary>
    /// <exception cref="UsageException">An argument is not a recipe, or two recipes have one name.</exception>
    /// <exception cref="InvalidDataException">A recipe is malformed.</exception>
    public IReadOnlyList<LabeledSet> Read(ParseResult parsed)
    {
        List<LabeledSet> sets = [];
        foreach (string path in parsed.GetValue(_recipes)!)
        {
            if (Path.GetExtension(path) is not (".yaml" or ".yml"))
                throw new UsageException($"{path} is not a recipe (.yaml); give the model with --model");
            string[] model = parsed.GetValue(_model) is { } given ? [$"model.path={OptionExtensions.YamlQuoted(given)}"] : [];
            FineTuneRecipe recipe = Recipe.Read<FineTuneRecipe>(path, [.. model, .. parsed.GetValue(_set)!]);
            if (parsed.GetValue(_data) is { } root)
                recipe = recipe with { Data = recipe.Data with { Directory = Path.Combine(root, recipe.Data.Directory) } };
            string file = Path.GetFileNameWithoutExtension(path), name = file.StartsWith(Prefix, StringComparison.Ordinal) ? file[Prefix.Length..] : file;
            if (sets.Any(set => set.Name == name))
                throw new UsageException($"two recipes are named {name}; rename one of them");
            sets.Add(new LabeledSet(name, recipe.Validate()));
        }

        return sets;
    }
}
