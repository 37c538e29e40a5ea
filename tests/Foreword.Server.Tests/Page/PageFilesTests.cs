using System.Net;
using System.Net.Http.Headers;
using System.Text.RegularExpressions;

namespace Foreword.Server.Tests.Page;

/// <summary>Fetches the files of the page as a browser does.</summary>
[Collection(nameof(SharedPage))]
public sealed partial class PageFilesTests(PageServer server)
{
    [Theory]
    [InlineData("", "text/html")]
    [InlineData("page/main.js", "text/javascript")]
    [InlineData("page/views/write.js", "text/javascript")]
    [InlineData("page/base.css", "text/css")]
    [InlineData("page/icon.svg", "image/svg+xml")]
    public async Task AFileHasItsTypeAndIsCheckedBeforeItIsUsedAgain(string path, string type)
    {
        using HttpClient client = new() { BaseAddress = new Uri(server.Address) };
        using HttpResponseMessage whole = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, whole.StatusCode);
        Assert.Equal(type, whole.Content.Headers.ContentType!.MediaType);
        Assert.Equal("nosniff", whole.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True(whole.Headers.CacheControl!.NoCache);
        string policy = whole.Headers.GetValues("Content-Security-Policy").Single();
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);

        using HttpRequestMessage again = new(HttpMethod.Get, path);
        again.Headers.IfNoneMatch.Add(whole.Headers.ETag!);
        using HttpResponseMessage unchanged = await client.SendAsync(again, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.NotModified, unchanged.StatusCode);
        using HttpRequestMessage other = new(HttpMethod.Get, path);
        other.Headers.IfNoneMatch.Add(new EntityTagHeaderValue("\"other\""));
        using HttpResponseMessage changed = await client.SendAsync(other, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);

        using HttpRequestMessage head = new(HttpMethod.Head, path);
        using HttpResponseMessage onlyHeaders = await client.SendAsync(head, TestContext.Current.CancellationToken);
        Assert.Equal(whole.Content.Headers.ContentLength, onlyHeaders.Content.Headers.ContentLength);
        Assert.Equal(whole.Headers.ETag, onlyHeaders.Headers.ETag);
        Assert.Empty(await onlyHeaders.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task EveryFileThatAFileNamesIsThere()
    {
        using HttpClient client = new() { BaseAddress = new Uri(server.Address) };
        Queue<Uri> waiting = new([client.BaseAddress]);
        HashSet<Uri> read = [];
        while (waiting.TryDequeue(out Uri? file))
        {
            if (!read.Add(file))
                continue;
            using HttpResponseMessage response = await client.GetAsync(file, TestContext.Current.CancellationToken);
            Assert.True(response.IsSuccessStatusCode, $"{file} has status {response.StatusCode}");
            string content = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
            foreach (Match named in Names().Matches(content))
                waiting.Enqueue(new Uri(file, named.Groups[1].Value));
        }

        Assert.True(read.Count > 8, $"only {read.Count} files were found");
    }

    [Fact]
    public async Task ThePageNeedsNoKeyAndTheApiDoes()
    {
        await using ForewordServer locked = await server.StartAsync(options => options with { ApiKeys = ["secret"] });
        using HttpClient client = new() { BaseAddress = new Uri(locked.Addresses.Single()) };
        foreach ((string path, HttpStatusCode expected) in ((string, HttpStatusCode)[])[("", HttpStatusCode.OK), ("page/main.js", HttpStatusCode.OK), ("page/none.js", HttpStatusCode.NotFound), ("page/../v1/models", HttpStatusCode.Unauthorized), ("pages", HttpStatusCode.Unauthorized)])
        {
            using HttpResponseMessage response = await client.GetAsync(new Uri(path, UriKind.Relative), TestContext.Current.CancellationToken);
            Assert.Equal(expected, response.StatusCode);
        }

        await locked.StopAsync();
    }

    [GeneratedRegex("(?:from |href=|src=)\"([^\"#:]+\\.(?:js|css|svg))\"")]
    private static partial Regex Names();
}
