using System.CommandLine;
using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using Foreword.Generation;
using Foreword.Recipes;

namespace Foreword.Cli;

/// <summary><c>foreword generate MODEL --prompt TEXT|-|@FILE</c>: continues a text.</summary>
internal static class GenerateCommand
{
    private static readonly SamplingOptions Default = new();

    public static Command Create(Terminal terminal) => Create(terminal, LoadedModel.Open);

    /// <summary>With another way to open MODEL on a device, for tests.</summary>
    public static Command Create(Terminal terminal, Func<string, DeviceChoice, EngineChoice, LoadedModel> open)
    {
        Argument<string> model = new("MODEL") { Description = "Model directory, checkpoint, or run directory (its best/, else its newest checkpoint)." };
        Option<string> prompt = new("--prompt") { Description = "Text to continue; - reads it from stdin, @FILE from a file (as it is, with its last line break).", Required = true };
        Option<int> maxTokens = new("--max-tokens") { Description = "Tokens to write at most; the end of the context ends a text too.", DefaultValueFactory = _ => Default.MaxTokens };
        Option<double> temperature = new("--temperature") { Description = "Divides the logits; 0 takes the likeliest token every time.", DefaultValueFactory = _ => Default.Temperature };
        Option<int> topK = new("--top-k") { Description = "Draw from the K likeliest tokens only; 0 is off.", DefaultValueFactory = _ => Default.TopK };
        Option<double> topP = new("--top-p") { Description = "Draw from the likeliest tokens that together reach P; 1 is off.", DefaultValueFactory = _ => Default.TopP };
        Option<long> seed = new("--seed") { Description = "Seed of the draws; sample i uses seed + i.", DefaultValueFactory = _ => Default.Seed };
        Option<int> n = new("--n") { Description = "Number of samples.", DefaultValueFactory = _ => 1 };
        Option<string[]> stop = new("--stop") { Description = "Text to end before; may be repeated.", DefaultValueFactory = _ => [] };
        Option<bool> truncate = new("--truncate") { Description = "Drop the beginning of a prompt that is too long, instead of failing." };
        Option<DeviceChoice> device = new("--device") { Description = "Where to compute; auto takes a GPU where there is one.", DefaultValueFactory = _ => DeviceChoice.Auto };
        Option<EngineChoice> engine = Engines.Option();
        Option<bool> json = new("--json") { Description = "Print one JSON object: {\"prompt\",\"completions\":[{\"text\",\"ids\",\"finish_reason\"}]}." };

        Command command = new Command("generate", "Continue a text with a model.")
        {
            model, prompt, maxTokens, temperature, topK, topP, seed, n, stop, truncate, device, engine, json,
        }.WithExample("foreword generate runs/quickstart --prompt \"Returns the\" --max-tokens 60 --top-k 40");
        command.SetAction(parsed =>
        {
            SamplingOptions options = UsageException.For((new SamplingOptions
            {
                Temperature = parsed.GetValue(temperature),
                TopK = parsed.GetValue(topK),
                TopP = parsed.GetValue(topP),
                Seed = parsed.GetValue(seed),
                MaxTokens = parsed.GetValue(maxTokens),
                Stop = parsed.GetValue(stop)!,
                Truncate = parsed.GetValue(truncate),
            }).Validate);
            int samples = parsed.GetValue(n);
            if (samples < 1)
                throw new UsageException($"--n is {samples}; it must be at least 1");
            string text = ReadPrompt(parsed.GetValue(prompt)!, terminal.In);
            using LoadedModel loaded = open(parsed.GetValue(model)!, parsed.GetValue(device), parsed.GetValue(engine));
            TextGenerator generator = new(loaded.Model, loaded.Tokenizer);
            if (parsed.GetResult(seed) is null or { Implicit: true })
                terminal.Say($"seed {options.Seed}");
            Generate(generator, text, options, samples, parsed.GetValue(json), terminal);
            return CommandLine.Done;
        });
        return command;
    }

    private static string ReadPrompt(string prompt, Stream input)
    {
        if (prompt == "-")
            return new StreamReader(input, Encoding.UTF8).ReadToEnd();
        if (!prompt.StartsWith('@'))
            return prompt;
        string path = prompt[1..];
        return File.Exists(path)
            ? File.ReadAllText(path)
            : throw new FileNotFoundException($"the prompt file '{path}' does not exist; a prompt that begins with @ itself can be given on stdin with --prompt -");
    }

    private static void Generate(TextGenerator generator, string prompt, SamplingOptions options, int samples, bool json, Terminal terminal)
    {
        List<Completion> completions = [];
        Stopwatch clock = Stopwatch.StartNew();
        for (int i = 0; i < samples; i++)
        {
            SamplingOptions own = options.ForSample(i);
            generator.PromptIds(prompt, own); // a prompt that does not fit is an error before anything is printed
            if (!json)
                terminal.Out.Write(samples > 1 ? $"=== sample {i + 1}, seed {own.Seed} ===\n{prompt}" : prompt);
            completions.Add(generator.Generate(prompt, own, json ? null : terminal.Out.Write));
            if (!json)
                terminal.Out.WriteLine();
        }

        double seconds = clock.Elapsed.TotalSeconds;
        int tokens = completions.Sum(completion => completion.Ids.Count);
        if (json)
            terminal.Out.WriteLine(Json(prompt, completions));
        terminal.Say($"{tokens} tokens in {seconds:0.00} s: {tokens / seconds:0.0} tokens/s");
    }

    private static string Json(string prompt, IReadOnlyList<Completion> completions)
    {
        using MemoryStream buffer = new();
        using (Utf8JsonWriter json = new(buffer, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
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
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }
}
