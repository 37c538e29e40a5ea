using System.CommandLine;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Studies.FineTuning;

namespace Foreword.Cli.Commands.Study;

/// <summary>Implements <c>foreword study multitask</c>.</summary>
internal static class MultitaskStudy
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> model = new("MODEL") { Description = "A model that was pre-trained on text, or a recipe of --task questions (.yaml)." };
        Argument<string?> mix = new("MIX") { Description = "A mix of tasks (.yaml); not with a recipe.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> data = new("--data") { Description = "The directory of the data sets; default: the one that the mix names." };
        Option<string[]> leftOut = OptionExtensions.Files("--leave-out", "Tasks of the mix, each of which a model is measured on that was trained on all others.");
        Option<string[]> set = new("--set") { Description = "Overrides one key of the recipe: --set train.lr=1e-3; may be repeated.", DefaultValueFactory = _ => [] };
        GridArguments grid = new(MultitaskGrid.Plan.Name);
        Command command = new Command(MultitaskGrid.Plan.Name, "Compare one model for several tasks with a model for each (decaNLP), and with models that a task was left out of.") { model, mix, data, leftOut, set }
            .WithExample("foreword study multitask runs/books mix.yaml --data data --leave-out mwsc --set train.lr=1e-3");
        grid.AddTo(command);
        command.SetAction(parsed =>
        {
            int seeds = grid.Seeds(parsed);
            grid.Check(parsed);
            string from = parsed.GetValue(model)!;
            bool isRecipe = Path.GetExtension(from) is ".yaml" or ".yml";
            if (isRecipe == parsed.GetValue(mix) is not null)
                throw new UsageException($"expected a model and a mix of tasks, or a recipe alone: foreword study multitask {(isRecipe ? "runs/books" : from)} mix.yaml");
            List<string> overrides = [];
            if (parsed.GetValue(mix) is { } tasks)
                overrides.Add($"data.train=[{OptionExtensions.YamlQuoted(tasks)}]");
            if (parsed.GetValue(data) is { } directory)
                overrides.Add($"data.directory={OptionExtensions.YamlQuoted(directory)}");
            overrides.AddRange(parsed.GetValue(set)!);
            QuestionRecipe recipe = isRecipe ? Recipe.Read<QuestionRecipe>(from, overrides) : Recipe.Parse<QuestionRecipe>($"model: {{path: {OptionExtensions.YamlQuoted(from)}}}", "the options", overrides);
            return new GridCommand(terminal, MultitaskGrid.Plan, grid).Run(parsed, MultitaskGrid.Cells(recipe, parsed.GetValue(leftOut)!, seeds));
        });
        return command;
    }
}
