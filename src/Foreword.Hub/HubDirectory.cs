using Foreword.IO;

namespace Foreword.Hub;

/// <summary>An ordinary directory as the target of a repository's files. An existing file is kept if its hash is that of the hub's file.</summary>
internal sealed class HubDirectory : IHubStore
{
    private readonly string _directory;
    private readonly HubCache _cache;

    /// <summary>Creates the object. Nothing is created on disk.</summary>
    /// <param name="directory">The directory.</param>
    /// <param name="cache">The cache. Files that it holds are copied instead of being downloaded.</param>
    public HubDirectory(string directory, HubCache cache)
    {
        _directory = directory;
        _cache = cache;
    }

    /// <inheritdoc/>
    public string DirectoryOf(string commit) => _directory;

    /// <inheritdoc/>
    public bool Has(string commit, HubFile file, string? name)
    {
        string path = TargetPath(file);
        if (File.Exists(path) && file.Hash is { } hash && hash.Fits(path))
            return true;
        if (!_cache.Has(commit, file, name))
            return false;
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using FileStream cached = File.OpenRead(Path.Combine(_cache.DirectoryOf(commit), file.Path));
        DurableFile.Replace(path, cached.CopyTo);
        return true;
    }

    /// <inheritdoc/>
    public IDisposable Lock(HubFile file, string name)
    {
        return _cache.Lock(file, name);
    }

    /// <inheritdoc/>
    public string PartialPath(HubFile file, string name)
    {
        string path = TargetPath(file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return Path.Combine(Path.GetDirectoryName(path)!, $".{Path.GetFileName(path)}.{name}.incomplete");
    }

    /// <inheritdoc/>
    public void Keep(string commit, HubFile file, string name)
    {
        File.Move(PartialPath(file, name), TargetPath(file), overwrite: true);
    }

    /// <inheritdoc/>
    public void Finish(string commit, string revision)
    {
        // nothing to do: a directory records no revision
    }

    private string TargetPath(HubFile file) => Path.Combine(_directory, file.Path);
}
