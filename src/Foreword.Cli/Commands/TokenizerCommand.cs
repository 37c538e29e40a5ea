using System.CommandLine;
using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Data.Decoding;
using Foreword.Data.Reading;
using Foreword.IO;
using Foreword.Progress;
using Foreword.Settings;
using Foreword.Tokenization;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Catalog;
using Foreword.Tokenization.Gpt1;
using Foreword.Weights.Catalog;
using Spectre.Console;

namespace Foreword.Cli.Commands;

/// <summary>Implements <c>foreword tokenizer train|encode|decode|inspect</c>.</summary>
internal static class TokenizerCommand
{
    private const string ByteBpe = "byte-bpe";
    private const int LongestTokensShown = 10;

    /// <summary>Columns of "reading: 12345.6 M characters", the percentage, the time and the spaces between them.</summary>
    private const int ColumnsBesideBar = 48;

    private const int LostCharactersShown = 10;

    public static Command Create(Terminal terminal) =>
        new Command("tokenizer", "Train, use and inspect tokenizers.")
        {
            Train(terminal),
            Encode(terminal),
            Decode(terminal),
            Inspect(terminal),
        }.WithExample("foreword tokenizer train corpus.txt --vocab-size 4096 --out tokenizer");

    private static Command Train(Terminal terminal)
    {
        Argument<string[]> inputs = new("INPUT") { Description = "Text or JSON Lines files, also .gz, and directories of them.", Arity = ArgumentArity.OneOrMore };
        Option<string> kind = new("--kind") { Description = $"Kind of tokenizer: {string.Join(", ", TrainerCatalog.Kinds.Keys)}.", DefaultValueFactory = _ => ByteBpe };
        Option<int?> size = new("--vocab-size") { Description = "Number of ids, including special tokens; default for char, word and zh-word: all that occur." };
        Option<string> output = new("--out") { Description = "Directory for tokenizer.json and the kind's other files.", Required = true };
        DocumentArguments reading = new();
        Option<int?> minFrequency = new("--min-frequency") { Description = "Least number of occurrences that get an id: for pairs (default 2), characters and words (default 1)." };
        Option<long?> maxBytes = new("--max-bytes") { Description = "Maximum number of bytes of text to read; default: all." };
        Option<bool> json = Json();
        Command command = new Command("train", "Learn a vocabulary from text.") { inputs, kind, size, output, minFrequency, maxBytes, json }
            .WithExample("foreword tokenizer train corpus.txt --kind byte-bpe --vocab-size 4096 --out tokenizer");
        reading.AddTo(command);
        command.SetAction(parsed =>
        {
            TokenizerTrainer trainer = Trainer(parsed.GetValue(kind)!, parsed.GetValue(size), parsed.GetValue(minFrequency), parsed.GetValue(maxBytes));
            string directory = OutputDirectory.Checked(parsed.GetValue(output)!);
            DocumentOptions options = reading.Read(parsed);
            DocumentReader reader = DocumentReader.Open(parsed.GetValue(inputs)!, options);
            DocumentArguments.SaySkipped(reader.Skipped, options.TextField, terminal);
            long documents = 0;
            IEnumerable<string> texts = reader.Read().Select(chunk =>
            {
                documents += chunk.EndsDocument ? 1 : 0;
                return chunk.Text;
            });
            long start = Stopwatch.GetTimestamp();
            (Tokenizer tokenizer, long characters) = TrainWithBar(trainer, texts, terminal);
            tokenizer.Save(Directory.CreateDirectory(directory).FullName);
            Report(tokenizer, trainer, documents, characters, Stopwatch.GetElapsedTime(start), directory, parsed.GetValue(json), terminal);
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>Creates the trainer of the kind, with the given settings.</summary>
    private static TokenizerTrainer Trainer(string kind, int? size, int? minFrequency, long? maxBytes)
    {
        if (!TrainerCatalog.Kinds.TryGetValue(kind, out TokenizerTrainer? trainer))
            throw new UsageException($"unknown kind '{kind}'{NearestName.Suggestion(kind, [.. TrainerCatalog.Kinds.Keys])}; supported: {string.Join(", ", TrainerCatalog.Kinds.Keys)}");
        if (size is null && trainer.VocabSize > 0)
            throw new UsageException($"--vocab-size is missing; it is the number of ids of the {kind} vocabulary");
        if (size < trainer.SmallestVocabulary)
            throw new UsageException($"--vocab-size is {size}; it must be at least {trainer.SmallestVocabulary}, the number of ids that {kind} always has");
        if (minFrequency < 1)
            throw new UsageException($"--min-frequency is {minFrequency}; it must be at least 1");
        if (maxBytes < 1)
            throw new UsageException($"--max-bytes is {maxBytes}; it must be at least 1");
        return trainer with
        {
            VocabSize = size ?? trainer.VocabSize,
            MinFrequency = minFrequency ?? trainer.MinFrequency,
            MaxBytes = maxBytes ?? trainer.MaxBytes,
        };
    }

    /// <summary>Trains a tokenizer, with a progress bar on a terminal. Also returns the number of characters read.</summary>
    private static (Tokenizer Tokenizer, long Characters) TrainWithBar(TokenizerTrainer trainer, IEnumerable<string> texts, Terminal terminal)
    {
        long characters = 0;
        if (!terminal.IsInteractive || terminal.Quiet)
            return (trainer.Train(texts, new SynchronousProgress<TokenizerProgress>(report => characters = report.Characters)), characters);
        Tokenizer tokenizer = terminal.Drawing().Progress()
            .Columns(new TaskDescriptionColumn { Alignment = Justify.Left }, new ProgressBarColumn { Width = Math.Clamp(terminal.Width - ColumnsBesideBar, 5, 30) }, new PercentageColumn(), new ElapsedTimeColumn())
            .Start(bars =>
            {
                ProgressTask reading = bars.AddTask("reading").IsIndeterminate();
                ProgressTask merging = bars.AddTask("merging", autoStart: false);
                return trainer.Train(texts, new SynchronousProgress<TokenizerProgress>(report =>
                {
                    characters = report.Characters;
                    if (report.Merges == 0)
                    {
                        reading.Description = $"reading: {ProgressDisplay.Millions(report.Characters)} characters";
                        return;
                    }

                    if (!merging.IsStarted)
                    {
                        reading.IsIndeterminate(false).Value(reading.MaxValue).StopTask();
                        merging.StartTask();
                        merging.MaxValue = report.MergesWanted;
                    }

                    merging.Value = report.Merges;
                }));
            });
        return (tokenizer, characters);
    }

    private static void Report(Tokenizer tokenizer, TokenizerTrainer trainer, long documents, long characters, TimeSpan time, string directory, bool json, Terminal terminal)
    {
        if (tokenizer.VocabSize < trainer.VocabSize)
            terminal.Say($"The text is too small for the vocabulary: {tokenizer.VocabSize} ids instead of {trainer.VocabSize}.");
        terminal.Say($"{tokenizer.Kind}, {tokenizer.VocabSize} ids, from {CountText.Of(documents, "document")} ({ProgressDisplay.Millions(characters)} characters) in {time.TotalSeconds:F1} s: {directory}");
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer =>
            {
                writer.WriteString("kind", tokenizer.Kind);
                writer.WriteNumber("vocabulary_size", tokenizer.VocabSize);
                if (Merges(tokenizer) is { } merges)
                    writer.WriteNumber("merges", merges);
                writer.WriteNumber("documents", documents);
                writer.WriteNumber("characters", characters);
                writer.WriteNumber("seconds", Math.Round(time.TotalSeconds, 3));
                writer.WriteString("fingerprint", tokenizer.Fingerprint);
                writer.WriteString("out", directory);
            });
        }
    }

    private static Command Encode(Terminal terminal)
    {
        Argument<string> directory = TokenizerDirectory();
        Argument<string?> text = new("TEXT") { Description = "The text; or use --input.", Arity = ArgumentArity.ZeroOrOne };
        Option<string?> input = new("--input") { Description = "A text file, - for standard input, or a .jsonl file with a field text (or text_utf16) in each line." };
        Option<string?> encoding = DocumentArguments.EncodingOption();
        Option<bool> special = new("--allow-special") { Description = "Encode the text of a special token, such as <|endoftext|>, as that token." };
        Option<bool> bare = new("--bare") { Description = "Omit the tokens that the tokenizer's template adds around a text, such as <s> and </s>." };
        Option<bool> json = Json();
        Command command = new Command("encode", "Convert text to ids.") { directory, text, input, encoding, special, bare, json }
            .WithExample("foreword tokenizer encode tokenizer \"Hello world\"");
        command.SetAction(parsed =>
        {
            (string? given, string? path) = (parsed.GetValue(text), parsed.GetValue(input));
            if (given is null == path is null)
                throw new UsageException("give either TEXT or --input FILE");
            TextEncoding? inputEncoding = DocumentArguments.Encoding(parsed.GetValue(encoding));
            if (given is not null && inputEncoding is not null)
                throw new UsageException("--encoding is for --input FILE only");
            Tokenizer tokenizer = ModelDirectory.LoadTokenizer(parsed.GetValue(directory)!);
            bool allowSpecial = parsed.GetValue(special), isBare = parsed.GetValue(bare);
            if (path is not null && path.EndsWith(".jsonl", StringComparison.OrdinalIgnoreCase))
            {
                HashSet<Rune> lost = [];
                foreach (string line in TextInput.ReadJsonLines(path, inputEncoding))
                {
                    WriteIdsAndTokens(tokenizer, Ids(line), terminal);
                    lost.UnionWith(tokenizer.LostCharacters(line));
                }

                SayLost([.. lost.Order()], terminal);
                return ExitCodes.Done;
            }

            string whole = given ?? TextInput.Read(path!, terminal, inputEncoding);
            SayLost(tokenizer.LostCharacters(whole), terminal);
            int[] ids = Ids(whole);
            if (parsed.GetValue(json))
                WriteIdsAndTokens(tokenizer, ids, terminal);
            else
                terminal.Out.WriteLine(string.Join(' ', ids));
            return ExitCodes.Done;

            int[] Ids(string content) => isBare ? tokenizer.Encode(content, allowSpecial) : tokenizer.EncodeWithTemplate(content, allowSpecial);
        });
        return command;
    }

    /// <summary>Reports the characters that the ids do not represent, so that the user knows about the loss immediately.</summary>
    private static void SayLost(IReadOnlyList<Rune> lost, Terminal terminal)
    {
        if (lost.Count == 0)
            return;
        string named = string.Join(", ", lost.Take(LostCharactersShown).Select(rune => Rune.IsControl(rune) ? $"U+{rune.Value:X4}" : $"{rune} (U+{rune.Value:X4})"));
        terminal.Say($"The ids do not represent {lost.Count} of the text's characters: {named}{(lost.Count > LostCharactersShown ? ", ..." : "")}");
    }

    private static void WriteIdsAndTokens(Tokenizer tokenizer, int[] ids, Terminal terminal) =>
        JsonOutput.WriteLine(terminal, writer => JsonOutput.WriteTokens(writer, ids, tokenizer.TokenText));

    private static Command Decode(Terminal terminal)
    {
        Argument<string> directory = TokenizerDirectory();
        Argument<string[]> ids = new("IDS") { Description = "Token ids; or use --input.", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> input = new("--input") { Description = "A file of ids separated by white space or commas, or - for standard input." };
        Command command = new Command("decode", "Convert ids to text: exactly its bytes, without a line end after them.") { directory, ids, input }
            .WithExample("foreword tokenizer decode tokenizer 39 68 75 75 78");
        command.SetAction(parsed =>
        {
            (string[] given, string? path) = (parsed.GetValue(ids) ?? [], parsed.GetValue(input));
            if (given.Length == 0 == path is null)
                throw new UsageException("give either IDS or --input FILE");
            Tokenizer tokenizer = ModelDirectory.LoadTokenizer(parsed.GetValue(directory)!);
            int[] numbers = path is null
                ? [.. given.SelectMany(Words).Select(word => Id(word) ?? throw new UsageException($"'{word}' is not a token id"))]
                : [.. Words(TextInput.Read(path, terminal)).Select(word => Id(word) ?? throw new InvalidDataException($"{path}: '{word}' is not a token id"))];
            byte[] bytes = tokenizer.DecodeBytes(numbers);
            terminal.OutBytes.Write(bytes);
            terminal.OutBytes.Flush();
            return ExitCodes.Done;
        });
        return command;

        static string[] Words(string text) => text.Split([' ', ',', '\t', '\r', '\n'], StringSplitOptions.RemoveEmptyEntries);

        static int? Id(string word) => int.TryParse(word, out int id) ? id : null;
    }

    private static Command Inspect(Terminal terminal)
    {
        Argument<string> directory = TokenizerDirectory();
        Option<bool> json = Json();
        Command command = new Command("inspect", "Show the parts of a tokenizer.") { directory, json }
            .WithExample("foreword tokenizer inspect tokenizer --json");
        command.SetAction(parsed =>
        {
            Tokenizer tokenizer = ModelDirectory.LoadTokenizer(parsed.GetValue(directory)!);
            int? merges = Merges(tokenizer);
            (int Id, int Bytes)[] longest = [.. Enumerable.Range(0, tokenizer.VocabSize)
                .Select(id => (id, tokenizer.DecodeBytes([id]).Length)).OrderByDescending(t => t.Length).ThenBy(t => t.id).Take(LongestTokensShown)];
            if (parsed.GetValue(json))
                JsonOutput.WriteLine(terminal, writer => WriteInspection(writer, tokenizer, merges, longest));
            else
                terminal.Out.Write(Inspection(tokenizer, merges, longest));
            return ExitCodes.Done;
        });
        return command;
    }

    private static void WriteInspection(Utf8JsonWriter writer, Tokenizer tokenizer, int? merges, (int Id, int Bytes)[] longest)
    {
        writer.WriteString("kind", tokenizer.Kind);
        writer.WriteNumber("vocabulary_size", tokenizer.VocabSize);
        if (merges is { } count)
            writer.WriteNumber("merges", count);
        writer.WriteStartArray("special_tokens");
        foreach (AddedToken token in tokenizer.AddedTokens.Where(token => token.IsSpecial))
        {
            writer.WriteStartObject();
            writer.WriteString("text", token.Text);
            writer.WriteNumber("id", token.Id);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("longest_tokens");
        foreach ((int id, int bytes) in longest)
        {
            writer.WriteStartObject();
            writer.WriteString("text", tokenizer.TokenText(id));
            writer.WriteNumber("id", id);
            writer.WriteNumber("bytes", bytes);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteString("fingerprint", tokenizer.Fingerprint);
    }

    private static string Inspection(Tokenizer tokenizer, int? merges, (int Id, int Bytes)[] longest)
    {
        string special = string.Join(", ", tokenizer.AddedTokens.Where(token => token.IsSpecial).Select(token => $"{token.Text} ({token.Id})"));
        string tokens = string.Join('\n', longest.Select(token => $"  {token.Bytes,4} bytes  {token.Id,6}  {tokenizer.TokenText(token.Id)}"));
        return $"""
            kind             {tokenizer.Kind}
            vocabulary size  {tokenizer.VocabSize}
            merges           {merges?.ToString() ?? "none"}
            special tokens   {(special.Length == 0 ? "none" : special)}
            fingerprint      {tokenizer.Fingerprint}
            longest tokens
            {tokens}

            """;
    }

    private static int? Merges(Tokenizer tokenizer) => tokenizer switch
    {
        ByteLevelBpe bytes => bytes.Merges.Count,
        Gpt1Bpe words => words.Merges.Count,
        _ => null,
    };

    private static Argument<string> TokenizerDirectory() =>
        new("DIR") { Description = "Tokenizer directory: tokenizer.json, or vocab.json + merges.txt, or OpenAI's two files, or vocab.txt, or vocab_seg.txt; or a model or run with a tokenizer." };

    private static Option<bool> Json() => new("--json") { Description = "Print one JSON object on stdout." };
}
