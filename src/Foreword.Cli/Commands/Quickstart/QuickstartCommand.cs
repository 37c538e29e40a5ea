using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Commands.Pretrain;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Baselines;
using Foreword.Data.Reading;
using Foreword.Data.Recipes;
using Foreword.Data.ReferencePacks;
using Foreword.Data.Shards;
using Foreword.Generation;
using Foreword.IO;
using Foreword.Tasks.Metrics;
using Foreword.Tokenization;
using Foreword.Torch.Runs;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Microsoft.Extensions.Logging;
using Spectre.Console;

namespace Foreword.Cli.Commands.Quickstart;

/// <summary>
/// Implements <c>foreword quickstart</c>, which shows all main steps on data that every .NET SDK includes. These are corpus, tokenizer,
/// shards, training, an n-gram baseline on the same tokens, and three generated texts. The model is then fine-tuned for a task.
/// </summary>
internal static class QuickstartCommand
{
    private const string Name = "quickstart";

    /// <summary>Largest number of training tokens that the baseline counts, because a user's corpus may be large.</summary>
    private const int MostBaselineTokens = 20_000_000;

    /// <summary>Tokens of a sequence when an existing model is trained. A longer context would take too much time for a quick start.</summary>
    private const int LongestSequence = 256;

    public static Command Create(Terminal terminal)
    {
        Option<string[]> data = new("--data") { Description = "Your own text instead: files, directories and patterns, in any format that prepare supports.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [] };
        Option<string?> model = new("--model") { Description = "Continue training from this model instead of random weights: a model directory or file, a run, or a downloaded model's name." };
        Option<int?> steps = new("--steps") { Description = "Number of training steps; fewer are faster and give a worse model." };
        Option<string?> output = new("--out") { Description = "Run directory; default: runs/quickstart (numbered if that exists)." };
        Option<int?> seed = new("--seed") { Description = "Seed of the weights, the data order and the generated texts." };
        Option<bool> json = new("--json") { Description = "Print one JSON object at the end." };
        Command command = new Command(Name, "Train a small GPT on text that is already on this machine, generate text with it, and fine-tune it for a task.") { data, model, steps, output, seed, json }
            .WithExample("foreword quickstart --data notes/ book.txt --steps 500");
        command.SetAction(parsed =>
        {
            string[] texts = parsed.GetValue(data)!;
            bool own = texts.Length > 0;
            PretrainRecipe recipe = ReadRecipe(parsed.GetValue(model), texts, parsed.GetValue(steps), parsed.GetValue(seed));
            if (own)
                _ = DocumentReader.Open(texts); // reports a wrong path before anything is created
            RunDirectory directory = parsed.GetValue(output) is { } path ? RunDirectory.Create(path) : RunDirectory.CreateNext(RunPlace.Runs, Name);
            if (!own)
                recipe = recipe with { Data = recipe.Data with { Text = [WriteReferenceCorpus(directory, terminal)] } };
            Stopwatch watch = Stopwatch.StartNew();
            using StopSignals stop = new(terminal);
            return stop.Run(() =>
            {
                Summary summary = new TrainingDisplay(terminal, directory, recipe.Train.Seed).Show((progress, logger) => Train(recipe, directory, progress, logger, stop));
                if (summary.Outcome == RunOutcome.Stopped)
                {
                    terminal.Say($"stopped and saved; continue with: foreword pretrain {ShellText.Quote(directory.RecipePath)} --out {ShellText.Quote(directory.Path)} --resume auto");
                    if (parsed.GetValue(json))
                        JsonOutput.WriteLine(terminal, writer => WriteJson(writer, directory, summary with { Seconds = watch.Elapsed.TotalSeconds }, [], null));
                    return stop.ExitCode;
                }

                IReadOnlyList<Sample> samples = Write(directory, own ? null : recipe.Train.SamplePrompts, recipe.Train);
                bool teaches = !own && recipe.Model.Path is null; // the task compares the model with the same network trained from scratch
                QuickstartTask.Result? task = teaches ? QuickstartTask.Run(terminal, directory, parsed.GetValue(steps), recipe.Train, stop.Request) : null;
                if (teaches && task is null)
                    terminal.Say("stopped: the model is complete, but the fine-tuning was not finished");
                Report(terminal, directory, summary with { Seconds = watch.Elapsed.TotalSeconds }, samples, task, parsed.GetValue(json));
                return stop.ExitCode;
            });
        });
        return command;
    }

    /// <summary>Reads the recipe embedded in the program and adds the texts of this machine.</summary>
    private static PretrainRecipe ReadRecipe(string? model, string[] texts, int? steps, int? seed)
    {
        PretrainRecipe recipe = EmbeddedRecipe.Read<PretrainRecipe>(model is null ? $"{Name}.yaml" : $"{Name}-continue.yaml");
        if (model is not null)
        {
            using ModelWeights weights = WeightsCatalog.Open(model); // reports a wrong path before anything is created
            recipe = recipe with
            {
                Model = recipe.Model with { Path = model },
                Train = recipe.Train with { SequenceLength = Math.Min(LongestSequence, weights.Config.ContextLength) },
            };
        }

        TrainingConfig train = recipe.Train with { Steps = steps ?? recipe.Train.Steps, Seed = seed ?? recipe.Train.Seed };
        if (steps is { } count)
            train = train with { WarmupSteps = Math.Min(train.WarmupSteps, Math.Max(1, count / 10)) };
        return (recipe with { Data = recipe.Data with { Text = texts.Length > 0 ? texts : recipe.Data.Text }, Train = train }).Validate();
    }

    /// <summary>Writes the SDK's documentation as JSON Lines into the run directory, where the user can read it. Returns the file's path.</summary>
    private static string WriteReferenceCorpus(RunDirectory directory, Terminal terminal)
    {
        ReferencePackCorpus corpus = Corpus();
        string path = Path.Combine(directory.Path, "corpus.jsonl");
        DurableFile.Replace(path, stream =>
        {
            foreach (string document in corpus.Documents)
            {
                JsonSerializer.Serialize(stream, new Dictionary<string, string> { ["text"] = document });
                stream.WriteByte((byte)'\n');
            }
        });
        terminal.Say($"corpus: {corpus.Documents.Count.ToString("N0", CultureInfo.InvariantCulture)} members of the .NET documentation, {corpus.DocumentBytes / 1e6:F1} MB, from {corpus.Directory}");
        return path;
    }

    private static ReferencePackCorpus Corpus()
    {
        try
        {
            return ReferencePackCorpus.Load();
        }
        catch (DirectoryNotFoundException problem)
        {
            throw new DirectoryNotFoundException($"{problem.Message} (--data PATH)", problem);
        }
    }

    private static Summary Train(PretrainRecipe recipe, RunDirectory directory, IProgress<PretrainEvent> progress, ILogger logger, StopSignals stop)
    {
        using PretrainRun run = PretrainRun.Start(recipe, directory, progress, logger: logger, cancellationToken: stop.Token);
        double? baseline = run.Data.Validation is { } held ? Baseline(run.Data, held, run.ValidatedTokens) : null;
        RunOutcome outcome = run.Run(stop.Request);
        return new Summary(outcome, run.LastValidationLoss, run.StartValidationLoss, baseline, run.Model.Config.ParameterCount, 0);
    }

    /// <summary>Computes the mean loss in nats of a Kneser-Ney 3-gram on the validation tokens that the model is evaluated on.</summary>
    private static double Baseline(PretrainingData data, TokenDataset held, long evaluated)
    {
        int[] train = new int[Math.Min(data.Train.Count, MostBaselineTokens)], validation = new int[Math.Min(held.Count, evaluated)];
        data.Train.Read(0, train.AsSpan());
        held.Read(0, validation.AsSpan());
        return KneserNey.Train(train, data.Tokenizer.VocabSize).MeanNegativeLogLikelihood(validation);
    }

    /// <summary>Generates text with the best model from three prompts: those of the recipe, or the beginnings of held-out documents.</summary>
    private static List<Sample> Write(RunDirectory directory, IReadOnlyList<string>? prompts, TrainingConfig train)
    {
        using TextModel model = OpenedModel.LoadNow(directory.Path, train.Device);
        SamplingOptions options = new() { Temperature = 0.7, TopK = 40, MaxTokens = train.SampleTokens, Seed = train.Seed };
        return [.. (prompts ?? Beginnings(directory, model.Tokenizer)).Select(prompt => new Sample(prompt, model.Generate(prompt, options).Text))];
    }

    private static List<string> Beginnings(RunDirectory directory, Tokenizer tokenizer)
    {
        const int Prompts = 3, Tokens = 6;
        string shards = PretrainRun.ShardsIn(directory);
        using TokenDataset data = TokenDataset.Open(shards, ShardManifest.Load(shards).Splits.ContainsKey(TokenDataset.Validation) ? TokenDataset.Validation : TokenDataset.Train);
        List<string> beginnings = [];
        for (int i = 0; i < Prompts; i++)
        {
            long start = data.DocumentStart(data.Split.Documents * i / Prompts);
            if (data.Split.Documents < Prompts)
                start = data.Count * i / Prompts; // one long document: three positions in it
            int[] ids = new int[Math.Min(Tokens, data.Count - start)];
            data.Read(start, ids.AsSpan());
            int end = Array.IndexOf(ids, tokenizer.EndOfTextId ?? -1);
            beginnings.Add(tokenizer.Decode(end > 0 ? ids.AsSpan(0, end) : ids).TrimStart('\uFFFD'));
        }

        return beginnings;
    }

    private static void Report(Terminal terminal, RunDirectory directory, Summary summary, IReadOnlyList<Sample> samples, QuickstartTask.Result? task, bool json)
    {
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer => WriteJson(writer, directory, summary, samples, task));
            return;
        }

