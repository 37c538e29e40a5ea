using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Cleaning;
using Foreword.Data.Preparing;
using Foreword.Data.Recipes;
using Foreword.Data.Shards;
using Foreword.Progress;
using Foreword.Settings;
using Foreword.Tokenization;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Commands;

/// <summary>Implements <c>foreword prepare</c>, which turns text into token shards.</summary>
internal static class PrepareCommand
{
    private static readonly PreparationOptions Defaults = new();
    private static readonly Dictionary<string, CorpusLayout> Layouts = Enum.GetValues<CorpusLayout>().ToDictionary(layout => RecipeKey.ChoiceOf(layout));

    public static Command Create(Terminal terminal)
    {
        Argument<string[]> inputs = InputPaths.Argument("Files, directories and patterns such as books/*.txt: text, Markdown, HTML, JSON, JSON Lines, CSV, TSV, Parquet, each also as .gz or .zst.");
        Option<string> tokenizer = new("--tokenizer") { Description = "Directory of the tokenizer, or a model or run with a tokenizer.", Required = true };
        Option<string> output = new("--out") { Description = "Directory for shards, manifest and a copy of the tokenizer; an earlier preparation is replaced.", Required = true };
        Option<double> validation = new("--validation") { Description = "Share of the documents to hold out for validation; 0 for none.", DefaultValueFactory = _ => Defaults.ValidationShare };
        Option<int> validationRun = new("--validation-run") { Description = "Number of neighboring documents that are held out together; use more than 1 if neighbors repeat each other.", DefaultValueFactory = _ => Defaults.ValidationRun };
        DocumentArguments reading = new();
        Option<long> seed = new("--seed") { Description = "Seed of the choice of the documents that are held out.", DefaultValueFactory = _ => Defaults.Seed };
        Option<int> shardTokens = new("--shard-tokens") { Description = "Tokens in a full shard.", DefaultValueFactory = _ => Defaults.ShardTokens };
        Option<string?> filter = new("--filter") { Description = "Leave out short documents: min-chars=200." };
        Option<Deduplication> dedup = new("--dedup") { Description = "Leave out documents that repeat an earlier one: the same text, or nearly the same (minhash)." };
        Option<double> threshold = new("--dedup-threshold") { Description = "For minhash: two documents are duplicates if they share at least this part of their runs of five words.", DefaultValueFactory = _ => Defaults.DuplicateThreshold };
        Option<string?> normalize = new("--normalize") { Description = "Normalize texts: newlines (line feeds only), spaces (none at a line's end, at most one empty line), control (no control characters); or several: newlines,spaces." };
        Option<bool> special = new("--allow-special") { Description = "Encode the text of a special token in a document, such as <|endoftext|>, as that token." };
        Option<string?> layout = new("--layout") { DefaultValueFactory = _ => "text", Description = "What a document is: a text; an article in GPT2-Chinese's form ([MASK] ... [SEP] ... [CLS]); or a dialogue: an utterance per line with a blank line between dialogues (chitchat), or JSON Lines of messages." };
        layout.AcceptOnly([.. Layouts.Keys]);
        Option<string?> template = new("--template") { Description = "How the messages of dialogues become text: chitchat, chatml, plain, or a file (.yaml); default: chitchat for a tokenizer with BERT's tokens, otherwise chatml." };
        Option<int?> dialogueTokens = new("--dialogue-tokens") { Description = "Largest number of tokens of a dialogue; longer ones lose their oldest messages." };
        Option<bool> json = new("--json") { Description = "Print one JSON object." };
        Command command = new Command("prepare", "Turn text into token shards with a held-out validation split.")
        {
            inputs, tokenizer, output, validation, validationRun, seed, shardTokens, filter, dedup, threshold, normalize, special, layout, template, dialogueTokens, json,
        }.WithExample("foreword prepare corpus.txt --tokenizer tokenizer --out shards");
        reading.AddTo(command);
        command.SetAction(parsed =>
        {
            string from = parsed.GetValue(tokenizer)!;
            CorpusLayout form = Layouts[parsed.GetValue(layout)!];
            if (!form.HoldsDialogues() && parsed.GetValue(template) is not null)
                throw new UsageException("--template is only for --layout chitchat and --layout messages");
            Tokenizer encoder = ModelDirectory.LoadTokenizer(from);
            PreparationOptions options = UsageException.For((Defaults with
            {
                ValidationShare = parsed.GetValue(validation),
                ValidationRun = parsed.GetValue(validationRun),
                Seed = parsed.GetValue(seed),
                ShardTokens = parsed.GetValue(shardTokens),
                MinCharacters = MinCharacters(parsed.GetValue(filter)),
                Deduplication = parsed.GetValue(dedup),
                DuplicateThreshold = parsed.GetValue(threshold),
                Normalization = Normalization(parsed.GetValue(normalize)),
                AllowSpecial = parsed.GetValue(special),
                Reading = reading.Read(parsed),
                Layout = form,
                Template = form.HoldsDialogues() ? ChatTemplateFile.Choose(parsed.GetValue(template), from, encoder) : null,
                DialogueTokens = parsed.GetValue(dialogueTokens),
            }).Validate);
            CorpusPreparer preparer = new(encoder, options);
            string[] paths = parsed.GetValue(inputs)!;
            CorpusReader documents = CorpusReader.Open(paths, form, options.Reading);
            DocumentArguments.SaySkipped(documents.Skipped, options.Reading.TextField, terminal);
            string directory = parsed.GetValue(output)!;
            return StopSignals.Run(terminal, () => $"{directory} is unchanged; run the same command again to continue after the last complete shard, if there is one", cancellationToken =>
            {
                PreparationReport report = WithProgress(terminal, progress => preparer.Prepare(documents.Read(), directory, paths, documents.Files, progress, cancellationToken));
                Show(terminal, report, directory, documents, parsed.GetValue(json));
            });
        });
        return command;
    }

