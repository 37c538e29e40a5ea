using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Generation;
using Foreword.IO;
using Foreword.Tokenization;

namespace Foreword.Cli.Commands;

/// <summary>Implements <c>foreword generate MODEL --prompt TEXT|-|@FILE</c>, which continues texts.</summary>
internal static class GenerateCommand
{
    /// <summary>The number of texts that are generated before they are written to files, if each goes to a file of its own.</summary>
    private const int TextsAtOnce = 32;

    public static Command Create(Terminal terminal) => Create(terminal, OpenedModel.Open);

    /// <summary>Creates the command with another function that opens MODEL on a device, for tests.</summary>
    public static Command Create(Terminal terminal, OpenModel open)
    {
        Argument<string> model = new("MODEL") { Description = "Model directory, checkpoint, or run directory (its best/, else its newest checkpoint)." };
        Option<string[]> prompt = new("--prompt", "--prefix") { Description = "Text to continue; - reads it from stdin, @FILE from a file (unchanged, with its last line break); may be repeated.", DefaultValueFactory = _ => [] };
        Option<string?> titles = new("--titles") { Description = "File with a prompt on each line, such as the titles of articles." };
        SamplingArguments sampling = new();
        Option<int> n = new("--n", "--nsamples", "--articles-per-title") { Description = "Number of samples per prompt; sample i uses seed + i. In a beam search: the N best texts.", DefaultValueFactory = _ => 1 };
        Option<int> beams = new("--num-beams") { Description = "Search for the most likely texts with this number of beams instead of sampling; 1 is off.", DefaultValueFactory = _ => 1 };
        Option<double> lengthPenalty = new("--length-penalty") { Description = "A beam's score is its log-probability / length^A: above 0 favors long texts.", DefaultValueFactory = _ => 1 };
        Option<bool> earlyStopping = new("--early-stopping") { Description = "End a beam search as soon as --num-beams texts have ended." };
        Option<int?> logProbs = new("--logprobs") { Description = "With --json: each token's log-probability, and those of the N most likely tokens at its place." };
        Option<bool> truncate = new("--truncate") { Description = "Drop the beginning of a prompt that is too long, instead of failing." };
        Option<bool> special = new("--allow-special") { Description = "Encode the text of a special token in a prompt, such as <|endoftext|>, as that token." };
        Option<string[]> endToken = new("--end-token") { Description = "Special token that ends a text, instead of those that the model's files name, such as [CLS] for GPT2-Chinese's articles; may be repeated.", DefaultValueFactory = _ => [] };
        Option<bool> slide = new("--slide") { Description = "Continue when the context is full: the older half of its tokens is dropped." };
        Option<DeviceChoice> device = new("--device") { Description = "Device to compute on; auto uses a GPU if there is one.", DefaultValueFactory = _ => DeviceChoice.Auto };
        Option<EngineChoice> engine = Engines.Option();
        Option<CacheType?> cache = Engines.CacheOption();
        Option<string?> output = new("--out") { Description = "Directory for the texts with their prompts: {i}-{j}.txt is sample j of prompt i, both from 0." };
        Option<string?> saved = new("--save-samples") { Description = "Save all texts with their prompts to one file (.txt), or to samples.txt in this directory." };
        Option<bool> json = new("--json") { Description = "Print one JSON object: {\"prompt\",\"completions\":[{\"text\",\"ids\",\"finish_reason\"}]}; for several prompts {\"prompts\":[...]}." };

        Command command = new("generate", "Continue texts with a model.") { model, prompt, titles };
        sampling.AddTo(command);
        foreach (Option option in (Option[])[n, beams, lengthPenalty, earlyStopping, logProbs, endToken, special, truncate, slide, device, engine, cache, output, saved, json])
            command.Add(option);
        command.SetAction(parsed =>
        {
            SamplingOptions options = UsageException.For((sampling.Read(parsed) with
            {
                NumBeams = parsed.GetValue(beams),
                LengthPenalty = parsed.GetValue(lengthPenalty),
                EarlyStopping = parsed.GetValue(earlyStopping),
                LogProbs = parsed.GetValue(logProbs),
                AllowSpecial = parsed.GetValue(special),
                Truncate = parsed.GetValue(truncate),
                Slide = parsed.GetValue(slide),
            }).Validate);
            int samples = parsed.GetValue(n);
            bool asJson = parsed.GetValue(json);
            CheckSamples(samples, options, asJson);
            Request request = new(
                ReadPrompts(parsed.GetValue(prompt)!, parsed.GetValue(titles), terminal.In), samples, OutputDirectory.IfGiven(parsed.GetValue(output)),
                parsed.GetValue(saved) is { } path ? SavedSamples.FileFor(path) : null, asJson);

            SavedSamples.CheckNew(request.Files());
            using OpenedModel opened = open(parsed.GetValue(model)!, parsed.GetValue(device), parsed.GetValue(engine), parsed.GetValue(cache));
            using TextModel loaded = LoadingBar.Show(terminal, opened.Path, opened.Load);
            options = WithEnds(options, parsed.GetValue(endToken)!, loaded.Tokenizer);
            opened.SayTask(parsed.GetValue(model)!, terminal);
            if (options.NumBeams == 1)
                sampling.SaySeed(parsed, terminal);
            SayPlainSpecial(request.Prompts, options, loaded.Tokenizer, terminal);
            Run(request, options, loaded, terminal);
            return ExitCodes.Done;
        });
        return command.WithExample("""
            foreword generate runs/quickstart --prompt "Returns the" --max-tokens 60 --top-k 40
              foreword generate runs/quickstart --prompt "Gets the" --prompt "Sets the" --n 3 --min-p 0.05 --json
              foreword generate runs/quickstart --prompt "Returns the" --num-beams 4 --n 2 --max-tokens 20
            """);
    }

