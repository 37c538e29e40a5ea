namespace Foreword.Models;

/// <summary>
/// Finds downloaded models in the cache that Hugging Face's tools share. A model is stored in <c>models--owner--name/</c> with <c>blobs/ETAG</c>,
/// <c>refs/REVISION</c> (a commit) and <c>snapshots/COMMIT/PATH</c>. This class only reads. <c>Foreword.Hub</c> fills the cache.
/// </summary>
internal static class HubCacheLayout
{
    private const int CommitLength = 40;

    /// <summary>Returns the directory of a downloaded model: the commit that its main branch had when it was last downloaded.</summary>
    /// <param name="id">The name of the model, OWNER/NAME.</param>
    /// <param name="variable">Returns the value of an environment variable, or null. The variables specify where the cache is.</param>
    /// <returns>The directory, or null if the model was not downloaded or the text is not the name of a model.</returns>
    public static string? Snapshot(string id, Func<string, string?> variable)
    {
        if (HubRepository.TryParse(id) is not { } repository)
            return null;
        string root = RepositoryDirectory(CacheDirectory(variable), repository);
        return CommitOf(root, "main") is { } commit ? DirectoryOf(root, commit) : null;
    }

    /// <summary>Returns the directory of a repository in a cache.</summary>
    public static string RepositoryDirectory(string cacheDirectory, HubRepository repository) => Path.Combine(Path.GetFullPath(cacheDirectory), repository.CacheName);

    /// <summary>Returns the directory of a commit's files in a repository's directory.</summary>
    public static string DirectoryOf(string root, string commit) => Path.Combine(root, "snapshots", commit);

    /// <summary>Returns the commit that a revision had when it was last downloaded, or null if its files are missing.</summary>
    /// <param name="root">The directory of the repository.</param>
    /// <param name="revision">A branch, a tag or a commit.</param>
    public static string? CommitOf(string root, string revision)
    {
        if (!StaysInside(revision))
            return null;
        string reference = Path.Combine(root, "refs", revision);
        string commit = IsCommit(revision) ? revision : File.Exists(reference) ? File.ReadAllText(reference).Trim() : "";
        return IsCommit(commit) && Directory.Exists(DirectoryOf(root, commit)) ? commit : null;
    }

    /// <summary>Returns whether the text is the full name of a commit.</summary>
    public static bool IsCommit(string text) => text.Length == CommitLength && text.All(char.IsAsciiHexDigitLower);

    /// <summary>
    /// Returns whether a path with <c>/</c> stays inside the directory that it is appended to, on every operating system. Such a path has no root,
    /// drive, <c>..</c>, backslash or character that file systems reject.
    /// </summary>
    public static bool StaysInside(string path) => path.Split('/').All(part =>
        part.Trim('.', ' ').Length > 0 && !part.Any(character => char.IsControl(character) || character is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|'));

    /// <summary>Returns the directory of the cache. HF_HUB_CACHE or HF_HOME can set it.</summary>
    public static string CacheDirectory(Func<string, string?> variable) =>
        First(variable, "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE") is { } cache ? Expanded(cache) : Path.Combine(HomeDirectory(variable), "hub");

    /// <summary>Returns the directory of Hugging Face's tools. HF_HOME can set it.</summary>
    public static string HomeDirectory(Func<string, string?> variable) => First(variable, "HF_HOME") is { } home
        ? Expanded(home)
        : Path.Combine(First(variable, "XDG_CACHE_HOME") ?? Path.Combine(UserDirectory, ".cache"), "huggingface");

    /// <summary>Returns the path with a leading <c>~</c> replaced by the user's directory.</summary>
    public static string Expanded(string path) => path == "~" || path.StartsWith("~/", StringComparison.Ordinal) ? UserDirectory + path[1..] : path;

    /// <summary>Returns the value of the first variable that is set and not empty, or null.</summary>
    public static string? First(Func<string, string?> variable, params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (variable(name) is { Length: > 0 } value)
                return value;
        }

        return null;
    }

    private static string UserDirectory => Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
}
