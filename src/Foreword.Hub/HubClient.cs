using Foreword.Models;
using Polly;
using Polly.Retry;

namespace Foreword.Hub;

/// <summary>
/// Downloads models from a Hugging Face hub into the cache that Hugging Face's tools share, or into a directory. Requests that fail temporarily are
/// retried, and interrupted downloads are resumed. Every hash that the hub reports is checked.
/// </summary>
public sealed class HubClient : IDisposable
{
    private static readonly TimeSpan MaxDelay = TimeSpan.FromSeconds(30);

    /// <summary>Longest <c>Retry-After</c> that is accepted. If the hub requests a longer wait, the request fails.</summary>
    private static readonly TimeSpan MaxRetryAfter = TimeSpan.FromMinutes(2);

    private readonly HubOptions _options;
    private readonly HubConnection _connection;
    private readonly ResiliencePipeline _retry;

    /// <summary>Creates a client. No request is sent yet.</summary>
    /// <param name="options">The hub, the token and the cache; those of the environment variables where null.</param>
    /// <exception cref="ArgumentException">HF_ENDPOINT is not an http or https address.</exception>
    public HubClient(HubOptions? options = null)
    {
        options ??= HubOptions.FromEnvironment();
        _options = options;
        _connection = new HubConnection(options);
        _retry = Retry(options);
    }

    /// <inheritdoc/>
    public void Dispose() => _connection.Dispose();

    /// <summary>Downloads the files of a repository that a GPT needs, or those that match the patterns.</summary>
    /// <param name="repository">The model.</param>
    /// <param name="revision">A branch, a tag or a commit.</param>
    /// <param name="directory">The target directory; null leaves the files in the cache.</param>
    /// <param name="include">
    /// Patterns such as <c>*.gguf</c> or <c>**</c>. If null or empty, the configuration, the tokenizer and the weights in one format are downloaded.
    /// </param>
    /// <param name="progress">Receives progress reports; null for none.</param>
    /// <param name="cancellationToken">Cancels the download. Partial files are kept, and the next download resumes from them.</param>
    /// <exception cref="ArgumentException"><paramref name="revision"/> cannot be the name of a branch, a tag or a commit.</exception>
    /// <exception cref="HubException">The hub refuses a request, or cannot be reached.</exception>
    /// <exception cref="InvalidDataException">A response of the hub is invalid, or the repository has no model.</exception>
    /// <exception cref="IOException">
    /// The disk is full, another process is downloading the same file, or the client is offline and the cache does not hold the model.
    /// </exception>
    public async Task<HubDownload> DownloadAsync(
        HubRepository repository, string revision = "main", string? directory = null, IReadOnlyList<string>? include = null, IProgress<HubProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(repository);
        ArgumentNullException.ThrowIfNull(revision);
        if (!HubCacheLayout.StaysInside(revision))
            throw new ArgumentException($"'{revision}' is not a revision: a branch, tag or commit", nameof(revision));
        HubCache cache = new(_options.CacheDirectory, repository);
        IHubStore store = directory is null ? cache : new HubDirectory(directory, cache);
        HubListing listing = _options.Offline ? Cached(cache, repository, revision) : await ListAsync(repository, revision, cancellationToken).ConfigureAwait(false);
        IReadOnlyList<HubFile> files = ModelSelection.Choose(repository.Id, listing.Files, include ?? []);
        ProgressSum sum = new(files, progress);
        int downloaded = 0;
        foreach (HubFile file in files)
        {
            sum.Begin(file);
            if (!store.Has(listing.Commit, file, file.Hash?.Text) && await FetchAsync(repository, listing.Commit, file, store, sum.Arrived, cancellationToken).ConfigureAwait(false))
                downloaded++;
        }

        store.Finish(listing.Commit, revision);
        return new HubDownload(repository, listing.Commit, store.DirectoryOf(listing.Commit), [.. files.Select(file => file.Path)], downloaded, sum.Total);
    }

    /// <summary>Lists the files of a revision, and returns the commit that the revision currently is.</summary>
    /// <param name="repository">The model.</param>
    /// <param name="revision">A branch, a tag or a commit.</param>
    /// <param name="cancellationToken">Cancels the request.</param>
    /// <exception cref="HubException">The hub refuses the request, or cannot be reached.</exception>
    /// <exception cref="InvalidDataException">The response is not a listing, or a path in it would leave the target directory.</exception>
    public async Task<HubListing> ListAsync(HubRepository repository, string revision, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(repository);
        Uri address = _connection.Address($"api/models/{repository.Id}/revision/{Uri.EscapeDataString(revision)}?blobs=true");
        byte[] answer = await _retry.ExecuteAsync(async token =>
        {
            using HttpResponseMessage response = await _connection.SendAsync(HttpMethod.Get, address, repository, 0, staysAtHub: false, token).ConfigureAwait(false);
            try
            {
                return await response.Content.ReadAsByteArrayAsync(token).ConfigureAwait(false);
            }
            catch (HttpRequestException problem)
            {
                throw new TransientHubException($"{HubConnection.Shown(address)}: the connection broke ({problem.Message})", problem);
            }
        }, cancellationToken).ConfigureAwait(false);
        return HubListingReader.Read(HubConnection.Shown(address), answer);
    }

