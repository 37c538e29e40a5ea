using System.Text;
using Foreword.Torch.Runs;

namespace Foreword.Studies.Grid;

/// <summary>
/// Holds the run of a cell that trains, in a directory of its own, which one process at a time uses. A file in it says what the run was begun for, so
/// that a cell with another recipe, model or data never goes on from it.
/// </summary>
internal sealed class CellRun : IDisposable
{
    /// <summary>The name of the file that holds the fingerprint of the cell.</summary>
    public const string FileName = "cell.txt";

    private readonly StudyLock _lock;

    private CellRun(RunDirectory directory, bool isBegun, StudyLock held) => (Directory, IsBegun, _lock) = (directory, isBegun, held);

    /// <summary>Gets the directory of the run.</summary>
    public RunDirectory Directory { get; }

    /// <summary>Gets whether an earlier process began the run, which then goes on.</summary>
    public bool IsBegun { get; }

    /// <summary>Opens the run of a cell, or creates its directory.</summary>
    /// <param name="cell">The cell.</param>
    /// <param name="runs">The directory of all runs of the study.</param>
    /// <exception cref="InvalidDataException">The run was begun for another recipe, model or data.</exception>
    /// <exception cref="IOException">Another process computes the cell, or the directory cannot be created.</exception>
    public static CellRun Open(StudyCell cell, string runs)
    {
        ArgumentNullException.ThrowIfNull(cell);
        string path = PathOf(cell, runs);
        System.IO.Directory.CreateDirectory(path);
        StudyLock held = StudyLock.Take(Path.Combine(path, FileName), $"another process computes the cell '{cell.Name}' in {path}; wait for its end");
        try
        {
            bool isBegun = RunDirectory.HoldsRun(path);
            CheckFingerprint(held.File, cell, path);
            return new CellRun(isBegun ? RunDirectory.Open(path) : RunDirectory.Create(path), isBegun, held);
        }
        catch
        {
            held.Dispose();
            throw;
        }
    }

    /// <summary>Deletes the run of a cell if there is one.</summary>
    /// <param name="cell">The cell, whose result is stored.</param>
    /// <param name="runs">The directory of all runs of the study.</param>
    /// <exception cref="IOException">A file cannot be deleted.</exception>
    public static void Delete(StudyCell cell, string runs)
    {
        ArgumentNullException.ThrowIfNull(cell);
        string path = PathOf(cell, runs);
        if (System.IO.Directory.Exists(path))
            System.IO.Directory.Delete(path, recursive: true);
    }

    /// <inheritdoc/>
    public void Dispose() => _lock.Dispose();

    private static string PathOf(StudyCell cell, string runs) => Path.Combine(runs, cell.DirectoryName);

    /// <summary>Compares the fingerprint with that in the file. An empty file, which is new or that of an earlier version, receives it.</summary>
    private static void CheckFingerprint(FileStream file, StudyCell cell, string path)
    {
        using StreamReader reader = new(file, Encoding.UTF8, leaveOpen: true);
        string begun = reader.ReadToEnd().Trim();
        if (begun.Length > 0 && begun != cell.Fingerprint)
            throw new InvalidDataException($"{path}: the run of the cell '{cell.Name}' was begun with another recipe, model or data; use another directory, or delete this run to compute the cell anew");
        file.SetLength(0);
        file.Write(Encoding.UTF8.GetBytes($"{cell.Fingerprint}\n"));
        file.Flush(flushToDisk: true);
    }
}
