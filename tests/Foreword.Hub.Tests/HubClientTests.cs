using Foreword.Models;

namespace Foreword.Hub.Tests;

public sealed class HubClientTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly FakeRepository _repository = new FakeRepository().WithModel();
    private readonly RecordedWaits _time = new();

    private string Root => _directory.File($"hub/models--{FakeRepository.Id.Replace("/", "--")}");

    private HubOptions Options => new() { Endpoint = _repository.Hub.Address, CacheDirectory = _directory.File("hub"), Token = "hf_secret", Time = _time };

    public void Dispose()
    {
        _repository.Dispose();
        _directory.Dispose();
    }

    [Fact]
    public async Task TheDefaultsDownloadTheMainBranchWithTheCallersHttpClient()
    {
        int created = 0;
        HubOptions options = Options with
        {
            HttpClient = () =>
            {
                created++;
                return new HttpClient(new HttpClientHandler { AllowAutoRedirect = false });
            },
        };
        using HubClient client = new(options);
        HubDownload done = await client.DownloadAsync(HubRepository.Parse(FakeRepository.Id), cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((1, done.Directory), (created, HubCacheLayout.Snapshot(FakeRepository.Id, variable => variable == "HF_HUB_CACHE" ? _directory.File("hub") : null)));
        Assert.Equal(HubCacheLayout.CacheDirectory(Environment.GetEnvironmentVariable), new HubOptions().CacheDirectory);
    }

    [Fact]
    public async Task ADownloadLiesInTheLayoutThatHuggingFacesToolsShare()
    {
        HubDownload done = await DownloadAsync();
        Assert.Equal(FakeRepository.Commit, done.Commit);
        Assert.Equal(Path.Combine(Root, "snapshots", FakeRepository.Commit), done.Directory);
        Assert.Equal(["tokenizer.json", "config.json", "model.safetensors"], done.Files); // no second weights format, and no files from folders
        Assert.Equal(3, done.Downloaded);
        Assert.Equal(FakeRepository.Commit, await File.ReadAllTextAsync(Path.Combine(Root, "refs", "main")));
        foreach (string path in done.Files)
        {
            FileInfo snapshot = new(Path.Combine(done.Directory, path));
            Assert.Equal($"../../blobs/{_repository.Tag(path)}", snapshot.LinkTarget);
            Assert.Equal(_repository[path], await File.ReadAllBytesAsync(snapshot.FullName));
        }

        Assert.Equal(3, Directory.GetFiles(Path.Combine(Root, "blobs")).Length);
    }

    [Fact]
    public async Task ADownloadedModelIsFoundByItsName()
    {
        string? Cache(string variable) => variable == "HF_HUB_CACHE" ? _directory.File("hub") : null;
        Assert.Null(HubCacheLayout.Snapshot(FakeRepository.Id, Cache));
        HubDownload done = await DownloadAsync();
        Assert.Equal(done.Directory, HubCacheLayout.Snapshot(FakeRepository.Id, Cache));
        Assert.Null(HubCacheLayout.Snapshot("someone/other", Cache));
        Assert.Null(HubCacheLayout.Snapshot("/no/name", Cache));
    }

    [Fact]
    public async Task WhatIsThereIsNotFetchedAgain()
    {
        await DownloadAsync();
        int requests = _repository.Hub.Requests.Count;
        HubDownload again = await DownloadAsync();
        Assert.Equal(0, again.Downloaded);
        Assert.Equal(requests + 1, _repository.Hub.Requests.Count); // the listing, which shows whether main has moved
    }

    [Fact]
    public async Task ABlobThatAnotherRevisionOrToolBroughtIsLinked()
    {
        Directory.CreateDirectory(Path.Combine(Root, "blobs"));
        await File.WriteAllBytesAsync(Path.Combine(Root, "blobs", _repository.Tag("model.safetensors")), _repository["model.safetensors"]);
        HubDownload done = await DownloadAsync();
        Assert.Equal(2, done.Downloaded);
        Assert.Empty(_repository.Storage.Requests);
        Assert.Equal(_repository["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(done.Directory, "model.safetensors")));
    }

    [Fact]
    public async Task TheTokenGoesToTheHubAndToNoOtherHost()
    {
        await DownloadAsync();
        Assert.All(_repository.Hub.Requests, request => Assert.Equal("Bearer hf_secret", request.Headers["Authorization"]));
        Assert.All(_repository.Storage.Requests, request => Assert.DoesNotContain("Authorization", request.Headers.Keys));
        Assert.Single(_repository.Storage.Requests);
    }

    [Fact]
    public async Task ABrokenConnectionGoesOnWhereItEnded()
    {
        _repository.Next = Once(IsWeights, request => FakeRepository.Content(request, _repository["model.safetensors"]) with { BreaksAfter = 150_000 });
        HubDownload done = await DownloadAsync();
        Assert.Equal([0, 150_000], _repository.Storage.Requests.Select(request => request.From));
        Assert.Equal(_repository["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(done.Directory, "model.safetensors")));
    }

    [Fact]
    public async Task AStalledConnectionIsMadeAgain()
    {
        _repository.Next = Once(IsWeights, request => FakeRepository.Content(request, _repository["model.safetensors"]) with { StallsAfter = 70_000 });
        HubDownload done = await DownloadAsync(Options with { StallTimeout = TimeSpan.FromMilliseconds(100) });
        Assert.Equal([0, 70_000], _repository.Storage.Requests.Select(request => request.From));
        Assert.Equal(_repository["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(done.Directory, "model.safetensors")));
    }

    [Fact]
    public async Task ALargeFileOverABadLineNeedsNoMoreRetriesThanOnePiece()
    {
        using FakeRepository large = new FakeRepository().WithModel(weightBytes: 5_000_000);
        large.Next = request => IsWeights(request) ? FakeRepository.Content(request, large["model.safetensors"]) with { BreaksAfter = Math.Min(1_200_000, 5_000_000 - request.From) } : null;
        HubDownload done = await DownloadAsync(Options with { Endpoint = large.Hub.Address, Retries = 0 });
        Assert.Equal(5, large.Storage.Requests.Count);
        Assert.Equal(large["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(done.Directory, "model.safetensors")));
    }

    [Fact]
    public async Task ALaterProcessGoesOnWithWhatAnEarlierOneLeft()
    {
        _repository.Next = request => IsWeights(request) ? FakeRepository.Content(request, _repository["model.safetensors"]) with { BreaksAfter = 50_000 } : null;
        HubException problem = await Assert.ThrowsAnyAsync<HubException>(() => DownloadAsync(Options with { Retries = 0 }));
        Assert.Contains("the connection broke", problem.Message);
        Assert.DoesNotContain("signature", problem.Message);
        Assert.False(File.Exists(Path.Combine(Root, "snapshots", FakeRepository.Commit, "model.safetensors")));
        _repository.Next = _ => null;
        HubDownload done = await DownloadAsync();
        Assert.Equal(50_000, _repository.Storage.Requests.Last().From);
        Assert.Equal(_repository["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(done.Directory, "model.safetensors")));
    }

    [Fact]
    public async Task AServerThatIgnoresRangesIsReadFromTheBeginning()
    {
        LeavePartial(_repository["model.safetensors"][..60_000]);
        _repository.Next = request => IsWeights(request) ? new FakeAnswer(200, _repository["model.safetensors"]) : null;
        HubDownload done = await DownloadAsync();
        Assert.Equal([60_000], _repository.Storage.Requests.Select(request => request.From));
        Assert.Equal(_repository["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(done.Directory, "model.safetensors")));
    }

    [Theory]
    [InlineData(60_000)]
    [InlineData(200_000)]
    [InlineData(300_000)]
    public async Task ABadPartialFileIsReadOnceMoreFromTheBeginning(int length)
    {
        LeavePartial(new byte[length]);
        HubDownload done = await DownloadAsync();
        Assert.Equal(_repository["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(done.Directory, "model.safetensors")));
    }

    [Theory]
    [InlineData("model.safetensors", "SHA-256")]
    [InlineData("config.json", "Git hash")]
    public async Task AWrongHashIsAnErrorAndNothingStays(string path, string kind)
    {
        byte[] wrong = [.. _repository[path].Reverse()];
        _repository.Next = request => request.Method == "GET" && request.Path.Contains(path) && (request.Path.StartsWith("/store", StringComparison.Ordinal) || path == "config.json")
            ? new FakeAnswer(200, wrong) : null;
        InvalidDataException problem = await Assert.ThrowsAsync<InvalidDataException>(() => DownloadAsync());
        Assert.Contains(kind, problem.Message);
        Assert.Contains(path, problem.Message);
        Assert.False(File.Exists(Path.Combine(Root, "blobs", _repository.Tag(path))));
        Assert.False(File.Exists(Path.Combine(Root, "blobs", $"{_repository.Tag(path)}.incomplete")));
        Assert.False(Path.Exists(Path.Combine(Root, "snapshots", FakeRepository.Commit, path)));
        Assert.False(File.Exists(Path.Combine(Root, "refs", "main")));
    }

    [Theory]
    [InlineData(100_000L, 100_000, "100000 bytes were received; the hub announced 200000")] // states fewer bytes than the file has
    [InlineData(-1L, 100_000, "100000 bytes were received; the hub announced 200000")] // states no length and sends fewer bytes
    [InlineData(250_000L, 150_000, "the connection broke")] // states more bytes than it sends
    [InlineData(250_000L, 250_000, "more bytes were received than the 200000")]
    public async Task ALieAboutTheLengthIsFound(long claimed, int sent, string sentence)
    {
        byte[] content = [.. _repository["model.safetensors"], .. new byte[50_000]];
        _repository.Next = request => IsWeights(request) ? new FakeAnswer(200, content[..sent]) { ClaimedLength = claimed } : null;
        Exception problem = await Assert.ThrowsAnyAsync<Exception>(() => DownloadAsync(Options with { Retries = 1 }));
        Assert.True(problem is HubException or InvalidDataException);
        Assert.Contains(sentence, problem.Message);
        Assert.False(Path.Exists(Path.Combine(Root, "snapshots", FakeRepository.Commit, "model.safetensors")));
    }

    [Theory]
    [InlineData(429)]
    [InlineData(503)]
    [InlineData(500)]
    public async Task ABusyHubIsAskedAgainAfterAWait(int status)
    {
        Queue<FakeAnswer> busy = new([FakeAnswer.Text(status, "busy"), FakeAnswer.Text(status, "busy", ("Retry-After", "7"))]);
        _repository.Next = _ => busy.TryDequeue(out FakeAnswer? answer) ? answer : null;
        await DownloadAsync();
        Assert.Equal(2, _time.Waits.Count);
        Assert.InRange(_time.Waits[0], TimeSpan.FromMilliseconds(1), TimeSpan.FromSeconds(2));
        Assert.Equal(TimeSpan.FromSeconds(7), _time.Waits[1]);
    }

    [Fact]
    public async Task AHubThatStaysBusyIsGivenUp()
    {
        _repository.Next = _ => FakeAnswer.Text(503, "busy");
        HubException problem = await Assert.ThrowsAnyAsync<HubException>(() => DownloadAsync(Options with { Retries = 6 }));
        Assert.Contains("answers 503", problem.Message);
        Assert.Equal(7, _repository.Hub.Requests.Count);
        Assert.True(_time.Waits.Skip(3).Sum(wait => wait.TotalSeconds) > _time.Waits.Take(3).Sum(wait => wait.TotalSeconds)); // each wait varies randomly, but the sum still doubles
    }

    [Fact]
    public async Task AHubThatAsksForHoursOfPatienceIsNotWaitedFor()
    {
        _repository.Next = _ => FakeAnswer.Text(429, "busy", ("Retry-After", "7200"));
        await Assert.ThrowsAnyAsync<HubException>(() => DownloadAsync());
        Assert.Empty(_time.Waits);
    }

    [Theory]
    [InlineData(401, "RepoNotFound", null, "does not exist, or is private: check the name, or set HF_TOKEN")]
    [InlineData(401, "", "hf_x", "does not exist, or the token in HF_TOKEN is not valid for it")]
    [InlineData(401, "GatedRepo", null, "is gated: accept its conditions on its page, then set HF_TOKEN")]
    [InlineData(403, "GatedRepo", "hf_x", "is gated: accept its conditions on its page, then use a token of the account that accepted them")]
    [InlineData(403, "", "hf_x", "cannot be read with this token")]
    [InlineData(404, "RevisionNotFound", null, "has no such revision")]
    [InlineData(404, "RepoNotFound", null, "answers 404")]
    [InlineData(418, "", null, "answers 418")]
    public async Task ARefusalIsOneSentenceAndNotTriedAgain(int status, string code, string? token, string sentence)
    {
        _repository.Next = _ => FakeAnswer.Text(status, "no", ("X-Error-Code", code));
        HubException problem = await Assert.ThrowsAnyAsync<HubException>(() => DownloadAsync(Options with { Token = token }));
        Assert.Contains(sentence, problem.Message);
        Assert.Single(_repository.Hub.Requests);
    }

    [Fact]
    public async Task AHubThatIsNotThereIsNamed()
    {
        FakeHub gone = new(_ => FakeAnswer.Text(200, ""));
        gone.Dispose();
        HubException problem = await Assert.ThrowsAnyAsync<HubException>(() => DownloadAsync(Options with { Endpoint = gone.Address, Retries = 1 }));
        Assert.Contains($"{gone.Address}api/models/{FakeRepository.Id}/revision/main cannot be reached", problem.Message);
    }

    [Fact]
    public async Task ARedirectThatNeverEndsIsAnError()
    {
        _repository.Next = request => FakeAnswer.Text(302, "", ("Location", request.Path));
        Assert.Contains("more than 10 redirects", (await Assert.ThrowsAnyAsync<HubException>(() => DownloadAsync())).Message);
    }

    [Theory]
    [InlineData("../outside.json")]
    [InlineData("/etc/passwd")]
    [InlineData("a/../../b.json")]
    [InlineData("a//b")]
    [InlineData("..")]
    [InlineData("a\\..\\..\\b")]
    [InlineData("C:/x")]
    [InlineData("x\u0007y")]
    [InlineData("")]
    public async Task APathThatLeavesTheDirectoryIsRefusedBeforeAnythingIsDownloaded(string path)
    {
        _repository[path] = [1];
        InvalidDataException problem = await Assert.ThrowsAsync<InvalidDataException>(() => DownloadAsync());
        Assert.Contains("points outside the target directory", problem.Message);
        Assert.Single(_repository.Hub.Requests);
        Assert.False(Directory.Exists(Root));
    }

    [Theory]
    [InlineData("<html>a page</html>")]
    [InlineData("[]")]
    [InlineData("""{"siblings":[]}""")]
    [InlineData("""{"sha":"main","siblings":[]}""")]
    [InlineData("""{"sha":"../../../../../../../../../../../../../x","siblings":[]}""")]
    [InlineData("""{"sha":"0123456789abcdef0123456789abcdef01234567","siblings":[{}]}""")]
    public async Task AnAnswerThatIsNoListingIsRefused(string answer)
    {
        _repository.Next = _ => FakeAnswer.Text(200, answer);
        Assert.Contains("/api/models/", (await Assert.ThrowsAsync<InvalidDataException>(() => DownloadAsync())).Message);
    }

    [Fact]
    public async Task OfflineTheCacheIsReadAndNobodyAsked()
    {
        HubDownload online = await DownloadAsync();
        int requests = _repository.Hub.Requests.Count;
        foreach (string revision in (string[])["main", FakeRepository.Commit])
        {
            HubDownload offline = await DownloadAsync(Options with { Offline = true }, revision: revision);
            Assert.Equal(online.Directory, offline.Directory);
            Assert.Equal(online.Files.Order(), offline.Files.Order());
        }

        Assert.Equal(requests, _repository.Hub.Requests.Count);
        Assert.Contains("offline, and the cache holds no revision 'v2'", (await Assert.ThrowsAsync<IOException>(() => DownloadAsync(Options with { Offline = true }, revision: "v2"))).Message);
        File.Delete(Path.Combine(online.Directory, "model.safetensors"));
        await Assert.ThrowsAsync<InvalidDataException>(() => DownloadAsync(Options with { Offline = true }));
    }

    [Fact]
    public async Task ADirectoryGetsPlainFilesAndKeepsThoseThatAreTheSame()
    {
        string output = _directory.File("out");
        await DownloadAsync(output: output);
        Assert.False(Directory.Exists(Root));
        Assert.Equal(["config.json", "model.safetensors", "tokenizer.json"], Directory.GetFiles(output).Select(Path.GetFileName).Order());
        await File.WriteAllTextAsync(Path.Combine(output, "config.json"), "changed");
        HubDownload again = await DownloadAsync(output: output);
        Assert.Equal(1, again.Downloaded);
        Assert.Equal(_repository["config.json"], await File.ReadAllBytesAsync(Path.Combine(output, "config.json")));
    }

    [Fact]
    public async Task ADirectoryIsFilledFromTheCacheWhereThatHasTheFiles()
    {
        await DownloadAsync();
        int fetched = _repository.Fetched.Count;
        HubDownload done = await DownloadAsync(output: _directory.File("out"));
        Assert.Equal(fetched, _repository.Fetched.Count);
        Assert.Null(new FileInfo(Path.Combine(done.Directory, "model.safetensors")).LinkTarget);
        Assert.Equal(_repository["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(done.Directory, "model.safetensors")));
        await DownloadAsync(Options with { Offline = true }, output: _directory.File("offline"));
    }

    [Fact]
    public async Task PatternsChooseOtherFiles()
    {
        HubDownload done = await DownloadAsync(include: ["*.md", "onnx/**"]);
        Assert.Equal(["README.md", "onnx/decoder_model.onnx"], done.Files.Order());
        Assert.Equal("../../../blobs/" + _repository.Tag("onnx/decoder_model.onnx"), new FileInfo(Path.Combine(done.Directory, "onnx/decoder_model.onnx")).LinkTarget);
        Assert.Contains("no file matches *.txt", (await Assert.ThrowsAsync<InvalidDataException>(() => DownloadAsync(include: ["*.txt"]))).Message);
    }

    [Fact]
    public async Task TwoProcessesDoNotDownloadTheSameContent()
    {
        string name = Path.Combine(_directory.File("hub"), ".locks", Path.GetFileName(Root), $"{_repository.Tag("config.json")}.lock");
        using (HubLock.Take(name, "x"))
            Assert.Contains("another process is downloading config.json", (await Assert.ThrowsAsync<IOException>(() => DownloadAsync())).Message);
        await DownloadAsync();
    }

    [Fact]
    public async Task ProcessesThatLinkTheSameContentAtOnceAllFindIt()
    {
        await DownloadAsync();
        HubCache cache = new(_directory.File("hub"), HubRepository.Parse(FakeRepository.Id));
        HubFile file = new("config.json", _repository["config.json"].Length, null);
        for (int i = 0; i < 200; i++)
        {
            string commit = i.ToString("x40", System.Globalization.CultureInfo.InvariantCulture);
            Parallel.For(0, 4, _ => Assert.True(cache.Has(commit, file, _repository.Tag("config.json"))));
            Assert.Equal(_repository["config.json"], await File.ReadAllBytesAsync(Path.Combine(cache.DirectoryOf(commit), "config.json"), TestContext.Current.CancellationToken));
        }
    }

    [Fact]
    public async Task AMirrorThatListsNeitherSizesNorHashesIsReadByItsETags()
    {
        _repository.Next = request => request.Path.StartsWith("/api", StringComparison.Ordinal)
            ? FakeAnswer.Text(200, $$"""{"sha":"{{FakeRepository.Commit}}","siblings":[{"rfilename":"config.json"},{"rfilename":"model.safetensors"}]}""") : null;
        HubDownload done = await DownloadAsync();
        Assert.Equal(_repository["model.safetensors"], await File.ReadAllBytesAsync(Path.Combine(done.Directory, "model.safetensors")));
        Assert.True(File.Exists(Path.Combine(Root, "blobs", _repository.Tag("model.safetensors"))));
    }

    [Fact]
    public async Task ProgressEndsAtTheSumOfTheFiles()
    {
        List<HubProgress> told = [];
        HubDownload done = await DownloadAsync(progress: new Collected(told));
        Assert.Equal(done.Bytes, told[^1].Bytes);
        Assert.Equal(done.Bytes, told[^1].Arrived);
        Assert.Equal(told.Select(progress => progress.Bytes).Order(), told.Select(progress => progress.Bytes));
        Assert.All(told, progress => Assert.Equal(done.Bytes, progress.Total));
    }

    [Fact]
    public async Task ACanceledDownloadStopsAndKeepsWhatCame()
    {
        using CancellationTokenSource cancel = new();
        _repository.Next = request => IsWeights(request) ? FakeRepository.Content(request, _repository["model.safetensors"]) with { StallsAfter = 80_000 } : null;
        Task<HubDownload> running = DownloadAsync(progress: new Collected([], progress =>
        {
            if (progress.Path == "model.safetensors" && progress.Arrived > 80_000)
                cancel.Cancel();
        }), cancellationToken: cancel.Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.Equal(80_000, new FileInfo(Path.Combine(Root, "blobs", $"{_repository.Tag("model.safetensors")}.incomplete")).Length);
    }

    private static bool IsWeights(FakeRequest request) => request.Path.StartsWith("/store/model.safetensors", StringComparison.Ordinal);

    private static Func<FakeRequest, FakeAnswer?> Once(Func<FakeRequest, bool> which, Func<FakeRequest, FakeAnswer> answer)
    {
        bool done = false;
        return request =>
        {
            if (done || !which(request))
                return null;
            done = true;
            return answer(request);
        };
    }

    private void LeavePartial(byte[] bytes)
    {
        Directory.CreateDirectory(Path.Combine(Root, "blobs"));
        File.WriteAllBytes(Path.Combine(Root, "blobs", $"{_repository.Tag("model.safetensors")}.incomplete"), bytes);
    }

    private async Task<HubDownload> DownloadAsync(
        HubOptions? options = null, string revision = "main", string? output = null, string[]? include = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        using HubClient client = new(options ?? Options);
        return await client.DownloadAsync(HubRepository.Parse(FakeRepository.Id), revision, output, include ?? [], progress, cancellationToken);
    }

    private sealed class Collected(List<HubProgress> told, Action<HubProgress>? also = null) : IProgress<HubProgress>
    {
        public void Report(HubProgress value)
        {
            told.Add(value);
            also?.Invoke(value);
        }
    }

    /// <summary>A clock whose waits end immediately and are recorded.</summary>
    private sealed class RecordedWaits : TimeProvider
    {
        public List<TimeSpan> Waits { get; } = [];

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Waits.Add(dueTime);
            return base.CreateTimer(callback, state, TimeSpan.Zero, period);
        }
    }
}