    private static int MinCharacters(string? filter)
    {
        const string Name = "min-chars=";
        if (filter is null)
            return 0;
        return filter.StartsWith(Name, StringComparison.Ordinal) && int.TryParse(filter[Name.Length..], NumberStyles.None, CultureInfo.InvariantCulture, out int least)
            ? least
            : throw new UsageException($"--filter '{filter}' is not known; supported: {Name}N");
    }

    private static TextNormalization Normalization(string? names)
    {
        TextNormalization all = TextNormalization.None;
        string[] known = [.. Enum.GetNames<TextNormalization>().Skip(1).Select(name => name.ToLowerInvariant())];
        foreach (string name in names?.Split(',', StringSplitOptions.TrimEntries) ?? [])
        {
            all |= known.Contains(name)
                ? Enum.Parse<TextNormalization>(name, ignoreCase: true)
                : throw new UsageException($"--normalize '{name}' is not known{NearestName.Suggestion(name, known)}; supported: {string.Join(", ", known)}");
        }

        return all;
    }

    private static PreparationReport WithProgress(Terminal terminal, Func<IProgress<PreparationProgress>?, PreparationReport> prepare)
    {
        if (!terminal.IsInteractive || terminal.Quiet)
            return prepare(null);
        ProgressDisplay display = new(terminal);
        return display.Show(() =>
        {
            display.Status("reading");
            return prepare(new SynchronousProgress<PreparationProgress>(progress =>
                display.Status(Invariant($"{progress.Documents:N0} documents, {progress.TextBytes / 1e6:N1} MB, {progress.Tokens:N0} tokens"))));
        });
    }

    private static void Show(Terminal terminal, PreparationReport report, string directory, CorpusReader documents, bool asJson)
    {
        if (asJson)
            JsonOutput.WriteLine(terminal, writer => WriteReport(writer, report, directory, documents));
        else
            Print(terminal, report, directory);
    }

    private static void Print(Terminal terminal, PreparationReport report, string directory)
    {
        ShardManifest manifest = report.Manifest;
        if (manifest.Tokenizer.EndOfText is null && manifest.Splits.Values.Any(split => split.Documents > 1))
            terminal.Say("The tokenizer has no end-of-text token: documents follow each other without one.");
        if (manifest.Validation.Divides == "text")
            terminal.Say("There is only one document: the end of its text is held out for validation.");
        if (manifest.Layout is { } layout)
        {
            if (layout.Shortened > 0)
                terminal.SayWrapped(Invariant($"{layout.Shortened:N0} dialogues are longer than {layout.DialogueTokens} tokens: their {layout.DroppedMessages:N0} oldest messages are left out."));
            if (layout.Cut > 0)
                terminal.SayWrapped(Invariant($"{layout.Cut:N0} dialogues end with a message that is longer than {layout.DialogueTokens} tokens: its beginning is left out."));
        }

        if (report.UnknownText is { } unknown)
            terminal.Warn($"{unknown}; choose a tokenizer of this language, or one that loses nothing, such as byte-bpe");
        if (manifest.Cleaning is { } cleaning)
            terminal.Out.WriteLine(Invariant($"left out   {cleaning.TooShort,12:N0} documents too short, {cleaning.Duplicates:N0} that repeat an earlier one"));
        terminal.Out.Write(SplitTable.Of(manifest));
        terminal.Out.WriteLine(Invariant($"{Size(report.TextBytes)} of text in {report.Elapsed.TotalSeconds:F1} s, {report.MegabytesPerSecond:F1} MB/s, seed {manifest.Validation.Seed}: {directory}"));
    }

    private static void WriteReport(Utf8JsonWriter writer, PreparationReport report, string directory, CorpusReader documents)
    {
        writer.WriteString("out", directory);
        SplitTable.Write(writer, report.Manifest);
        writer.WriteNumber("skipped_files", documents.Skipped.Count);
        if (report.Manifest.Layout is { Template: not null } layout)
        {
            writer.WriteNumber("shortened_dialogues", layout.Shortened);
            writer.WriteNumber("dropped_messages", layout.DroppedMessages);
            writer.WriteNumber("cut_dialogues", layout.Cut);
        }

        writer.WriteNumber("seconds", Math.Round(report.Elapsed.TotalSeconds, 3));
        writer.WriteNumber("megabytes_per_second", Math.Round(report.MegabytesPerSecond, 2));
    }

    private static string Size(long bytes) => bytes < 1000 ? CountText.Of(bytes, "byte") : bytes < 1_000_000 ? Invariant($"{bytes / 1e3:N1} kB") : Invariant($"{bytes / 1e6:N1} MB");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