    private static void CheckSamples(int samples, SamplingOptions options, bool asJson)
    {
        if (samples < 1)
            throw new UsageException($"--n is {samples}; it must be at least 1");
        if (options.NumBeams > 1 && samples > options.NumBeams)
            throw new UsageException($"--n is {samples}; a beam search returns at most one text per beam, and there are {options.NumBeams} beams");
        if (options.LogProbs is not null && !asJson)
            throw new UsageException("--logprobs needs --json");
    }

    /// <summary>Generates the texts, prints them, and writes them to files.</summary>
    private static void Run(Request request, SamplingOptions options, TextModel loaded, Terminal terminal)
    {
        Stopwatch clock = Stopwatch.StartNew();
        OrderedText? text = request.AsJson ? null : new OrderedText(terminal.Out, Headings(request.Prompts, options, request.Samples));
        List<Completion[]> completions = Generate(request, options, new TextGenerator(loaded.Model, loaded.Tokenizer), text);
        double seconds = clock.Elapsed.TotalSeconds;
        text?.Finish();
        if (request.SamplesFile is not null)
            SavedSamples.WriteAll(request.SamplesFile, request.Prompts.Zip(completions, (prompt, texts) => texts.Select(completion => prompt + completion.Text)).SelectMany(texts => texts));
        if (request.AsJson)
            JsonOutput.WriteLine(terminal, writer => Write(writer, request.Prompts, completions, loaded.Tokenizer));
        int tokens = completions.Sum(texts => texts.Sum(completion => completion.Ids.Count));
        terminal.Say(string.Create(CultureInfo.InvariantCulture, $"{tokens} tokens in {seconds:0.00} s: {tokens / seconds:0.0} tokens/s"));
        if (request.Directory is not null)
            terminal.Say($"{CountText.Of(completions.Sum(texts => texts.Length), "text")}: {request.Directory}");
        if (request.SamplesFile is not null)
            terminal.Say($"samples: {request.SamplesFile}");
    }