        if (terminal.Quiet)
            return;
        IAnsiConsole console = terminal.Drawing();
        foreach (Sample sample in samples)
            console.Write(new Markup($"\n[bold]{Markup.Escape(sample.Prompt)}[/]{Markup.Escape(sample.Text)}\n"));

        terminal.Say();
        if (summary.Loss is { } loss)
            terminal.Say($"validation loss    {Loss(loss)} nats per token, {summary.Parameters / 1e6:F1} M parameters");
        if (summary.StartLoss is { } start)
            terminal.Say($"before training    {Loss(start)} nats per token, on the same tokens");
        if (summary.Baseline is { } baseline)
            terminal.Say($"Kneser-Ney 3-gram  {Loss(baseline)} nats per token, on the same tokens");
        if (task is not null)
        {
            terminal.Say($"kind of a member   accuracy {Accuracy(task.Pretrained)}, from the pre-trained model");
            terminal.Say($"                   accuracy {Accuracy(task.Scratch)}, from scratch");
            terminal.Say($"                   accuracy {Percent(task.Majority)}, always predicting the most frequent kind");
        }

        terminal.Say($"took               {TimeSpan.FromSeconds(summary.Seconds):m\\:ss}");
        terminal.Say($"model              {directory.BestPath}");
        if (task is not null)
            terminal.Say($"task               {task.Run}; its report is {Path.Combine(task.Run, "report.html")}");
        terminal.Say($"curves             {directory.LossPngPath}");
        terminal.Say($"numbers            {directory.MetricsPath}; TensorBoard reads {directory.Path}");
        terminal.Say();
        terminal.Say("what to type next (after `dotnet run -c Release --project src/Foreword.Cli --`, or `foreword` if it is installed as a tool):");
        terminal.Say($"  generate {directory.Path} --prompt \"{samples[0].Prompt.Trim().ReplaceLineEndings(" ")}\" --max-tokens 60 --temperature 0.7");
        terminal.Say($"  inspect {directory.Path}");
        if (task is not null)
            terminal.Say($"  predict {task.Run} - < YOUR-SUMMARIES.txt");
        terminal.Say("  quickstart --data PATH/TO/YOUR/TEXT");
        terminal.Say("  pretrain recipes/shakespeare.yaml --set data.text=[YOUR.txt]");
    }

    private static void WriteJson(Utf8JsonWriter writer, RunDirectory directory, Summary summary, IReadOnlyList<Sample> samples, QuickstartTask.Result? task)
    {
        writer.WriteString("run", directory.Path);
        writer.WriteNumber("parameters", summary.Parameters);
        if (summary.Loss is { } loss)
            writer.WriteNumber("eval_loss", loss);
        if (summary.StartLoss is { } start)
            writer.WriteNumber("start_eval_loss", start);
        if (summary.Baseline is { } baseline)
            writer.WriteNumber("kneser_ney_loss", baseline);
        if (task is not null)
        {
            writer.WriteNumber("finetuned_accuracy", task.Pretrained.Value);
            writer.WriteNumber("scratch_accuracy", task.Scratch.Value);
            writer.WriteNumber("majority_accuracy", task.Majority);
        }

        writer.WriteNumber("seconds", summary.Seconds);
        writer.WriteStartArray("samples");
        foreach (Sample sample in samples)
        {
            writer.WriteStartObject();
            writer.WriteString("prompt", sample.Prompt);
            writer.WriteString("text", sample.Text);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static string Accuracy(MetricInterval accuracy) => $"{Percent(accuracy.Value)} (95 % interval {Percent(accuracy.Low)} to {Percent(accuracy.High)})";

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:F1} %");

    private static string Loss(double value) => value.ToString("F4", CultureInfo.InvariantCulture);

    private sealed record Summary(RunOutcome Outcome, double? Loss, double? StartLoss, double? Baseline, long Parameters, double Seconds);

    private sealed record Sample(string Prompt, string Text);
}
