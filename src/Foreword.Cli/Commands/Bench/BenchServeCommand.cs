using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.IO;

namespace Foreword.Cli.Commands.Bench;

/// <summary>Implements <c>foreword bench serve</c>, which loads a server with requests and measures its answers.</summary>
internal static class BenchServeCommand
{
    private const string FiguresName = "serve.json", PictureName = "serve.svg", MixedName = "serve-mixed.json";
    private const int MixedClients = 64, MixedRequestCount = 10_000;

    public static Command Create(Terminal terminal, Option<bool> json)
    {
        Option<string?> url = new("--url") { Description = "Server to measure; any that speaks OpenAI's API. Default: one in this process, with --model." };
        Option<string?> model = new("--model") { Description = "Model to serve; with --url, its name at the server. Default: the server's first." };
        Option<WeightType?> weights = new("--weights") { Description = "Number format of --model in memory.", HelpName = "f32|bf16|int8|int4" };
        Option<string?> key = new("--api-key") { Description = "Key for --url, or @FILE whose first line is used." };
        Option<string> clients = new("--clients") { Description = $"Numbers of requests at a time, one measurement each. With --mixed: one number, by default {MixedClients}.", DefaultValueFactory = _ => "1,4,16" };
        Option<int> requests = new("--requests") { Description = string.Create(CultureInfo.InvariantCulture, $"Requests of each measurement. With --mixed: {MixedRequestCount:N0} by default."), DefaultValueFactory = _ => 64 };
        Option<int> promptTokens = new("--prompt-tokens") { Description = "Tokens of each prompt; they are random.", DefaultValueFactory = _ => 128 };
        Option<int> maxTokens = new("--max-tokens") { Description = "Tokens that each request asks for.", DefaultValueFactory = _ => 64 };
        Option<double> rate = new("--rate") { Description = "Mean number of requests that start in a second, at random times. Default: as soon as a client is free.", DefaultValueFactory = _ => double.PositiveInfinity };
        Option<string?> goodput = new("--goodput") { Description = "Limits in ms, such as ttft:500,tpot:50; requests within them are counted." };
        Option<bool> mixed = new("--mixed") { Description = "Check instead of measure: send requests of many kinds, abort a third, and compare the other answers with those given alone." };
        Option<int> seed = new("--seed") { Description = "Seed of the prompts and times.", DefaultValueFactory = _ => 1337 };
        Option<string?> output = new("--out") { Description = $"Directory that receives the figures as {FiguresName} and a picture, {PictureName} (with --mixed: {MixedName})." };
        Command command = new Command("serve", "Load a server with streamed requests: tokens per second, time to the first token, time between tokens.")
        {
            url, model, weights, key, clients, requests, promptTokens, maxTokens, rate, goodput, mixed, seed, output, json,
        }.WithExample("foreword bench serve --url http://127.0.0.1:8080 --clients 1,8 --requests 32");
        command.SetAction(parsed =>
        {
            bool isMixed = parsed.GetValue(mixed);
            int[] counts = isMixed && IsDefault(clients) ? [MixedClients] : Counts(parsed.GetValue(clients)!);
            int number = isMixed && IsDefault(requests) ? MixedRequestCount : parsed.GetValue(requests);
            foreach ((Option<int> option, int value) in ((Option<int>, int)[])[(requests, number), (promptTokens, parsed.GetValue(promptTokens)), (maxTokens, parsed.GetValue(maxTokens))])
            {
                if (value < 1)
                    throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} is {value}; it must be at least 1"));
            }

            if (!(parsed.GetValue(rate) > 0))
                throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--rate is {parsed.GetValue(rate)}; it must be above 0"));
            if (isMixed && counts.Length > 1)
                throw new UsageException($"--clients is {parsed.GetValue(clients)}; --mixed takes one number");
            foreach (Option option in isMixed ? (Option[])[promptTokens, maxTokens, rate, goodput] : [])
            {
                if (!IsDefault(option))
                    throw new UsageException($"--mixed takes no {option.Name}; its requests are of many kinds");
            }

            LatencyGoals? goals = parsed.GetValue(goodput) is { } text ? LatencyGoals.Parse(text) ?? throw new UsageException($"--goodput is {text}; it looks like ttft:500,tpot:50,e2el:5000, in ms") : null;
            CheckAddress(parsed.GetValue(url), parsed.GetValue(model));
            BenchedServer server = new(parsed.GetValue(url), parsed.GetValue(model), new CpuEngine { Weights = parsed.GetValue(weights), Deterministic = isMixed }, ApiKeyInput.Read(parsed.GetValue(key)) is [var first, ..] ? first : null, counts.Max());
            Results results = new(terminal, parsed.GetValue(json), OutputDirectory.IfGiven(parsed.GetValue(output)));
            Load[] loads = [.. counts.Select(count => new Load(count, Math.Max(count, number), parsed.GetValue(promptTokens), parsed.GetValue(maxTokens), parsed.GetValue(rate), parsed.GetValue(seed)))];
            using StopSignals stop = new(terminal, ending: null);
            return stop.Run(
                () => (isMixed ? CheckAsync(server, counts[0], number, parsed.GetValue(seed), results, stop.Token) : MeasureAsync(server, loads, goals, results, stop.Token)).GetAwaiter().GetResult(),
                () => isMixed ? "interrupted; there are no figures yet" : "interrupted: the figures so far are above");

            bool IsDefault(Option option) => parsed.GetResult(option) is null or { Implicit: true };
        });
        return command;
    }

    private static async Task<int> MeasureAsync(BenchedServer server, Load[] loads, LatencyGoals? goals, Results results, CancellationToken cancellationToken)
    {
        BenchedConnection connection = await server.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            LoadGenerator generator = connection.Generator;
            await generator.RunAsync(loads[0] with { Clients = 2, Requests = 4, Seed = loads[0].Seed + 1 }, cancellationToken).ConfigureAwait(false); // compilation and first use of memory
            results.Begin();
            for (int i = 0; i < loads.Length; i++)
            {
                Load load = loads[i] with { Seed = loads[i].Seed + 2 + i }; // new prompts, which no cache knows
                (IReadOnlyList<RequestTimes> times, int failed, double seconds) = await generator.RunAsync(load, cancellationToken).ConfigureAwait(false);
                results.Add(new LoadReport(load, times, failed, seconds, goals));
                if (times.Count == 0)
                    throw new InvalidDataException($"none of {failed} requests succeeded");
            }

            return ExitCodes.Done;
        }
    }

    private static async Task<int> CheckAsync(BenchedServer server, int clients, int requests, int seed, Results results, CancellationToken cancellationToken)
    {
        BenchedConnection connection = await server.ConnectAsync(cancellationToken).ConfigureAwait(false);
        await using (connection.ConfigureAwait(false))
        {
            MixedMeasurement measured = await MixedMeasurement.MeasureAsync(connection.Generator, clients, requests, seed, server.IsOwn, cancellationToken).ConfigureAwait(false);
            results.Show(measured);
            return measured.IsRight
                ? ExitCodes.Done
                : throw new InvalidDataException(string.Create(CultureInfo.InvariantCulture, $"{measured.Counts.Lost:N0} requests are lost and {measured.Counts.Wrong:N0} answers are wrong; the first: {measured.Counts.FirstProblem}"));
        }
    }

    private static void CheckAddress(string? url, string? model)
    {
        if (url is null && model is null)
            throw new UsageException("give --url with the address of a server, or --model with a model to serve");
        if (url is not null && !(Uri.TryCreate(url, UriKind.Absolute, out Uri? server) && (server.Scheme == Uri.UriSchemeHttp || server.Scheme == Uri.UriSchemeHttps)))
            throw new UsageException($"--url is {url}; it looks like http://127.0.0.1:8080");
    }

    private static int[] Counts(string text)
    {
        int[] counts = [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 0)];
        return counts.All(count => count is >= 1 and <= 10_000) ? counts : throw new UsageException($"--clients is {text}; it must be numbers from 1 to 10000, such as 1,4,16");
    }

    /// <summary>Prints the figures, and writes them into a directory after each measurement, so that an interruption loses none.</summary>
    private sealed class Results(Terminal terminal, bool json, string? directory)
    {
        private readonly List<LoadReport> _reports = [];

        public void Begin()
        {
            if (!json)
                terminal.Out.WriteLine(LoadReport.Heading);
        }

        public void Add(LoadReport report)
        {
            _reports.Add(report);
            if (json)
                JsonOutput.WriteLine(terminal, report.Write);
            else
                terminal.Out.WriteLine(report.Line());
            if (directory is null)
                return;
            Write(FiguresName, JsonOf(writer =>
            {
                writer.WriteStartArray("loads");
                foreach (LoadReport one in _reports)
                {
                    writer.WriteStartObject();
                    one.Write(writer);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            }));
            Write(PictureName, Encoding.UTF8.GetBytes(LoadPicture.Draw(_reports)));
        }

        public void Show(MixedMeasurement measured)
        {
            if (json)
                JsonOutput.WriteLine(terminal, measured.Write);
            foreach (string line in json ? [] : measured.Lines())
                terminal.Out.WriteLine(line);
            if (directory is not null)
                Write(MixedName, JsonOf(measured.Write));
        }

        private void Write(string name, byte[] content)
        {
            Directory.CreateDirectory(directory!);
            DurableFile.Replace(Path.Combine(directory!, name), file => file.Write(content));
        }

        private static byte[] JsonOf(Action<Utf8JsonWriter> write)
        {
            using MemoryStream stream = new();
            using (Utf8JsonWriter writer = new(stream, new JsonWriterOptions { Indented = true }))
            {
                writer.WriteStartObject();
                write(writer);
                writer.WriteEndObject();
            }

            return stream.ToArray();
        }
    }
}