    /// <summary>Generates the texts of each prompt. Texts that go to files of their own are written after each group of prompts.</summary>
    /// <param name="request">The prompts, and where the texts go.</param>
    /// <param name="options">The options of each text.</param>
    /// <param name="generator">The model.</param>
    /// <param name="text">Receives the texts while they are generated; null for none.</param>
    private static List<Completion[]> Generate(Request request, SamplingOptions options, TextGenerator generator, OrderedText? text)
    {
        (string[] prompts, int samples, string? directory) = (request.Prompts, request.Samples, request.Directory);
        foreach (string each in prompts)
            generator.PromptIds(each, options); // a problem of the last prompt is found before the first text is generated
        if (request.SamplesFile is not null)
            SavedSamples.Prepare(request.SamplesFile);
        List<Completion[]> completions = [];
        foreach (string[] group in prompts.Chunk(directory is null ? prompts.Length : Math.Max(1, TextsAtOnce / samples)))
        {
            int first = completions.Count;
            completions.AddRange(generator.GenerateEach(group, options, samples, text is null ? null : (sequence, chunk) => text.Append(first * samples + sequence, chunk)));
            if (directory is not null)
                WriteArticles(directory, group, completions, first);
        }

        return completions;
    }

    /// <summary>Replaces the tokens that end a text by the given ones, if there are any.</summary>
    /// <exception cref="ArgumentException">The tokenizer has no such special token.</exception>
    private static SamplingOptions WithEnds(SamplingOptions options, string[] ends, Tokenizer tokenizer)
    {
        return ends.Length == 0 ? options : options with { IgnoreEndOfText = true, StopIds = [.. ends.Select(IdOf)] };

        int IdOf(string text)
        {
            AddedToken[] special = [.. tokenizer.AddedTokens.Where(token => token.IsSpecial)];
            return special.Any(token => token.Text == text)
                ? special.First(token => token.Text == text).Id
                : throw new ArgumentException($"--end-token '{text}' is not a special token of the model's tokenizer, which has {string.Join(", ", special.Select(token => token.Text))}");
        }
    }

    private static void WriteArticles(string directory, string[] prompts, List<Completion[]> completions, int first)
    {
        for (int i = 0; i < prompts.Length; i++)
        {
            foreach ((int j, Completion completion) in completions[first + i].Index())
                SavedSamples.WriteArticle(Path.Combine(directory, SavedSamples.ArticleName(first + i, j)), prompts[i] + completion.Text);
        }
    }

    /// <summary>Says that a special token's text in a prompt is not that token. Prompts for BERT's vocabulary are often written with [CLS].</summary>
    private static void SayPlainSpecial(string[] prompts, SamplingOptions options, Tokenizer tokenizer, Terminal terminal)
    {
        if (!options.AllowSpecial && tokenizer.AddedTokens.Where(token => token.IsSpecial).Select(token => token.Text).FirstOrDefault(text => prompts.Any(prompt => prompt.Contains(text, StringComparison.Ordinal))) is { } special)
            terminal.SayWrapped($"{special} in the prompt is plain text; --allow-special makes it that token");
    }

    private static string[] ReadPrompts(string[] prompts, string? titles, Stream input)
    {
        if (prompts.Length == 0 == titles is null)
            throw new UsageException("give either --prompt TEXT or --titles FILE");
        if (titles is not null)
        {
            string[] lines = [.. StrictText.Read(titles).Split('\n').Select(line => line.TrimEnd('\r')).Where(line => line.Length > 0)];
            return lines.Length > 0 ? lines : throw new InvalidDataException($"{titles} has no titles; expected one on each line");
        }

        if (prompts.Count(prompt => prompt == "-") > 1)
            throw new UsageException("--prompt - is given twice; stdin can be read only once");
        return [.. prompts.Select(prompt => ReadPrompt(prompt, input))];
    }

    private static string ReadPrompt(string prompt, Stream input)
    {
        if (prompt == "-")
            return StrictText.Read(input, "standard input");
        if (!prompt.StartsWith('@'))
            return prompt;
        string path = prompt[1..];
        return File.Exists(path)
            ? StrictText.Read(path)
            : throw new FileNotFoundException($"the prompt file '{path}' does not exist; to use a prompt that begins with @, pass it on stdin with --prompt -");
    }

