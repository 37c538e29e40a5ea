using System.CommandLine;
using System.Text.Json;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.Torch.Runs;

namespace Foreword.Cli.Commands.Pretrain;

/// <summary>
/// Implements <c>foreword pretrain RECIPE.yaml</c>, which trains a model from scratch, trains existing weights further, or continues a run.
/// </summary>
internal static class PretrainCommand
{
    public static Command Create(Terminal terminal)
    {
        Argument<string> recipe = new("RECIPE") { Description = "YAML file, such as those in recipes/." };
        Option<string?> model = new("--model") { Description = "Continue training from this model: a model directory or file, a run, or a downloaded model's name; overrides model.path." };
        Option<string[]> set = new("--set") { Description = "Overrides one key of the recipe: --set train.lr=3e-4; may be repeated.", DefaultValueFactory = _ => [] };
        Option<string?> output = new("--out") { Description = "Run directory; default: runs/<recipe's name> (numbered if that exists)." };
        Option<string?> resume = new("--resume") { Description = "auto: continue from the newest checkpoint of the run, or start it; or the path of a checkpoint." };
        Option<DeviceChoice?> device = new("--device") { Description = "Device to compute on; overrides train.device." };
        Option<int?> keep = new("--keep") { Description = "Number of newest checkpoints to keep on disk, 0 for all; overrides train.keep." };
        Option<int?> seed = new("--seed") { Description = "Overrides train.seed." };
        Option<bool> json = new("--json") { Description = "Print one JSON object at the end: {\"run\",\"outcome\",\"eval_loss\"}." };
        Option<string?> embeddings = new("--init-embeddings") { Description = "Word vectors (word2vec, GloVe) to initialize the token embedding with; overrides model.init_embeddings." };
        Command command = new Command("pretrain", "Train a model with a recipe: from scratch, or from existing weights.") { recipe, model, set, output, resume, device, keep, seed, embeddings, json }
            .WithExample("foreword pretrain recipes/shakespeare.yaml --set data.text=[shakespeare.txt] --set train.steps=500");
        command.SetAction(parsed =>
        {
            string path = parsed.GetValue(recipe)!;
            List<string> overrides = [.. parsed.GetValue(set)!];
            if (parsed.GetValue(model) is { } start)
                overrides.Add($"model.path={JsonSerializer.Serialize(start)}");
            if (parsed.GetValue(device) is { } chosenDevice)
                overrides.Add($"train.device={chosenDevice.ToString().ToLowerInvariant()}");
            if (parsed.GetValue(keep) is { } chosenKeep)
                overrides.Add($"train.keep={chosenKeep}");
            if (parsed.GetValue(seed) is { } chosenSeed)
                overrides.Add($"train.seed={chosenSeed}");
            if (parsed.GetValue(embeddings) is { } vectors)
                overrides.Add($"model.init_embeddings={JsonSerializer.Serialize(vectors)}");
            bool isOfRun = Path.GetFileName(path) == RunDirectory.RecipeName && RunDirectory.HoldsRun(Path.GetDirectoryName(Path.GetFullPath(path))!);
            PretrainRecipe read = isOfRun ? Recipe.ReadSaved<PretrainRecipe>(path, overrides) : Recipe.Read<PretrainRecipe>(path, overrides);
            (RunDirectory directory, RunCheckpoint? checkpoint, bool goesOn) = RunPlace.Of(parsed.GetValue(output), parsed.GetValue(resume), Path.GetFileNameWithoutExtension(path));
            using StopSignals stop = new(terminal);
            return stop.Run(() =>
            {
                Result result = Train(read, directory, checkpoint, goesOn, terminal, stop);
                Report(terminal, directory, result, parsed, parsed.GetValue(json));
                return stop.ExitCodeOf(result.Outcome);
            });
        });
        return command;
    }

    private static Result Train(PretrainRecipe recipe, RunDirectory directory, RunCheckpoint? checkpoint, bool goesOn, Terminal terminal, StopSignals stop)
    {
        try
        {
            return new TrainingDisplay(terminal, directory, recipe.Train.Seed).Show((progress, logger) =>
            {
                using PretrainRun run = goesOn
                    ? PretrainRun.Resume(recipe, directory, checkpoint, progress, logger: logger, cancellationToken: stop.Token)
                    : PretrainRun.Start(recipe, directory, progress, logger: logger, cancellationToken: stop.Token);
                int before = run.StepsMade;
                return new Result(run.Run(stop.Request), run.StepsMade - before, run.StepsMade, run.LastValidationLoss, run.BestIsTheStart);
            });
        }
        finally
        {
            directory.DeleteIfEmpty();
        }
    }

    private static void Report(Terminal terminal, RunDirectory directory, Result result, ParseResult parsed, bool json)
    {
        string loss = result.Loss is { } value ? $", validation loss {value:F4}" : "";
        terminal.Say(result.Outcome switch
        {
            RunOutcome.Finished when result.StepsMade == 0 => $"all {result.StepsInAll} steps were already done; the run is {directory.Path} (for more steps: --set train.steps=N)",
            RunOutcome.Stopped => $"stopped and saved; continue with: {ShellText.Again(parsed, ["--out", "--resume"], "--out", directory.Path, "--resume", directory.Newest?.Step > result.StepsInAll ? directory.CheckpointPath(result.StepsInAll) : "auto")}",
            RunOutcome.StoppedEarly => $"stopped early: no better validation loss for a while{loss}; the best model is {directory.BestPath}",
            _ => $"done{loss}; the run is {directory.Path}",
        });
        if (result.BestIsTheStart && result.Outcome != RunOutcome.Stopped)
            terminal.Say($"the validation loss never improved: {directory.BestPath} is the model that the run started with");
        if (result.Outcome != RunOutcome.Stopped)
            terminal.Say(ChatTemplateFile.ReadOwn(directory.BestPath) is null ? $"next: foreword generate {ShellText.Quote(directory.Path)} --prompt \"...\"" : $"next: foreword chat {ShellText.Quote(directory.Path)}");
        if (!json)
            return;
        JsonOutput.WriteLine(terminal, writer =>
        {
            writer.WriteString("run", directory.Path);
            writer.WriteString("outcome", result.Outcome switch { RunOutcome.Stopped => "stopped", RunOutcome.StoppedEarly => "stopped_early", _ => "finished" });
            if (result.Loss is { } value)
                writer.WriteNumber("eval_loss", value);
        });
    }

    /// <summary>The result of a run.</summary>
    /// <param name="Outcome">How the run ended.</param>
    /// <param name="StepsMade">Number of steps that this process made.</param>
    /// <param name="StepsInAll">Number of steps of the run, including those of earlier processes.</param>
    /// <param name="Loss">The last validation loss in nats, or null.</param>
    /// <param name="BestIsTheStart">Whether the best model is the one that the run began with.</param>
    private sealed record Result(RunOutcome Outcome, int StepsMade, int StepsInAll, double? Loss, bool BestIsTheStart);
}