    /// <summary>Downloads a file into the store. Returns false if the store turned out to have the content already.</summary>
    private async Task<bool> FetchAsync(HubRepository repository, string commit, HubFile file, IHubStore store, Action<int, long> arrived, CancellationToken cancellationToken)
    {
        Uri address = _connection.Address($"{repository.Id}/resolve/{commit}/{string.Join('/', file.Path.Split('/').Select(Uri.EscapeDataString))}");
        HubFileHead head = await _retry.ExecuteAsync(async token => await HeadAsync(repository, commit, file, address, token).ConfigureAwait(false), cancellationToken).ConfigureAwait(false);
        HubFile known = file with { Size = file.Size ?? head.Size, Hash = file.Hash ?? HubHash.TryParse(head.Name) };
        if (store.Has(commit, known, head.Name))
            return false;
        using IDisposable held = store.Lock(known, head.Name);
        HubTransfer transfer = new(_connection, _options, repository, address, known, store.PartialPath(known, head.Name));
        await transfer.RunAsync(attempt => _retry.ExecuteAsync(async token => await attempt(token).ConfigureAwait(false), cancellationToken).AsTask(), arrived, cancellationToken).ConfigureAwait(false);
        store.Keep(commit, known, head.Name);
        return true;
    }

    /// <summary>
    /// Requests a file's headers. A redirect to the host of large files is not followed, because its own headers describe the file.
    /// </summary>
    private async Task<HubFileHead> HeadAsync(HubRepository repository, string commit, HubFile file, Uri address, CancellationToken cancellationToken)
    {
        using HttpResponseMessage response = await _connection.SendAsync(HttpMethod.Head, address, repository, 0, staysAtHub: true, cancellationToken).ConfigureAwait(false);
        if (HubConnection.Header(response, "X-Repo-Commit") is { } answered && answered != commit)
            throw new InvalidDataException($"{HubConnection.Shown(address)}: the response is for commit {answered}");
        return HubFileHead.Read(response, HubConnection.Shown(address), file);
    }

    private static HubListing Cached(HubCache cache, HubRepository repository, string revision)
    {
        string commit = cache.CommitOf(revision)
            ?? throw new IOException($"offline, and the cache holds no revision '{revision}' of {repository} ({cache.Root})");
        return new HubListing(commit, cache.Files(commit));
    }

    private static ResiliencePipeline Retry(HubOptions options)
    {
        if (options.Retries == 0)
            return ResiliencePipeline.Empty;
        ResiliencePipelineBuilder builder = new() { TimeProvider = options.Time };
        return builder.AddRetry(new RetryStrategyOptions
        {
            ShouldHandle = new PredicateBuilder().Handle<TransientHubException>(problem => problem.RetryAfter is null || problem.RetryAfter <= MaxRetryAfter),
            MaxRetryAttempts = options.Retries,
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            Delay = options.FirstDelay,
            MaxDelay = MaxDelay,
            DelayGenerator = static arguments => ValueTask.FromResult((arguments.Outcome.Exception as TransientHubException)?.RetryAfter),
        }).Build();
    }

    /// <summary>Adds up the files' progress to the progress of the whole download.</summary>
    private sealed class ProgressSum(IReadOnlyList<HubFile> files, IProgress<HubProgress>? progress)
    {
        private HubFile? _file;
        private long _before;
        private long _here;
        private long _arrived;

        public long Total { get; private set; } = files.Sum(file => file.Size ?? 0);

        public void Begin(HubFile file)
        {
            _before += _file?.Size ?? _here;
            _file = file;
            _here = 0;
            Tell();
        }

        /// <summary>Reports that bytes arrived. <paramref name="there"/> is the number of the file's bytes that are now on disk.</summary>
        public void Arrived(int bytes, long there)
        {
            _arrived += bytes;
            _here = there;
            if (_file!.Size is null)
                Total = Math.Max(Total, _before + there);
            Tell();
        }

        private void Tell() => progress?.Report(new HubProgress(_file!.Path, _before + _here, _arrived, Total));
    }
}

/// <summary>The result of a download.</summary>
/// <param name="Repository">The model.</param>
/// <param name="Commit">The commit of the revision.</param>
/// <param name="Directory">The directory of the files, which is a model directory.</param>
/// <param name="Files">The paths of the files in the directory.</param>
/// <param name="Downloaded">Number of files that had to be downloaded.</param>
/// <param name="Bytes">Total size of the files in bytes.</param>
public sealed record HubDownload(HubRepository Repository, string Commit, string Directory, IReadOnlyList<string> Files, int Downloaded, long Bytes);
