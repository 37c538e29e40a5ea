using System.CommandLine;
using System.Globalization;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.Server;

namespace Foreword.Cli.Commands.Bench;

/// <summary>Implements <c>foreword bench serve</c>, which loads a server with requests and measures its answers.</summary>
internal static class BenchServeCommand
{
    public static Command Create(Terminal terminal, Option<bool> json)
    {
        Option<string?> url = new("--url") { Description = "Server to measure; any that speaks OpenAI's API. Default: one in this process, with --model." };
        Option<string?> model = new("--model") { Description = "Model to serve; with --url, its name at the server. Default: the server's first." };
        Option<WeightType?> weights = new("--weights") { Description = "Number format of --model in memory.", HelpName = "f32|bf16|int8|int4" };
        Option<string?> key = new("--api-key") { Description = "Key for --url." };
        Option<string> clients = new("--clients") { Description = "Numbers of requests at a time, one measurement each.", DefaultValueFactory = _ => "1,4,16" };
        Option<int> requests = new("--requests") { Description = "Requests of each measurement.", DefaultValueFactory = _ => 64 };
        Option<int> promptTokens = new("--prompt-tokens") { Description = "Tokens of each prompt; they are random.", DefaultValueFactory = _ => 128 };
        Option<int> maxTokens = new("--max-tokens") { Description = "Tokens that each request asks for.", DefaultValueFactory = _ => 64 };
        Option<double> rate = new("--rate") { Description = "Mean number of requests that start in a second, at random times. Default: as soon as a client is free.", DefaultValueFactory = _ => double.PositiveInfinity };
        Option<string?> goodput = new("--goodput") { Description = "Limits in ms, such as ttft:500,tpot:50; requests within them are counted." };
        Option<int> seed = new("--seed") { Description = "Seed of the prompts and times.", DefaultValueFactory = _ => 1337 };
        Command command = new Command("serve", "Load a server with streamed requests: tokens per second, time to the first token, time between tokens.")
        {
            url, model, weights, key, clients, requests, promptTokens, maxTokens, rate, goodput, seed, json,
        }.WithExample("foreword bench serve --url http://127.0.0.1:8080 --clients 1,8 --requests 32");
        command.SetAction(parsed =>
        {
            int[] counts = Counts(parsed.GetValue(clients)!);
            foreach (Option<int> option in (Option<int>[])[requests, promptTokens, maxTokens])
            {
                if (parsed.GetValue(option) < 1)
                    throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} is {parsed.GetValue(option)}; it must be at least 1"));
            }

            if (!(parsed.GetValue(rate) > 0))
                throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"--rate is {parsed.GetValue(rate)}; it must be above 0"));
            LatencyGoals? goals = parsed.GetValue(goodput) is { } text ? LatencyGoals.Parse(text) ?? throw new UsageException($"--goodput is {text}; it looks like ttft:500,tpot:50,e2el:5000, in ms") : null;
            if (parsed.GetValue(url) is null && parsed.GetValue(model) is null)
                throw new UsageException("give --url with the address of a server, or --model with a model to serve");
            if (parsed.GetValue(url) is { } address && !(Uri.TryCreate(address, UriKind.Absolute, out Uri? server) && (server.Scheme == Uri.UriSchemeHttp || server.Scheme == Uri.UriSchemeHttps)))
                throw new UsageException($"--url is {address}; it looks like http://127.0.0.1:8080");
            Load[] loads = [.. counts.Select(count => new Load(count, Math.Max(count, parsed.GetValue(requests)), parsed.GetValue(promptTokens), parsed.GetValue(maxTokens), parsed.GetValue(rate), parsed.GetValue(seed)))];
            using StopSignals stop = new(terminal, ending: null);
            return stop.Run(
                () => MeasureAsync(terminal, parsed.GetValue(url), parsed.GetValue(model), parsed.GetValue(weights), parsed.GetValue(key), loads, goals, parsed.GetValue(json), stop.Token).GetAwaiter().GetResult(),
                () => "interrupted: the figures so far are above");
        });
        return command;
    }

    private static async Task<int> MeasureAsync(
        Terminal terminal, string? url, string? model, WeightType? weights, string? key, Load[] loads, LatencyGoals? goals, bool json, CancellationToken cancellationToken)
    {
        ForewordServer? own = null;
        if (url is null)
        {
            ServedModelOptions served = new() { Path = model!, Name = "measured", Engine = new CpuEngine { Weights = weights } };
            own = ForewordServer.Create(new ServerOptions { Models = [served], Urls = "http://127.0.0.1:0", MaxQueue = loads.Max(load => load.Clients) });
        }

        try
        {
            if (own is not null)
                await own.StartAsync(cancellationToken).ConfigureAwait(false);
            using LoadGenerator generator = await LoadGenerator.ConnectAsync(url ?? own!.Addresses.First(), key, own is null ? model : null).ConfigureAwait(false);
            await generator.RunAsync(loads[0] with { Clients = 2, Requests = 4, Seed = loads[0].Seed + 1 }, cancellationToken).ConfigureAwait(false); // compilation and first use of memory
            if (!json)
                terminal.Out.WriteLine(LoadReport.Heading);
            for (int i = 0; i < loads.Length; i++)
            {
                Load load = loads[i] with { Seed = loads[i].Seed + 2 + i }; // new prompts, which no cache knows
                (IReadOnlyList<RequestTimes> times, int failed, double seconds) = await generator.RunAsync(load, cancellationToken).ConfigureAwait(false);
                LoadReport report = new(load, times, failed, seconds, goals);
                if (json)
                    JsonOutput.WriteLine(terminal, report.Write);
                else
                    terminal.Out.WriteLine(report.Line());
                if (times.Count == 0)
                    throw new InvalidDataException($"none of {failed} requests succeeded");
            }

            return ExitCodes.Done;
        }
        finally
        {
            if (own is not null)
            {
                await own.StopAsync().ConfigureAwait(false);
                await own.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static int[] Counts(string text)
    {
        int[] counts = [.. text.Split(',', StringSplitOptions.TrimEntries).Select(part => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int count) ? count : 0)];
        return counts.All(count => count is >= 1 and <= 10_000) ? counts : throw new UsageException($"--clients is {text}; it must be numbers from 1 to 10000, such as 1,4,16");
    }
}
