using System.CommandLine;
using System.Text.Json;
using Foreword.Recipes;
using Foreword.Torch.Training;

namespace Foreword.Cli;

/// <summary><c>foreword pretrain RECIPE.yaml</c>: trains a model from scratch, or goes on with a run.</summary>
internal static class PretrainCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> recipe = new("RECIPE") { Description = "YAML file, such as those in recipes/." };
        Option<string[]> set = new("--set") { Description = "Overrides one key of the recipe: --set train.lr=3e-4; may be repeated.", DefaultValueFactory = _ => [] };
        Option<string?> output = new("--out") { Description = "Run directory; runs/<recipe's name> unless given (numbered where that exists)." };
        Option<string?> resume = new("--resume") { Description = "auto: go on from the newest checkpoint of the run, or begin it; or the path of a checkpoint." };
        Option<DeviceChoice?> device = new("--device") { Description = "Where to compute; overrides train.device." };
        Option<int?> keep = new("--keep") { Description = "Newest checkpoints that stay on disk, 0 for all; overrides train.keep." };
        Option<int?> seed = new("--seed") { Description = "Overrides train.seed." };
        Option<bool> json = new("--json") { Description = "Print one JSON object at the end: {\"run\",\"outcome\",\"eval_loss\"}." };
        Option<string?> embeddings = new("--init-embeddings") { Description = "Vectors of words (word2vec, GloVe) that the token embedding starts from; overrides model.init_embeddings." };
        Command command = new Command("pretrain", "Train a model from scratch, as a recipe says.") { recipe, set, output, resume, device, keep, seed, embeddings, json }
            .WithExample("foreword pretrain recipes/shakespeare.yaml --set data.text=[shakespeare.txt] --set train.steps=500");
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(recipe)!;
            List<string> overrides = [.. parsed.GetValue(set)!];
            if (parsed.GetValue(device) is { } chosenDevice)
                overrides.Add($"train.device={chosenDevice.ToString().ToLowerInvariant()}");
            if (parsed.GetValue(keep) is { } chosenKeep)
                overrides.Add($"train.keep={chosenKeep}");
            if (parsed.GetValue(seed) is { } chosenSeed)
                overrides.Add($"train.seed={chosenSeed}");
            if (parsed.GetValue(embeddings) is { } vectors)
                overrides.Add($"model.init_embeddings={JsonSerializer.Serialize(vectors)}");
            PretrainRecipe read = Recipe.Read<PretrainRecipe>(path, overrides);
            terminal.Announce($"seed {read.Train.Seed}");
            (RunDirectory directory, RunCheckpoint? checkpoint, bool goesOn) = RunPlace.Of(parsed.GetValue(output), parsed.GetValue(resume), Path.GetFileNameWithoutExtension(path));
            double? evalLoss;
            RunOutcome outcome;
            using StopRequest stop = new(terminal);
            try
            {
                (outcome, evalLoss) = new TrainingDisplay(terminal).Show(tell =>
                {
                    using PretrainRun run = goesOn ? PretrainRun.Resume(read, directory, checkpoint, tell, stop.Token) : PretrainRun.Start(read, directory, tell, stop.Token);
                    return (run.Run(stop.Token), run.LastEvalLoss);
                });
            }
            finally
            {
                directory.DeleteIfEmpty();
            }

            Report(terminal, directory, outcome, evalLoss, path, parsed.GetValue(json));
            return CommandLine.Done;
        });
        return command;
    }

    private static void Report(Terminal terminal, RunDirectory directory, RunOutcome outcome, double? evalLoss, string recipe, bool json)
    {
        string loss = evalLoss is { } value ? $", validation loss {value:F4}" : "";
        terminal.Say(outcome switch
        {
            RunOutcome.Stopped => $"stopped and saved; go on with: foreword pretrain {recipe} --resume auto --out {directory.Path}",
            RunOutcome.StoppedEarly => $"stopped early: no better validation loss for a while{loss}; the best model is {directory.BestPath}",
            _ => $"done{loss}; the run is {directory.Path}",
        });
        if (outcome != RunOutcome.Stopped)
            terminal.Say($"next: foreword generate {directory.Path} --prompt \"...\"");
        if (!json)
            return;
        JsonOutput.WriteLine(terminal, writer =>
        {
            writer.WriteString("run", directory.Path);
            writer.WriteString("outcome", outcome switch { RunOutcome.Stopped => "stopped", RunOutcome.StoppedEarly => "stopped_early", _ => "finished" });
            if (evalLoss is { } value)
                writer.WriteNumber("eval_loss", value);
        });
    }
}
