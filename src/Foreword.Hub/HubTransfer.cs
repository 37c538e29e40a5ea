using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using Foreword.Models;
using Microsoft.Extensions.Logging;

namespace Foreword.Hub;

/// <summary>Downloads one file into its partial file. It resumes where an earlier attempt ended, and checks the length and the hash.</summary>
internal sealed class HubTransfer(HubConnection connection, HubOptions options, HubRepository repository, Uri address, HubFile file, string partial, ILogger logger)
{
    private const int BufferSize = 1 << 18;

    /// <summary>If a connection delivered at least this many bytes before it broke, the file gets its full number of retries again.</summary>
    private const int Progress = 1 << 20;

    /// <summary>Downloads the missing bytes. Returns when the partial file is complete and has the right hash.</summary>
    /// <param name="retry">Repeats an attempt while it fails temporarily.</param>
    /// <param name="arrived">Receives the number of bytes that arrived, and the number of the file's bytes that are on disk.</param>
    /// <param name="cancellationToken">Cancels the download; the partial file is kept.</param>
    /// <exception cref="InvalidDataException">The content does not have the hash that the hub reported; the partial file is deleted.</exception>
    public async Task RunAsync(Func<Func<CancellationToken, Task<bool>>, Task<bool>> retry, Action<int, long> arrived, CancellationToken cancellationToken)
    {
        long before = PartialLength();
        bool resumed = before > 0;
        if (resumed)
            HubLog.Resuming(logger, file.Path, before);
        while (!await retry(token => AttemptAsync(arrived, token)).ConfigureAwait(false))
        {
            // the connection broke after it had delivered many bytes: continue with a fresh number of retries
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (file.Hash is not { } hash || hash.Fits(partial))
            return;
        File.Delete(partial);
        if (!resumed)
            throw new InvalidDataException($"{HubConnection.Shown(address)}: the content does not have the {(hash.IsSha256 ? "SHA-256" : "Git hash")} {hash.Text} that the hub announced; it was discarded");
        HubLog.Discarding(logger, file.Path);
        await RunAsync(retry, arrived, cancellationToken).ConfigureAwait(false); // the bytes that an earlier process had left were wrong
    }

    /// <summary>
    /// Sends one request. Returns true if the file is complete, and false if the connection broke after it had delivered many bytes.
    /// </summary>
    private async Task<bool> AttemptAsync(Action<int, long> arrived, CancellationToken cancellationToken)
    {
        long have = PartialLength();
        if (file.Size is { } size && have >= size)
        {
            if (have == size)
                return true;
            File.Delete(partial);
            have = 0;
        }

        using HttpResponseMessage response = await connection.SendAsync(HttpMethod.Get, address, repository, have, staysAtHub: false, cancellationToken).ConfigureAwait(false);
        if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
        {
            File.Delete(partial);
            throw new TransientHubException($"{HubConnection.Shown(address)}: the partial download of {file.Path} does not match the file");
        }

        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        bool goesOn = response.StatusCode == HttpStatusCode.PartialContent;
        if (goesOn && range?.From != have)
            throw new HubException($"{HubConnection.Shown(address)}: the bytes from {have} on were requested, but the response begins at {range?.From?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "an unknown position"}");
        long? total = file.Size ?? (goesOn ? range!.Length : response.Content.Headers.ContentLength);
        RequireRoom((total ?? 0) - have);
        long start = goesOn ? have : 0;
        try
        {
            await CopyAsync(response, start, total, arrived, cancellationToken).ConfigureAwait(false);
        }
        catch (TransientHubException) when (PartialLength() - start >= Progress)
        {
            return false;
        }

        long length = PartialLength();
        if (total is { } whole && length != whole)
            throw new TransientHubException($"{HubConnection.Shown(address)}: {length} bytes were received; the hub announced {whole}");
        return true;
    }

    private async Task CopyAsync(HttpResponseMessage response, long start, long? total, Action<int, long> arrived, CancellationToken cancellationToken)
    {
        FileStream output = new(partial, FileMode.OpenOrCreate, FileAccess.Write, FileShare.Read, bufferSize: 0);
        await using (output.ConfigureAwait(false))
        {
            output.SetLength(start);
            output.Position = start;
            using Stream input = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            byte[] buffer = new byte[BufferSize];
            for (int read; (read = await ReadAsync(input, buffer, cancellationToken).ConfigureAwait(false)) > 0;)
            {
                if (output.Position + read > total)
                {
                    output.SetLength(0);
                    throw new InvalidDataException($"{HubConnection.Shown(address)}: more bytes were received than the {total} that the hub announced");
                }

                await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                arrived(read, output.Position);
            }

            output.Flush(flushToDisk: true);
        }
    }

    /// <summary>Reads from the connection. Only failures of the connection are worth a retry, not those of the disk.</summary>
    private async Task<int> ReadAsync(Stream input, byte[] buffer, CancellationToken cancellationToken)
    {
        using CancellationTokenSource patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(options.StallTimeout);
        try
        {
            return await input.ReadAsync(buffer, patience.Token).ConfigureAwait(false);
        }
        catch (Exception problem) when (problem is IOException or HttpRequestException)
        {
            throw new TransientHubException($"{HubConnection.Shown(address)}: the connection broke ({problem.Message})", problem);
        }
        catch (OperationCanceledException problem) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientHubException($"{HubConnection.Shown(address)} sent nothing for {options.StallTimeout.TotalSeconds:0} seconds", problem);
        }
    }

    private long PartialLength() => new FileInfo(partial) is { Exists: true } found ? found.Length : 0;

    private void RequireRoom(long bytes)
    {
        DriveInfo drive = new(Path.GetFullPath(partial));
        if (drive.IsReady && drive.AvailableFreeSpace < bytes)
            throw new IOException(string.Create(CultureInfo.InvariantCulture, $"{file.Path} needs {bytes / 1e6:N1} MB more, but the disk of {Path.GetDirectoryName(partial)} has only {drive.AvailableFreeSpace / 1e6:N1} MB left"));
    }
}
