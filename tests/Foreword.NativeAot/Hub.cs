using Foreword.Hub;
using Foreword.Hub.Tests;
using Foreword.Models;

namespace Foreword.NativeAot;

/// <summary>Downloads from a hub that fails for the moment, breaks off, and refuses.</summary>
internal static class Hub
{
    public static async Task RunAsync(Report report)
    {
        using FakeRepository repository = new FakeRepository().WithModel();
        HubOptions options = new() { Endpoint = repository.Hub.Address, Token = "hf_secret", CacheDirectory = report.Work("hub"), Retries = 3, FirstDelay = TimeSpan.FromMilliseconds(1) };
        int listed = 0, fetched = 0;
        repository.Next = request => request.Path.StartsWith("/api/", StringComparison.Ordinal) && listed++ == 0 ? FakeAnswer.Text(503, "busy")
            : request.Path.StartsWith("/store/", StringComparison.Ordinal) && request.Method == "GET" && fetched++ == 0 ? FakeRepository.Content(request, repository["model.safetensors"]) with { BreaksAfter = 150_000 }
            : null;
        using HubClient client = new(options);
        HubDownload done = await client.DownloadAsync(HubRepository.Parse(FakeRepository.Id), "main", null, [], null, CancellationToken.None);
        report.Say("download", $"{done.Commit} {done.Downloaded} {done.Bytes} {string.Join(' ', done.Files)}");
        report.SayFiles("download", done.Directory);
        report.Say("asked by", repository.Hub.Requests.First().Headers["User-Agent"]);
        report.Say("asked", string.Join(' ', repository.Hub.Requests.Concat(repository.Storage.Requests).Select(request => $"{request.Method} {request.From}")));
        using HubClient offline = new(options with { Offline = true });
        done = await offline.DownloadAsync(HubRepository.Parse(FakeRepository.Id), "main", report.Work("hub-copy"), [], null, CancellationToken.None);
        report.Say("offline", $"{done.Downloaded} {done.Bytes}");
        repository.Next = _ => FakeAnswer.Text(404, "no");
        try
        {
            await client.DownloadAsync(HubRepository.Parse("someone/else"), "main", null, [], null, CancellationToken.None);
        }
        catch (HubException refusal)
        {
            report.Say("refused", refusal.Message.Replace(repository.Hub.Address.Authority, "HUB", StringComparison.Ordinal));
        }
    }
}
