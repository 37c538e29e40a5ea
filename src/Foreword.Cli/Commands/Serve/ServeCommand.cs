using System.CommandLine;
using System.Globalization;
using Foreword.Chat;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Server;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Foreword.Cli.Commands.Serve;

/// <summary>Implements <c>foreword serve MODEL...</c>, which serves models with an API that OpenAI's clients speak.</summary>
internal static class ServeCommand
{
    private const string AddressForm = "an address looks like http://127.0.0.1:8080";

    /// <summary>The longest time of a request or of the end in seconds, which is 23 days. A timer of .NET holds 49 days.</summary>
    private const int LongestTime = 2_000_000;

    public static Command Create(Terminal terminal)
    {
        Argument<string[]> models = new("MODEL") { Description = "Model directories, GGUF files, runs, quantized models, or downloaded models.", Arity = ArgumentArity.OneOrMore };
        Option<string[]> aliases = new("--alias") { Description = "Name of a model in requests, once for each MODEL in order. Default: the name of its directory or file.", DefaultValueFactory = _ => [] };
        Option<string> urls = new("--urls") { Description = "Addresses to listen on, separated by semicolons.", DefaultValueFactory = _ => "http://127.0.0.1:8080" };
        Option<string?> key = new("--api-key") { Description = "Key that requests must carry, or @FILE with one key a line." };
        Option<bool> insecure = new("--insecure") { Description = "Allow addresses that other machines reach without a key." };
        Option<string?> template = new("--template") { Description = $"How messages become text: chitchat, chatml, plain, or a file. Default: {ChatTemplateFile.FileName} of the model, if it has one." };
        Option<WeightType?> weights = new("--weights") { Description = "Number format of the weights in memory. Default: f32, or what the model is quantized to.", HelpName = "f32|bf16|int8|int4" };
        Option<int?> threads = new("--threads") { Description = "Threads that compute. Default: all processors." };
        Option<long> cacheMemory = new("--cache-memory") { Description = "Memory for beginnings of prompts that were read, for each model; 0 turns it off.", CustomParser = ByteSize.Parse, DefaultValueFactory = _ => 1_000_000_000 };
        Option<int> sequences = new("--max-sequences") { Description = "Sequences that are written at a time; others wait.", DefaultValueFactory = _ => 64 };
        Option<int> queue = new("--max-queue") { Description = "Requests that may wait; others are refused with status 429.", DefaultValueFactory = _ => 256 };
        Option<int> rate = new("--rate-limit") { Description = "Requests a minute for each key, or for each address where there are no keys; 0 for no limit.", DefaultValueFactory = _ => 0 };
        Option<int> timeout = new("--timeout") { Description = "Longest time of a request in seconds.", DefaultValueFactory = _ => 600 };
        Option<int> drain = new("--drain") { Description = "Seconds that running requests have to finish when the server stops.", DefaultValueFactory = _ => 10 };
        Option<string[]> runs = new("--runs") { Description = "Run, or directory of runs, whose curves and texts the page shows. Can be given several times.", DefaultValueFactory = _ => [] };
        Option<string[]> origins = new("--cors") { Description = "Origins of pages that browsers let use the API; * allows all.", DefaultValueFactory = _ => [] };
        RankingArguments ranking = new();
        Option<bool> deterministic = new("--deterministic") { Description = "Give the same bits alone and among other requests, also in float32 and bfloat16 (int8 and int4 always do)." };
        Command command = new("serve", "Serve models over HTTP with an API that OpenAI's clients speak.")
        {
            models, aliases, urls, key, insecure, template, weights, threads, cacheMemory, sequences, queue, rate, timeout, drain, runs, origins, deterministic,
        };
        ranking.AddTo(command);
        command.SetAction(parsed =>
        {
            CheckCounts(parsed, [(sequences, 1), (queue, 0), (rate, 0), (timeout, 1), (drain, 0)], [timeout, drain], threads);
            string[] paths = parsed.GetValue(models)!, names = parsed.GetValue(aliases)!;
            if (names.Length > paths.Length)
                throw new UsageException($"--alias is given {names.Length} times for {paths.Length} models");
            AnswerRanking? chosen = RankingOf(ranking.Read(parsed), paths.Length);
            IReadOnlyList<string> keys = ApiKeyInput.Read(parsed.GetValue(key));
            string addresses = parsed.GetValue(urls)!;
            CheckAddresses(addresses, keys.Count > 0 || parsed.GetValue(insecure));
            ServerOptions options = new()
            {
                Models = [.. paths.Select((path, i) => new ServedModelOptions
                {
                    Path = path,
                    Name = i < names.Length ? names[i] : NameOf(path),
                    Template = Template(path, parsed.GetValue(template)),
                    Ranking = chosen,
                    Engine = new CpuEngine { Weights = parsed.GetValue(weights), Threads = parsed.GetValue(threads), Deterministic = parsed.GetValue(deterministic) },
                })],
                Urls = addresses,
                ApiKeys = keys,
                CacheMemory = parsed.GetValue(cacheMemory),
                MaxSequences = parsed.GetValue(sequences),
                MaxQueue = parsed.GetValue(queue),
                RateLimit = parsed.GetValue(rate),
                Runs = [.. parsed.GetValue(runs)!.Select(directory => Directory.Exists(directory) ? directory : throw new DirectoryNotFoundException($"--runs: there is no directory {directory}"))],
                Timeout = TimeSpan.FromSeconds(parsed.GetValue(timeout)),
                Drain = TimeSpan.FromSeconds(parsed.GetValue(drain)),
                Origins = parsed.GetValue(origins)!,
            };
            return RunAsync(terminal, options).GetAwaiter().GetResult();
        });
        return command.WithExample("foreword serve runs/quickstart --template plain");
    }

