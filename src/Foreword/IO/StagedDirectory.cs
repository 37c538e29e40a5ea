namespace Foreword.IO;

/// <summary>
/// A directory that is built beside its target and takes its place when it is complete. Until then the target stays
/// as it was; a failure leaves no trace, and what a kill leaves is cleared away by the next attempt.
/// </summary>
public sealed class StagedDirectory : IDisposable
{
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

    /// <summary>The directory to write into.</summary>
    public string Path { get; }

    /// <summary>Begins an empty directory beside <paramref name="target"/>, whose parents are made where they are missing.</summary>
    /// <exception cref="IOException">Another process is building the same directory, or the directory cannot be made.</exception>
    public static StagedDirectory Begin(string target) => Begin(target, _ => false);

    /// <summary>The same, but goes on with what a killed process left where <paramref name="isUsable"/> says so of its path.</summary>
    /// <inheritdoc cref="Begin(string)" path="/exception"/>
    internal static StagedDirectory Begin(string target, Func<string, bool> isUsable)
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

    /// <summary>Puts the directory in the target's place, where there is nothing, or an empty directory.</summary>
    /// <exception cref="IOException">Something is there, which stays, or the directory cannot be moved.</exception>
    public void Commit()
    {
        if (Directory.Exists(_target) && !Directory.EnumerateFileSystemEntries(_target).Any())
            Directory.Delete(_target);
        if (System.IO.Path.Exists(_target))
            throw new IOException($"{_target} exists already");
        Directory.Move(Path, _target);
    }

    /// <summary>Puts the directory in the target's place and deletes the directory that was there: the caller knows that it may.</summary>
    /// <exception cref="IOException">The directory cannot be moved; what was there stays.</exception>
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

    /// <summary>Leaves the directory where it is, for another attempt that can use it.</summary>
    internal void Keep() => _isKept = true;

    /// <summary>Deletes the directory unless it was committed or is kept.</summary>
    public void Dispose()
    {
        if (!_isKept)
            DeleteIfThere(Path);
        _lock.Dispose();
    }

    /// <summary>Clears away what processes left that were killed while building directories inside <paramref name="parent"/>.</summary>
    /// <exception cref="IOException">Something cannot be deleted.</exception>
    public static void ClearLeftovers(string parent)
    {
        ArgumentNullException.ThrowIfNull(parent);
        foreach (string kind in (string[])["partial", "previous"])
        {
            foreach (string leftover in Directory.GetDirectories(parent, $".*.{kind}"))
                Begin(System.IO.Path.Combine(parent, System.IO.Path.GetFileName(leftover)[1..^(kind.Length + 1)])).Dispose();
        }
    }

    /// <summary>A kill between the two moves of <see cref="Replace"/> leaves the target under its second name.</summary>
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

    /// <summary>A hidden sibling, so on the same file system: moving it is one atomic step.</summary>
    private static string Beside(string full, string what) =>
        System.IO.Path.Combine(System.IO.Path.GetDirectoryName(full)!, $".{System.IO.Path.GetFileName(full)}.{what}");
}
