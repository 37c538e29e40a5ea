namespace Foreword.Hub;

/// <summary>A place where files of a repository are stored.</summary>
internal interface IHubStore
{
    /// <summary>Returns the directory that holds the files of a commit after they were downloaded.</summary>
    string DirectoryOf(string commit);

    /// <summary>Checks whether the complete file is already stored.</summary>
    /// <param name="commit">The commit.</param>
    /// <param name="file">The file.</param>
    /// <param name="name">The name of the content, which is its ETag and safe as a file name; null if only the listing was read.</param>
    bool Has(string commit, HubFile file, string? name);

    /// <summary>Prevents other processes from downloading the same content.</summary>
    /// <exception cref="IOException">Another process is downloading it.</exception>
    IDisposable Lock(HubFile file, string name);

    /// <summary>
    /// Returns the path of the partial file. A partial file that an earlier process left is continued. Its directory exists.
    /// </summary>
    string PartialPath(HubFile file, string name);

    /// <summary>Moves the complete file to its final path.</summary>
    void Keep(string commit, HubFile file, string name);

    /// <summary>Records that all requested files are stored, and that the revision is this commit.</summary>
    void Finish(string commit, string revision);
}