    private static void CheckCounts(ParseResult parsed, (Option<int> Option, int Least)[] counts, Option<int>[] times, Option<int?> threads)
    {
        foreach ((Option<int> option, int least) in counts)
        {
            if (parsed.GetValue(option) < least)
                throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} is {parsed.GetValue(option)}; it must be at least {least}"));
        }

        foreach (Option<int> option in times)
        {
            if (parsed.GetValue(option) > LongestTime)
                throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{option.Name} is {parsed.GetValue(option)}; it must be at most {LongestTime} seconds"));
        }

        if (parsed.GetValue(threads) < 1)
            throw new UsageException(string.Create(CultureInfo.InvariantCulture, $"{threads.Name} is {parsed.GetValue(threads)}; it must be at least 1"));
    }

    /// <summary>Returns how the server chooses among several answers; null if it writes one.</summary>
    private static AnswerRanking? RankingOf(Ranking ranking, int models)
    {
        if (ranking.Candidates == 1)
            return null;
        return models == 1
            ? new AnswerRanking { Candidates = ranking.Candidates, Path = ranking.Model, Template = ranking.Template() ?? ChatTemplate.Plain, Rule = ranking.Rule, Lambda = ranking.Lambda }
            : throw new UsageException("--mmi and --candidates are for one MODEL");
    }

    private static async Task<int> RunAsync(Terminal terminal, ServerOptions options)
    {
        using StopSignals stop = new(terminal, "stopping: running requests may finish; interrupt again to end immediately");
        ForewordServer server = UsageException.For(() => ForewordServer.Create(options, logging => logging.AddProvider(new Log(terminal))));
        await using (server.ConfigureAwait(false))
        {
            TaskCompletionSource stopped = new();
            using CancellationTokenRegistration registration = stop.Token.Register(stopped.SetResult);
            await server.StartAsync(stop.Token).ConfigureAwait(false);
            string address = server.Addresses.First();
            foreach (ServedModelStatus model in server.Models)
                terminal.SayWrapped(Describe(model, options.CacheMemory));
            terminal.SayWrapped($"listening on {string.Join(" and ", server.Addresses)}; Ctrl+C stops");
            terminal.SayWrapped($"open {address} in a browser, or try:");
            foreach (string line in Request(address, server.Models[0].Task, options.ApiKeys.Count > 0))
                terminal.Say(line);
            await stopped.Task.ConfigureAwait(false);
            await server.StopAsync().ConfigureAwait(false);
        }

        return ExitCodes.Done; // stopping is how a server ends
    }

    /// <summary>Returns the lines of a command that sends a request. A shell reads them as one.</summary>
    /// <param name="address">The address of the server.</param>
    /// <param name="task">The task of the first model; null for a language model.</param>
    /// <param name="needsKey">Whether requests must carry a key.</param>
    internal static IReadOnlyList<string> Request(string address, string? task, bool needsKey)
    {
        (string path, string body) = task switch
        {
            null => ("completions", "{\"prompt\": \"Once\", \"max_tokens\": 20}"),
            "multiple-choice" => ("choose", "{\"input\": \"It rains.\", \"choices\": [\"It is dry.\", \"It is wet.\"]}"),
            "entailment" or "similarity" => ("score", "{\"text_1\": \"A man sleeps.\", \"text_2\": \"A person rests.\"}"),
            _ => ("classify", "{\"input\": \"My card has not arrived.\"}"),
        };
        string key = needsKey ? "-H \"Authorization: Bearer $KEY\" " : "";
        return [$"curl {address}/v1/{path} \\", $"  -H \"Content-Type: application/json\" {key}\\", $"  -d '{body}'"];
    }

    private static string Describe(ServedModelStatus model, long cacheMemory) => FormattableString.Invariant(model.Task is null
        ? $"{model.Name}: {ProgressDisplay.Millions(model.Parameters)} parameters in {model.Format}, {model.WeightBytes / 1e6:0} MB; cache of prompts up to {cacheMemory / 1e6:0} MB"
        : (FormattableString)$"{model.Name}: {ProgressDisplay.Millions(model.Parameters)} parameters in {model.Format}, {model.WeightBytes / 1e6:0} MB; fine-tuned for {model.Task}");

    private static string NameOf(string path) => Path.Exists(path) ? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))) : path;

    private static ChatTemplate? Template(string path, string? chosen)
    {
        DialogueDirection.CheckAnswers(path);
        if (chosen is not null)
            return ChatTemplateFile.Find(chosen);
        ChatTemplate own = ChatTemplateFile.OfModel(path);
        return ReferenceEquals(own, ChatTemplate.Plain) ? null : own;
    }

    /// <summary>Refuses addresses that other machines reach, unless that is allowed.</summary>
    private static void CheckAddresses(string urls, bool allowed)
    {
        string[] addresses = urls.Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        if (addresses.Length == 0)
            throw new UsageException("--urls is empty");
        foreach (string address in addresses)
        {
            BindingAddress parsed = Parsed(address);
            if (!allowed && !parsed.IsUnixPipe && !IsLoopback(parsed.Host))
                throw new UsageException($"--urls has {address}, which other machines can reach; give --api-key, or --insecure to serve everyone");
        }
    }

    private static BindingAddress Parsed(string address)
    {
        BindingAddress parsed;
        try
        {
            parsed = BindingAddress.Parse(address);
        }
        catch (FormatException)
        {
            throw new UsageException($"--urls has {address}; {AddressForm}");
        }

        if (parsed.Scheme.ToUpperInvariant() is not ("HTTP" or "HTTPS"))
            throw new UsageException($"--urls has {address}; {AddressForm}");
        if (parsed.IsUnixPipe)
        {
            return Directory.Exists(Path.GetDirectoryName(Path.GetFullPath(parsed.UnixPipePath)))
                ? parsed
                : throw new UsageException($"--urls has {address}; there is no directory {Path.GetDirectoryName(parsed.UnixPipePath)}");
        }

        if (parsed.Port is < 0 or > 65535 || (parsed.Host.Contains(':') && !parsed.Host.EndsWith(']')))
            throw new UsageException($"--urls has {address}; a port is a number from 0 to 65535");
        if (parsed.PathBase.Length > 0)
            throw new UsageException($"--urls has {address}; an address has no path");
        return parsed.Port == 0 && parsed.Host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
            ? throw new UsageException($"--urls has {address}; port 0 needs an address such as http://127.0.0.1:0")
            : parsed;
    }

    private static bool IsLoopback(string host) =>
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase) || (System.Net.IPAddress.TryParse(host.Trim('[', ']'), out System.Net.IPAddress? address) && System.Net.IPAddress.IsLoopback(address));

    private sealed class Log(Terminal terminal) : ILoggerProvider
    {
        public ILogger CreateLogger(string categoryName) => categoryName.StartsWith(nameof(Foreword), StringComparison.Ordinal)
            ? terminal.Logger : Microsoft.Extensions.Logging.Abstractions.NullLogger.Instance;

        public void Dispose()
        {
        }
    }
}
