using System.CommandLine;
using System.Globalization;
using Foreword.Cli.Options;
using Foreword.Cli.Output;
using Foreword.Hub;
using Foreword.Models;
using Foreword.Progress;

namespace Foreword.Cli.Commands;

/// <summary>Implements <c>foreword download REPO</c>, which downloads a model from a Hugging Face hub.</summary>
internal static class DownloadCommand
{
    public static Command Create(Terminal terminal) => Create(terminal, () => HubOptions.FromEnvironment(Environment.GetEnvironmentVariable));

    /// <summary>Creates the command with other options than those of the environment, for tests.</summary>
    public static Command Create(Terminal terminal, Func<HubOptions> environment)
    {
        Argument<string> repository = new("REPO") { Description = "Model as OWNER/NAME, such as openai-community/gpt2." };
        Option<string> revision = new("--revision") { Description = "Branch, tag or commit.", DefaultValueFactory = _ => "main" };
        Option<string?> output = new("--out") { Description = "Directory for the files; default: the cache that Hugging Face's tools share." };
        Option<string[]> include = new("--include") { Description = "Download the files that match a pattern, such as '*.gguf', instead of the configuration, the tokenizer and the weights in one format; may be repeated.", DefaultValueFactory = _ => [] };
        Option<bool> offline = new("--offline") { Description = "Use the cache only, without network access." };
        Option<bool> json = new("--json") { Description = "Print one JSON object: {\"repo\",\"revision\",\"commit\",\"directory\",\"files\",\"downloaded\",\"bytes\"}." };
        Command command = new Command("download", "Download a model from a Hugging Face hub (uses HF_ENDPOINT, HF_TOKEN, HF_HOME, HF_HUB_CACHE and HF_HUB_OFFLINE).")
        {
            repository, revision, output, include, offline, json,
        }.WithExample("foreword download openai-community/gpt2 --out models/gpt2");
        command.SetAction(parsed =>
        {
            HubRepository model = UsageException.For(() => HubRepository.Parse(parsed.GetValue(repository)!));
            string? directory = OutputDirectory.IfGiven(parsed.GetValue(output));
            HubOptions options = environment();
            options = options with { Offline = options.Offline || parsed.GetValue(offline) };
            return StopSignals.Run(terminal, () => "the downloaded parts are kept; run the same command again to continue", cancellationToken =>
            {
                using HubClient client = new(options);
                HubDownload done = WithProgress(terminal, progress =>
                    client.DownloadAsync(model, parsed.GetValue(revision)!, directory, parsed.GetValue(include)!, progress, cancellationToken).GetAwaiter().GetResult());
                if (parsed.GetValue(json))
                    WriteJson(terminal, done, parsed.GetValue(revision)!);
                else
                    Print(terminal, done);
            });
        });
        return command;
    }

    private static HubDownload WithProgress(Terminal terminal, Func<IProgress<HubProgress>, HubDownload> download)
    {
        ProgressDisplay display = new(terminal);
        return display.Show(() =>
        {
            display.StartClock();
            return download(new SynchronousProgress<HubProgress>(progress => display.Bytes(progress.Bytes, progress.Total, progress.Bytes - progress.Arrived, progress.Path)));
        });
    }

    private static void Print(Terminal terminal, HubDownload done)
    {
        terminal.Say(string.Create(CultureInfo.InvariantCulture, $"{done.Repository} at {done.Commit}: {done.Files.Count} files, {done.Bytes / 1e6:N1} MB, {done.Downloaded} of them downloaded"));
        terminal.Out.WriteLine(done.Directory);
        terminal.Say($"next: foreword inspect {done.Directory}");
    }

    private static void WriteJson(Terminal terminal, HubDownload done, string revision) => JsonOutput.WriteLine(terminal, writer =>
    {
        writer.WriteString("repo", done.Repository.Id);
        writer.WriteString("revision", revision);
        writer.WriteString("commit", done.Commit);
        writer.WriteString("directory", done.Directory);
        writer.WriteStartArray("files");
        foreach (string file in done.Files)
            writer.WriteStringValue(file);
        writer.WriteEndArray();
        writer.WriteNumber("downloaded", done.Downloaded);
        writer.WriteNumber("bytes", done.Bytes);
    });
}
