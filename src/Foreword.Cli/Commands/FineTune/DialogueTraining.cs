using System.CommandLine;
using System.Globalization;
using Foreword.Chat;
using Foreword.Cli.Commands.Pretrain;
using Foreword.Cli.Output;
using Foreword.Data.Recipes;
using Foreword.Data.Supervised;
using Foreword.Tokenization;
using Foreword.Torch.Runs;
using Foreword.Torch.Supervised;
using Foreword.Torch.Training;

namespace Foreword.Cli.Commands.FineTune;

/// <summary>Implements <c>foreword finetune --task dialogue</c>.</summary>
internal sealed class DialogueTraining(Terminal terminal, DialogueRecipe recipe, ParseResult parsed)
{
    /// <summary>Number of examples that a dry run shows.</summary>
    private const int Shown = 3;

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
                using DialogueRun run = goesOn
                    ? DialogueRun.Resume(recipe, directory, checkpoint, progress, logger: logger, cancellationToken: stop.Token)
                    : DialogueRun.Start(recipe, directory, progress, logger: logger, cancellationToken: stop.Token);
                return new Result(run.Run(stop.Request), run.StartLoss, run.BestEpoch, run.BestLoss, run.BestMetrics);
            });
        }
        finally
        {
            directory.DeleteIfEmpty();
        }
    }

    private void Report(RunDirectory directory, Result result, bool json)
    {
        Action<string> show = json ? terminal.Say : terminal.Out.WriteLine;
        if (result.StartLoss is { } start)
            show(string.Create(CultureInfo.InvariantCulture, $"before: {start:F4} nats a token of the held-out answers, perplexity {Math.Exp(start):F2}"));
        if (result.Best is { } best)
            show(string.Create(CultureInfo.InvariantCulture, $"best epoch {result.BestEpoch}: {result.BestLoss:F4} nats, perplexity {best[DialogueRun.Perplexity]:F2}, {best[DialogueRun.TokenAccuracy]:P1} of the tokens right"));
        if (result.Outcome == RunOutcome.Stopped)
        {
            terminal.Say($"stopped and saved; continue with: {ShellText.Again(parsed, ["--out", "--resume"], "--out", directory.Path, "--resume", "auto")}");
        }
        else
        {
            terminal.Say($"done; the run is {directory.Path}");
            terminal.Say($"next: foreword chat {ShellText.Quote(directory.Path)}");
        }

        if (!json)
            return;
        JsonOutput.WriteLine(terminal, writer =>
        {
            writer.WriteString("run", directory.Path);
            writer.WriteString("outcome", result.Outcome switch { RunOutcome.Stopped => "stopped", RunOutcome.StoppedEarly => "stopped_early", _ => "finished" });
            writer.WriteNumber("best_epoch", result.BestEpoch);
            if (result.StartLoss is { } before)
                writer.WriteNumber("start_eval_loss", before);
            if (result.BestLoss is { } loss)
                writer.WriteNumber("eval_loss", loss);
            foreach ((string metric, double value) in result.Best ?? new Dictionary<string, double>())
                writer.WriteNumber(metric, value);
        });
    }

    /// <summary>Reads all dialogues and prints the first ones as the model reads them, with the parts that count in the loss marked.</summary>
    private int ShowExamples()
    {
        StartingModel source = StartingModel.Open(recipe.Validate().Model.Path);
        ChatTemplate template = ChatTemplateFile.Choose(recipe.Task.Template, source.Path, source.Tokenizer);
        Tokenizer tokenizer = source.Tokenizer.WithSpecialTokens(template.Tokens);
        DialogueData data = DialogueData.Open(recipe, tokenizer, template, recipe.Train.SequenceLength == 0 ? source.Config.ContextLength : recipe.Train.SequenceLength);
        foreach (string note in data.Notes)
            terminal.Warn(note);
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{data.Train.Count:N0} dialogues to learn from, {data.Validation.Count:N0} held out"));
        terminal.Out.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{data.Train.Sum(example => (long)example.Ids.Length):N0} tokens, of which {data.Train.Sum(example => (long)example.Targets):N0} count in the loss"));
        foreach (SupervisedExample example in data.Train.Take(Shown))
        {
            terminal.Out.WriteLine();
            for (int begin = 0, end; begin < example.Ids.Length; begin = end)
            {
                bool counts = begin > 0 && example.Counts[begin];
                end = begin + 1;
                while (end < example.Ids.Length && example.Counts[end] == counts)
                    end++;
                string text = tokenizer.Decode(example.Ids.AsSpan(begin..end)).ReplaceLineEndings("⏎");
                foreach (string line in FittedText.Wrap(text, FittedText.UsualWidth - 8))
                    terminal.Out.WriteLine($"  {(counts ? "learn" : "read "),-6}{line}");
            }
        }

        return ExitCodes.Done;
    }

    /// <summary>The result of a run.</summary>
    private sealed record Result(RunOutcome Outcome, double? StartLoss, int BestEpoch, double? BestLoss, IReadOnlyDictionary<string, double>? Best);
}
