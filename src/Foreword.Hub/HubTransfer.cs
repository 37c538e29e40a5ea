using System.Net;
using System.Net.Http.Headers;
using Foreword.Models;

namespace Foreword.Hub;

/// <summary>Brings one file into its partial file: goes on where an earlier attempt ended, and checks length and hash.</summary>
internal sealed class HubTransfer(HubConnection connection, HubOptions options, HubRepository repository, Uri address, HubFile file, string partial)
{
    private const int BufferSize = 1 << 18;

    /// <summary>A connection that brought as much has earned the file its full number of retries again.</summary>
    private const int Progress = 1 << 20;

    /// <summary>Fetches what is missing; returns when the partial file is whole and has its hash.</summary>
    /// <param name="retry">Runs an attempt again while it fails for the moment.</param>
    /// <param name="arrived">Is told how many bytes came, and how many of the file are there.</param>
    /// <param name="cancellationToken">Ends it; the partial file stays.</param>
    /// <exception cref="InvalidDataException">The content is not what the hub announced; the partial file is deleted.</exception>
    public async Task RunAsync(Func<Func<CancellationToken, Task<bool>>, Task<bool>> retry, Action<int, long> arrived, CancellationToken cancellationToken)
    {
        bool resumed = PartialLength() > 0;
        while (!await retry(token => AttemptAsync(arrived, token)).ConfigureAwait(false))
        {
            // the connection broke after it brought much: on with a fresh number of retries
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (file.Hash is not { } hash || hash.Fits(partial))
            return;
        File.Delete(partial);
        if (!resumed)
            throw new InvalidDataException($"{HubConnection.Shown(address)}: the content does not have the {(hash.IsSha256 ? "SHA-256" : "Git hash")} {hash.Text} that the hub announces; it was thrown away");
        await RunAsync(retry, arrived, cancellationToken).ConfigureAwait(false); // what an earlier process left was bad
    }

    /// <summary>One request; true when the file is whole, false when the connection broke but brought much.</summary>
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
            throw new TransientHubException($"{HubConnection.Shown(address)}: what was there of {file.Path} does not fit the file");
        }

        ContentRangeHeaderValue? range = response.Content.Headers.ContentRange;
        bool goesOn = response.StatusCode == HttpStatusCode.PartialContent;
        if (goesOn && range?.From != have)
            throw new HubException($"{HubConnection.Shown(address)}: asked for the bytes from {have} on, the answer begins at {range?.From?.ToString(System.Globalization.CultureInfo.InvariantCulture) ?? "no known place"}");
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
            throw new TransientHubException($"{HubConnection.Shown(address)}: {length} bytes came; the hub announces {whole}");
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
                    throw new InvalidDataException($"{HubConnection.Shown(address)}: more bytes come than the {total} that the hub announces");
                }

                await output.WriteAsync(buffer.AsMemory(0, read), cancellationToken).ConfigureAwait(false);
                arrived(read, output.Position);
            }

            output.Flush(flushToDisk: true);
        }
    }

    /// <summary>Reads from the connection; only its own failures are worth another try, not those of the disk.</summary>
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
            throw new IOException($"{file.Path} needs {bytes / 1e6:N1} MB more, but the disk of {Path.GetDirectoryName(partial)} has only {drive.AvailableFreeSpace / 1e6:N1} MB left");
    }
}
