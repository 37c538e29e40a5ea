using System.CommandLine;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.Studies.Training;

namespace Foreword.Cli.Commands.Study;

/// <summary>Implements the studies of pre-training: <c>foreword study design</c> and <c>scaling</c>.</summary>
internal static class TrainingStudies
{
    public static IEnumerable<Command> Create(Terminal terminal) => [Design(terminal), Scaling(terminal)];

    private static Command Design(Terminal terminal)
    {
        Argument<string> recipe = new("RECIPE") { Description = "A recipe of pre-training (.yaml) for GPT-2's design, with data.shards." };
        Option<string[]> set = new("--set") { Description = "Overrides one key of the recipe: --set train.steps=500; may be repeated.", DefaultValueFactory = _ => [] };
        Option<string> layers = new("--layers") { Description = "Numbers of blocks, separated by commas.", DefaultValueFactory = _ => "6,12,24" };
        GridArguments grid = new(DesignGrid.Plan.Name);
        Command command = new Command(DesignGrid.Plan.Name, "Train what GPT-2 changed in GPT-1, one change at a time.") { recipe, set, layers }
            .WithExample("foreword study design recipes/ladder.yaml --set model.n_embd=96 --set model.n_head=3 --set train.steps=500");
        grid.AddTo(command);
        command.SetAction(parsed =>
        {
            int seeds = grid.Seeds(parsed);
            grid.Check(parsed);
            int[] blocks = NumberList.Of(parsed, layers)!;
            if (blocks[0] == 0)
                throw new UsageException("--layers has 0; a model has at least 1 block");
            PretrainRecipe read = Recipe.Read<PretrainRecipe>(parsed.GetValue(recipe)!, parsed.GetValue(set)!).Validate();
            return new GridCommand(terminal, DesignGrid.Plan, grid).Run(parsed, DesignGrid.Cells(read, blocks, seeds));
        });
        return command;
    }

    private static Command Scaling(Terminal terminal)
    {
        Argument<string[]> runs = new("RUN") { Description = "Four or more runs that one recipe trained with models of several sizes.", Arity = ArgumentArity.OneOrMore };
        GridArguments grid = new(ScalingGrid.Plan.Name, hasSeeds: false);
        Command command = new Command(ScalingGrid.Plan.Name, "Fit a power law to the losses of a ladder of models, and check its prediction.") { runs }
            .WithExample("foreword study scaling runs/ladder-1m runs/ladder-3m runs/ladder-7m runs/ladder-14m");
        grid.AddTo(command);
        command.SetAction(parsed =>
        {
            grid.Check(parsed);
            return new GridCommand(terminal, ScalingGrid.Plan, grid).Run(parsed, ScalingGrid.Cells(parsed.GetValue(runs)!));
        });
        return command;
    }
}
