namespace Foreword.IO;

/// <summary>
/// A directory that is built beside its target and replaces the target when it is complete. Until then the target does not change. A failure
/// leaves no files. If the process is killed, the next attempt deletes what it left.
/// </summary>
public sealed class StagedDirectory : IDisposable
{
    private const string Deleted = "deleted";

    private readonly string _target;
    private readonly string _previous;
    private readonly FileStream _lock;
    private bool _isKept;

    private StagedDirectory(string target, FileStream held)
    {
        _target = target;
        _previous = Beside(target, "previous");
        _lock = held;
        Path = Beside(target, "partial");
    }

    /// <summary>Gets the path of the directory to write into.</summary>
    public string Path { get; }

    /// <summary>Creates an empty directory beside <paramref name="target"/>. Missing parent directories are created.</summary>
    /// <param name="target">The path that the directory gets when it is complete.</param>
    /// <exception cref="IOException">Another process is building the same directory, or the directory cannot be created.</exception>
    public static StagedDirectory Start(string target) => Start(target, _ => false);

    /// <summary>
    /// Creates the directory, or continues with the one that a killed process left if <paramref name="isUsable"/> returns true for its path.
    /// </summary>
    /// <inheritdoc cref="Start(string)" path="/exception"/>
    internal static StagedDirectory Start(string target, Func<string, bool> isUsable)
    {
        string full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(target));
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(full) ?? throw new IOException($"{target} cannot be replaced: it has no parent directory"));
        FileStream held;
        try
        {
            held = new FileStream(Beside(full, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (IOException problem) when (File.Exists(Beside(full, "lock")))
        {
            throw new IOException($"another process is writing {target}", problem);
        }

        StagedDirectory staged = new(full, held);
        try
        {
            staged.RecoverFromKill(isUsable);
            Directory.CreateDirectory(staged.Path);
            return staged;
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Moves the directory to the target, where there must be nothing or an empty directory.</summary>
    /// <exception cref="IOException">The target already exists and is left unchanged, or the directory cannot be moved.</exception>
    public void Commit()
    {
        if (Directory.Exists(_target) && !Directory.EnumerateFileSystemEntries(_target).Any())
            Directory.Delete(_target);
        if (System.IO.Path.Exists(_target))
            throw new IOException($"{_target} already exists");
        Directory.Move(Path, _target);
    }

    /// <summary>Moves the directory to the target and deletes the directory that was there. The caller has checked that it may be deleted.</summary>
    /// <exception cref="IOException">The directory cannot be moved; the old directory stays.</exception>
    public void Replace()
    {
        if (!Directory.Exists(_target))
        {
            Commit();
            return;
        }

        Directory.Move(_target, _previous);
        try
        {
            Directory.Move(Path, _target);
        }
        catch
        {
            Directory.Move(_previous, _target);
            throw;
        }

        DeleteIfThere(_previous);
    }

    /// <summary>Keeps the directory when this object is disposed, for another attempt that can use it.</summary>
    internal void Keep() => _isKept = true;

    /// <summary>Deletes the directory unless it was committed or is kept, and releases the lock.</summary>
    public void Dispose()
    {
        if (!_isKept)
            DeleteIfThere(Path);
        _lock.Dispose();
    }

    /// <summary>Deletes a directory under a hidden name. A process that is killed meanwhile leaves no partly deleted directory under the old name.</summary>
    /// <param name="path">The directory.</param>
    /// <exception cref="IOException">The directory cannot be renamed or deleted.</exception>
    internal static void Delete(string path)
    {
        string deleted = Beside(System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path)), Deleted);
        DeleteIfThere(deleted);
        Directory.Move(path, deleted);
        Directory.Delete(deleted, recursive: true);
    }

    /// <summary>Deletes what killed processes left while they built directories inside <paramref name="parent"/>.</summary>
    /// <param name="parent">The directory that contains the targets.</param>
    /// <exception cref="IOException">Something cannot be deleted.</exception>
    public static void ClearLeftovers(string parent)
    {
        ArgumentNullException.ThrowIfNull(parent);
        foreach (string leftover in Directory.GetDirectories(parent, $".*.{Deleted}"))
            Directory.Delete(leftover, recursive: true);
        foreach (string kind in (string[])["partial", "previous"])
        {
            foreach (string leftover in Directory.GetDirectories(parent, $".*.{kind}"))
                Start(System.IO.Path.Combine(parent, System.IO.Path.GetFileName(leftover)[1..^(kind.Length + 1)])).Dispose();
        }
    }

    /// <summary>
    /// Deletes or restores what a killed process left. A kill between the two moves of <see cref="Replace"/> leaves the old target under its second name.
    /// </summary>
    private void RecoverFromKill(Func<string, bool> isUsable)
    {
        if (Directory.Exists(Path) && !isUsable(Path))
            Directory.Delete(Path, recursive: true);
        if (Directory.Exists(_previous) && !Directory.Exists(_target))
            Directory.Move(_previous, _target);
        DeleteIfThere(_previous);
    }

    private static void DeleteIfThere(string directory)
    {
        if (Directory.Exists(directory))
            Directory.Delete(directory, recursive: true);
    }

    /// <summary>Returns the path of a hidden sibling. It is on the same file system, so moving it is one atomic step.</summary>
    private static string Beside(string full, string what) =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(full)!, $".{System.IO.Path.GetFileName(full)}.{what}");
}
