using System.CommandLine;
using Foreword.Cli.Options;
using Foreword.Data.Recipes;
using Foreword.Studies.FineTuning;

namespace Foreword.Cli.Commands.Study;

/// <summary>The data sets of a study that fine-tunes: recipes, or published data sets by name.</summary>
internal sealed class SetArguments
{
    private const string Prefix = "finetune-";

    private readonly Argument<string[]> _sources = new("SOURCE") { Description = "Recipes of fine-tuning (.yaml), one for each data set; or, with --datasets, the pre-trained model.", Arity = ArgumentArity.OneOrMore };
    private readonly Option<string?> _datasets = new("--datasets") { Description = "Published data sets, separated by commas (finetune --list shows them)." };
    private readonly Option<string?> _model = new("--model") { Description = "The pre-trained model; overrides model.path of the recipes." };
    private readonly Option<string?> _data = new("--data") { Description = "Directory of the data sets, and the one that the recipes' data.directory is relative to." };
    private readonly Option<string[]> _set = new("--set") { Description = "Overrides one key of all recipes: --set train.epochs=1; may be repeated.", DefaultValueFactory = _ => [] };

    /// <summary>Adds the argument and the options to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(_sources);
        foreach (Option option in (Option[])[_datasets, _model, _data, _set])
            command.Add(option);
    }

    /// <summary>Reads the recipes, and makes those of the data sets.</summary>
    /// <exception cref="UsageException">There is no data set or no model, or two data sets have one name.</exception>
    /// <exception cref="InvalidDataException">A recipe is malformed.</exception>
    public IReadOnlyList<LabeledSet> Read(ParseResult parsed)
    {
        string[] sources = parsed.GetValue(_sources)!, recipes = [.. sources.Where(IsRecipe)], models = [.. sources.Except(recipes)];
        string[] names = parsed.GetValue(_datasets)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
        string? model = parsed.GetValue(_model) ?? (models.Length > 0 ? models[0] : null);
        if (models.Length > (parsed.GetValue(_model) is null ? 1 : 0))
            throw new UsageException($"{models[^1]} is not a recipe (.yaml), and there is one model already");
        if (recipes.Length + names.Length == 0)
            throw new UsageException($"{models[0]} is a model; name its data sets with --datasets, or give recipes (.yaml)");
        if (names.Length > 0 && (model is null || parsed.GetValue(_data) is null))
            throw new UsageException($"--datasets {parsed.GetValue(_datasets)} needs {(model is null ? "a model" : "the directory of its files: --data DIR")}");
        LabeledSet[] sets = [.. recipes.Select(path => Recipe(parsed, path, model)), .. names.Select(name => Published(parsed, name, model!))];
        return sets.GroupBy(set => set.Name).FirstOrDefault(group => group.Count() > 1) is { } twice ? throw new UsageException($"two data sets are named {twice.Key}; rename a recipe") : sets;
    }

    private LabeledSet Recipe(ParseResult parsed, string path, string? model)
    {
        FineTuneRecipe recipe = Data.Recipes.Recipe.Read<FineTuneRecipe>(path, Overrides(parsed, model));
        if (parsed.GetValue(_data) is { } root)
            recipe = recipe with { Data = recipe.Data with { Directory = Path.Combine(root, recipe.Data.Directory) } };
        string file = Path.GetFileNameWithoutExtension(path);
        return new LabeledSet(file.StartsWith(Prefix, StringComparison.Ordinal) ? file[Prefix.Length..] : file, recipe.Completed().Validate());
    }

    private LabeledSet Published(ParseResult parsed, string name, string model)
    {
        string[] data = [$"data.dataset={OptionExtensions.YamlQuoted(name)}", $"data.directory={OptionExtensions.YamlQuoted(parsed.GetValue(_data)!)}"];
        FineTuneRecipe recipe = Data.Recipes.Recipe.Parse<FineTuneRecipe>("{}", "the options", [.. data, .. Overrides(parsed, model)]).Completed().Validate();
        return new LabeledSet(recipe.Data.Dataset!, recipe); // "RTE" is the set rte, too
    }

    private List<string> Overrides(ParseResult parsed, string? model) => [.. model is null ? [] : (string[])[$"model.path={OptionExtensions.YamlQuoted(model)}"], .. parsed.GetValue(_set)!];

    private static bool IsRecipe(string path) => Path.GetExtension(path) is ".yaml" or ".yml";
}
