using Foreword.IO;
using Foreword.Models;

namespace Foreword.Hub;

/// <summary>
/// One repository in the cache that Hugging Face's tools share. The directory <c>models--owner--name/</c> holds <c>blobs/ETAG</c>,
/// <c>refs/REVISION</c> (which contains a commit) and <c>snapshots/COMMIT/PATH</c>. Snapshots are relative links to blobs, or copies if links cannot
/// be created.
/// </summary>
internal sealed class HubCache : IHubStore
{
    private readonly string _root;
    private readonly string _locks;

    /// <summary>Creates the object. Nothing is created on disk.</summary>
    public HubCache(string cacheDirectory, HubRepository repository)
    {
        _root = HubCacheLayout.RepositoryDirectory(cacheDirectory, repository);
        _locks = Path.Combine(Path.GetFullPath(cacheDirectory), ".locks", repository.CacheName);
    }

    /// <summary>Gets the repository's directory.</summary>
    public string Root => _root;

    /// <inheritdoc/>
    public string DirectoryOf(string commit) => HubCacheLayout.DirectoryOf(_root, commit);

    /// <summary>Returns the commit of a revision when it was last downloaded; null if its files are missing.</summary>
    /// <param name="revision">A branch, a tag or a commit.</param>
    public string? CommitOf(string revision) => HubCacheLayout.CommitOf(_root, revision);

    /// <summary>Lists the files of a commit that are in the cache.</summary>
    public IReadOnlyList<HubFile> Files(string commit)
    {
        string directory = DirectoryOf(commit);
        return [.. Directory.EnumerateFiles(directory, "*", SearchOption.AllDirectories)
            .Where(File.Exists) // skips a link whose blob was deleted
            .Select(path => new HubFile(Path.GetRelativePath(directory, path).Replace(Path.DirectorySeparatorChar, '/'), null, null))
            .OrderBy(file => file.Path, StringComparer.Ordinal)];
    }

    /// <inheritdoc/>
    public bool Has(string commit, HubFile file, string? name)
    {
        if (IsWhole(Path.Combine(DirectoryOf(commit), file.Path), file))
            return true;
        if (name is null || !IsWhole(BlobPath(name), file))
            return false;
        Link(commit, file, name); // the blob was downloaded for another commit or by another tool
        return true;
    }

    /// <inheritdoc/>
    public IDisposable Lock(HubFile file, string name)
    {
        return HubLock.Take(Path.Combine(_locks, $"{name}.lock"), file.Path);
    }

    /// <inheritdoc/>
    public string PartialPath(HubFile file, string name)
    {
        string path = $"{BlobPath(name)}.incomplete";
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return path;
    }

    /// <inheritdoc/>
    public void Keep(string commit, HubFile file, string name)
    {
        File.Move(PartialPath(file, name), BlobPath(name), overwrite: true);
        Link(commit, file, name);
    }

    /// <inheritdoc/>
    public void Finish(string commit, string revision)
    {
        if (revision == commit)
            return;
        string path = Path.Combine(_root, "refs", revision);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        DurableFile.Replace(path, stream => stream.Write(System.Text.Encoding.ASCII.GetBytes(commit)));
    }

    private string BlobPath(string name) => Path.Combine(_root, "blobs", name);

    private static bool IsWhole(string path, HubFile file)
    {
        FileInfo found = new(path);
        if (found.LinkTarget is not null)
            found = found.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? found;
        return found.Exists && (file.Size is null || found.Length == file.Size);
    }

    private void Link(string commit, HubFile file, string name)
    {
        string path = Path.Combine(DirectoryOf(commit), file.Path);
        string directory = Path.GetDirectoryName(path)!;
        Directory.CreateDirectory(directory);
        try
        {
            // one atomic step, because another process may do the same; it replaces a link to a deleted blob, or an incomplete copy
            DurableFile.ReplaceBy(path, link => File.CreateSymbolicLink(link, Path.GetRelativePath(directory, BlobPath(name))));
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            using FileStream blob = File.OpenRead(BlobPath(name));
            DurableFile.Replace(path, blob.CopyTo);
        }
    }
}
