namespace Foreword.Hub;

/// <summary>A place that files of a repository go to.</summary>
internal interface IHubStore
{
    /// <summary>The directory that holds the files of a commit when they are there.</summary>
    string DirectoryOf(string commit);

    /// <summary>Whether the file is there already, whole.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="file">The file.</param>
    /// <param name="name">What its content is called: its ETag, safe as a file's name; null where only the listing was read.</param>
    bool Has(string commit, HubFile file, string? name);

    /// <summary>Holds off other processes that would download the same content.</summary>
    /// <exception cref="IOException">One is at it.</exception>
    IDisposable Lock(HubFile file, string name);

    /// <summary>Where the file grows until it is whole; what an earlier process left there is gone on with. Its directory exists.</summary>
    string PartialPath(HubFile file, string name);

    /// <summary>Puts the whole file in its place.</summary>
    void Keep(string commit, HubFile file, string name);

    /// <summary>Records that everything asked for is there, and that the revision is this commit.</summary>
    void Finish(string commit, string revision);
}