    /// <summary>Returns what is printed before each text: a line that identifies it if there are several, and the prompt.</summary>
    private static string[] Headings(string[] prompts, SamplingOptions options, int samples)
    {
        return [.. prompts.SelectMany((prompt, i) => Enumerable.Range(0, samples).Select(sample => Heading(i, sample) + prompt))];

        string Heading(int prompt, int sample)
        {
            string[] parts =
            [
                .. prompts.Length > 1 ? [$"prompt {prompt + 1}"] : Array.Empty<string>(),
                .. samples == 1 ? [] : options.NumBeams > 1 ? [$"text {sample + 1}"] : new[] { $"sample {sample + 1}", $"seed {options.ForSample(sample).Seed}" },
            ];
            return parts.Length == 0 ? "" : $"=== {string.Join(", ", parts)} ===\n";
        }
    }

    private static void Write(Utf8JsonWriter json, string[] prompts, IReadOnlyList<Completion[]> completions, Tokenizer tokenizer)
    {
        if (prompts.Length == 1)
        {
            WriteFields(json, prompts[0], completions[0], tokenizer);
            return;
        }

        json.WriteStartArray("prompts");
        for (int i = 0; i < prompts.Length; i++)
        {
            json.WriteStartObject();
            WriteFields(json, prompts[i], completions[i], tokenizer);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteFields(Utf8JsonWriter json, string prompt, Completion[] completions, Tokenizer tokenizer)
    {
        json.WriteString("prompt", prompt);
        json.WriteStartArray("completions");
        foreach (Completion completion in completions)
        {
            json.WriteStartObject();
            json.WriteString("text", completion.Text);
            json.WriteStartArray("ids");
            foreach (int id in completion.Ids)
                json.WriteNumberValue(id);
            json.WriteEndArray();
            json.WriteString("finish_reason", completion.FinishReason == FinishReason.Stop ? "stop" : "length");
            if (completion.Score is { } score)
                json.WriteNumber("score", score);
            if (completion.LogProbs is { } logProbs)
                WriteLogProbs(json, logProbs, tokenizer);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteLogProbs(Utf8JsonWriter json, IReadOnlyList<TokenLogProb> logProbs, Tokenizer tokenizer)
    {
        json.WriteStartArray("logprobs");
        foreach (TokenLogProb token in logProbs)
        {
            json.WriteStartObject();
            WriteToken(token.Id, token.LogProb);
            json.WriteStartArray("top");
            foreach ((int id, float logProb) in token.Top)
            {
                json.WriteStartObject();
                WriteToken(id, logProb);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();

        void WriteToken(int id, float logProb)
        {
            json.WriteNumber("id", id);
            json.WriteString("token", Encoding.UTF8.GetString(tokenizer.TokenBytes(id)));
            json.WriteNumber("logprob", logProb);
        }
    }

    /// <summary>The texts to generate, and where they go.</summary>
    /// <param name="Prompts">The prompts.</param>
    /// <param name="Samples">The number of texts for each prompt.</param>
    /// <param name="Directory">The directory of a file for each text; null for none.</param>
    /// <param name="SamplesFile">The file for all texts; null for none.</param>
    /// <param name="AsJson">Whether the texts are printed as JSON.</param>
    private sealed record Request(string[] Prompts, int Samples, string? Directory, string? SamplesFile, bool AsJson)
    {
        /// <summary>Returns the files that the texts go to.</summary>
        public IEnumerable<string> Files()
        {
            if (SamplesFile is not null)
                yield return SamplesFile;
            for (int prompt = 0; Directory is not null && prompt < Prompts.Length; prompt++)
            {
                for (int sample = 0; sample < Samples; sample++)
                    yield return Path.Combine(Directory, SavedSamples.ArticleName(prompt, sample));
            }
        }
    }
}
