using System.CommandLine;
using System.Globalization;
using Foreword.Cli.Commands.Predict;
using Foreword.Cli.Commands.Pretrain;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;
using Foreword.Torch.Runs;
using Foreword.Torch.Supervised;
using Foreword.Torch.Training;

namespace Foreword.Cli.Commands.FineTune;

/// <summary>Implements <c>foreword finetune --task dialogue</c> and the like, which train a model that writes text.</summary>
internal sealed class SupervisedTraining(Terminal terminal, ISupervisedRecipe recipe, ParseResult parsed)
{
    /// <summary>Trains, or shows the first examples.</summary>
    /// <returns>The exit code.</returns>
    public int Run(string? output, string? resume, string name, bool isDryRun, bool json)
    {
        if (isDryRun)
            return ShowExamples();
        (RunDirectory directory, RunCheckpoint? checkpoint, bool goesOn) = RunPlace.Of(output, resume, name);
        using StopSignals stop = new(terminal);
        return stop.Run(() =>
        {
            terminal.Announce($"seed {recipe.Train.Seed}");
            Result result = Train(directory, checkpoint, goesOn, stop);
            Report(directory, result, json);
            return stop.ExitCodeOf(result.Outcome);
        });
    }

    private Result Train(RunDirectory directory, RunCheckpoint? checkpoint, bool goesOn, StopSignals stop)
    {
        try
        {
            return new TrainingDisplay(terminal, directory, recipe.Train.Seed).Show((progress, logger) =>
            {
                using SupervisedRun run = goesOn
                    ? SupervisedRun.Resume(recipe, directory, checkpoint, progress, logger: logger, cancellationToken: stop.Token)
                    : SupervisedRun.Start(recipe, directory, progress, logger: logger, cancellationToken: stop.Token);
                return new Result(run.Run(stop.Request), run.StartLoss, run.StartMetrics, run.BestEpoch, run.BestLoss, run.BestMetrics);
            });
        }
        finally
        {
            directory.DeleteIfEmpty();
        }
    }

    /// <summary>Returns the command that uses the run.</summary>
    private string Next(string run) => recipe switch
    {
        QuestionRecipe { Data: { Directory: "" } data } => $"foreword evaluate-task {run} {ShellText.Quote(data.Train[0])}",
        QuestionRecipe { Data: var data } => $"foreword evaluate-task {run} {ShellText.Quote(data.Train[0])} --data {ShellText.Quote(data.Directory)}",
        DialogueRecipe { Task.Reverse: true } => $"foreword chat MODEL --mmi {run}",
        _ => $"foreword chat {run}",
    };

    private void Report(RunDirectory directory, Result result, bool json)
    {
        Action<string> show = json ? terminal.Say : terminal.Out.WriteLine;
        if (result is { StartLoss: { } start, Start: { } before })
            show($"before: {Describe(start, before, "nats a token of the held-out answers")}");
        if (result is { BestLoss: { } best, Best: { } metrics })
            show($"best epoch {result.BestEpoch}: {Describe(best, metrics, "nats")}");
        foreach ((string task, double loss) in (result.Best ?? new Dictionary<string, double>()).Where(metric => metric.Key.StartsWith("loss/", StringComparison.Ordinal)))
            show(string.Create(CultureInfo.InvariantCulture, $"  {task["loss/".Length..]}: {result.Start?.GetValueOrDefault(task):F4} before, {loss:F4} after"));
        if (result.Outcome == RunOutcome.Stopped)
        {
            terminal.Say($"stopped and saved; continue with: {ShellText.Again(parsed, ["--out", "--resume"], "--out", directory.Path, "--resume", "auto")}");
        }
        else
        {
            terminal.Say($"done; the run is {directory.Path}");
            terminal.Say($"next: {Next(ShellText.Quote(directory.Path))}");
        }

        if (!json)
            return;
        JsonOutput.WriteLine(terminal, writer =>
        {
            writer.WriteString("run", directory.Path);
            writer.WriteString("outcome", result.Outcome switch { RunOutcome.Stopped => "stopped", RunOutcome.StoppedEarly => "stopped_early", _ => "finished" });
            writer.WriteNumber("best_epoch", result.BestEpoch);
            if (result.StartLoss is { } start)
                writer.WriteNumber("start_eval_loss", start);
            foreach ((string metric, double value) in result.Start ?? new Dictionary<string, double>())
                writer.WriteNumber($"start_{metric}", value);
            if (result.BestLoss is { } loss)
                writer.WriteNumber("eval_loss", loss);
            foreach ((string metric, double value) in result.Best ?? new Dictionary<string, double>())
                writer.WriteNumber(metric, value);
        });
    }

    /// <summary>Returns the numbers of a validation in words.</summary>
    private string Describe(double loss, IReadOnlyDictionary<string, double> metrics, string unit) => recipe is PreferenceRecipe
        ? string.Create(CultureInfo.InvariantCulture, $"loss {loss:F4}; the chosen answer is the more probable one in {metrics[PreferenceTrainer.Accuracy]:P1} of the held-out pairs (by the mean of its tokens: {metrics[PreferenceTrainer.AccuracyPerToken]:P1}); margin of the rewards {metrics[PreferenceTrainer.RewardsMargins]:F3}")
        : string.Create(CultureInfo.InvariantCulture, $"{loss:F4} {unit}, perplexity {metrics[SupervisedTrainer.Perplexity]:F2}, {metrics[SupervisedTrainer.TokenAccuracy]:P1} of the tokens right");

    /// <summary>Reads all data and prints the first examples as the model reads them, with the parts that count in the loss marked.</summary>
    private int ShowExamples()
    {
        SupervisedContent content = SupervisedContent.Open(recipe, StartingModel.Open(Recipe.Validate(recipe).Model.Path));
        foreach (string note in content.Notes)
            terminal.Warn(note);
        (string thing, int sequences) = recipe switch
        {
            PreferenceRecipe => ("pair", 2),
            QuestionRecipe => ("question", 1),
            _ => ("dialogue", 1),
        };
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{CountText.Of(content.Train.Count / sequences, thing)} to learn from, {content.Validation.Count / sequences:N0} held out"));
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{content.Train.Sum(example => (long)example.Ids.Length):N0} tokens, of which {content.Train.Sum(example => (long)example.Targets):N0} count in the loss"));
        if (recipe is DialogueRecipe && TrigramBaseline.Loss(content.Train, content.Validation, content.Tokenizer.VocabSize) is { } trigram)
            terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"a 3-gram on the held-out answers: {trigram:F4} nats a token, perplexity {Math.Exp(trigram):F2}"));
        foreach (SupervisedExample example in content.Train.Take(DryRun.Shown * sequences))
        {
            terminal.Out.WriteLine();
            for (int begin = 0, end; begin < example.Ids.Length; begin = end)
            {
                bool counts = begin > 0 && example.Counts[begin];
                end = begin + 1;
                while (end < example.Ids.Length && example.Counts[end] == counts)
                    end++;
                string text = content.Tokenizer.Decode(example.Ids.AsSpan(begin..end)).ReplaceLineEndings("⏎");
                foreach (string line in FittedText.Wrap(text, FittedText.UsualWidth - 8))
                    terminal.Out.WriteLine($"  {(counts ? "learn" : "read "),-6}{line}");
            }
        }

        return ExitCodes.Done;
    }

    /// <summary>The result of a run.</summary>
    private sealed record Result(RunOutcome Outcome, double? StartLoss, IReadOnlyDictionary<string, double>? Start, int BestEpoch, double? BestLoss, IReadOnlyDictionary<string, double>? Best);
}
