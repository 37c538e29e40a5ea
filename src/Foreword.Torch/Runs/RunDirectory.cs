using System.Globalization;
using Foreword.IO;

namespace Foreword.Torch.Runs;

/// <summary>A complete checkpoint of a run.</summary>
/// <param name="Step">Updates made before it was saved.</param>
/// <param name="Path">Its directory, <c>checkpoint-N</c>.</param>
public sealed record RunCheckpoint(int Step, string Path);

/// <summary>
/// The layout of a run: <c>recipe.yaml</c>, <c>metrics.jsonl</c>, TensorBoard events, <c>loss.svg</c>, <c>loss.png</c>,
/// <c>checkpoint-N/</c> and <c>best/</c>. What is being written or deleted has a hidden name of its own, so whatever has its
/// final name is complete.
/// </summary>
public sealed class RunDirectory
{
    /// <summary>The name of the resolved recipe's file.</summary>
    public const string RecipeName = "recipe.yaml";

    private const string TemporaryPrefix = ".tmp-";
    private const string CheckpointPrefix = "checkpoint-";

    private RunDirectory(string path) => Path = path;

    /// <summary>The directory.</summary>
    public string Path { get; }

    /// <summary>The resolved recipe.</summary>
    public string RecipePath => In(RecipeName);

    /// <summary>The logged numbers, see <see cref="RunMetrics"/>.</summary>
    public string MetricsPath => In("metrics.jsonl");

    /// <summary>The loss curves as SVG.</summary>
    public string LossSvgPath => In("loss.svg");

    /// <summary>The loss curves as PNG.</summary>
    public string LossPngPath => In("loss.png");

    /// <summary>The model with the lowest validation loss.</summary>
    public string BestPath => In("best");

    /// <summary>The complete checkpoints, oldest step first.</summary>
    public IReadOnlyList<RunCheckpoint> Checkpoints =>
        [.. Directory.EnumerateDirectories(Path, CheckpointPrefix + "*")
            .Select(path => (Path: path, Step: StepOf(System.IO.Path.GetFileName(path))))
            .Where(found => found.Step is not null)
            .Select(found => new RunCheckpoint(found.Step!.Value, found.Path))
            .OrderBy(checkpoint => checkpoint.Step)];

    /// <summary>The newest complete checkpoint, or null.</summary>
    public RunCheckpoint? Newest => Checkpoints is [.., var newest] ? newest : null;

    /// <summary>Makes the directory of a new run. It may exist already, but not hold a run.</summary>
    /// <exception cref="IOException">The directory holds a run, which is never overwritten, or cannot be made.</exception>
    public static RunDirectory Create(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (HoldsRun(path))
            throw new IOException($"{path} already holds a run; continue it with --resume auto, or choose another directory with --out");
        if (File.Exists(path))
            throw new IOException($"{path} is a file; choose another directory with --out");
        Directory.CreateDirectory(path);
        return new RunDirectory(path);
    }

    /// <summary>Makes <c>parent/name</c> for a new run, or <c>parent/name-2</c>, <c>-3</c> ... where earlier ones exist.</summary>
    /// <exception cref="IOException">The directory cannot be made.</exception>
    public static RunDirectory CreateNext(string parent, string name)
    {
        ArgumentNullException.ThrowIfNull(parent);
        ArgumentException.ThrowIfNullOrEmpty(name);
        string path = System.IO.Path.Combine(parent, name);
        for (int number = 2; Directory.Exists(path) || File.Exists(path); number++)
            path = System.IO.Path.Combine(parent, $"{name}-{number}");
        return Create(path);
    }

    /// <summary>Opens the directory of an earlier run.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such directory.</exception>
    /// <exception cref="InvalidDataException">The directory does not hold a run.</exception>
    public static RunDirectory Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException($"there is no directory {path}");
        return HoldsRun(path) ? new RunDirectory(path) : throw new InvalidDataException($"{path} holds no run: it has neither recipe.yaml nor a checkpoint");
    }

    /// <summary>Whether a run was begun in the directory.</summary>
    public static bool HoldsRun(string path) => Directory.Exists(path) && new RunDirectory(path) is var run
        && (File.Exists(run.RecipePath) || File.Exists(run.MetricsPath) || Directory.Exists(run.BestPath) || run.Checkpoints.Count > 0);

    /// <summary>The name under which something is written until it is whole: <c>.tmp-NAME</c> in the same directory.</summary>
    public static string TemporaryBeside(string path)
    {
        string? directory = System.IO.Path.GetDirectoryName(path);
        return System.IO.Path.Combine(directory ?? "", TemporaryPrefix + System.IO.Path.GetFileName(path));
    }

    /// <summary>Where the checkpoint of a step belongs.</summary>
    public string CheckpointPath(int step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return In(string.Create(CultureInfo.InvariantCulture, $"{CheckpointPrefix}{step}"));
    }

    /// <summary>
    /// Deletes old checkpoints. <c>best/</c> is never touched; a checkpoint is first renamed to a temporary name, so
    /// that a kill leaves no half-deleted one that looks complete.
    /// </summary>
    /// <param name="keep">How many of the newest stay, at least 1; 0 keeps all.</param>
    /// <param name="bestStep">A checkpoint that stays whatever its age.</param>
    /// <exception cref="IOException">A directory cannot be deleted.</exception>
    public void DeleteOldCheckpoints(int keep, int? bestStep = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keep);
        if (keep == 0)
            return;
        foreach (RunCheckpoint old in Checkpoints.SkipLast(keep).Where(checkpoint => checkpoint.Step != bestStep))
        {
            string doomed = TemporaryBeside(old.Path);
            if (Directory.Exists(doomed))
                Directory.Delete(doomed, recursive: true);
            Directory.Move(old.Path, doomed);
            Directory.Delete(doomed, recursive: true);
        }
    }

    /// <summary>Deletes what an earlier process was killed while writing or deleting. Call it only where no other process writes this run.</summary>
    /// <exception cref="IOException">Something cannot be deleted.</exception>
    public void DeleteTemporaries()
    {
        StagedDirectory.ClearLeftovers(Path);
        foreach (string directory in Directory.GetDirectories(Path, TemporaryPrefix + "*"))
            Directory.Delete(directory, recursive: true);
        foreach (string file in Directory.GetFiles(Path, TemporaryPrefix + "*"))
            File.Delete(file);
    }

    /// <summary>Deletes the directory where nothing was written into it: what a run leaves that failed before it began.</summary>
    public void DeleteIfEmpty()
    {
        if (Directory.Exists(Path) && !Directory.EnumerateFileSystemEntries(Path).Any())
            Directory.Delete(Path);
    }

    /// <summary>Where a run that fails can go on, for the reader of an error.</summary>
    internal string LastGood => Newest is { } newest ? $"the last good checkpoint is {newest.Path}" : "no checkpoint was written before";

    /// <summary>Refuses to go on with a run whose recipe says something else, both given as YAML without what may change.</summary>
    /// <exception cref="InvalidDataException">They differ; the first different lines are named.</exception>
    internal static void CheckSameRecipe(string saved, string now, string savedPath)
    {
        string[] before = saved.Split('\n'), after = now.Split('\n');
        int different = Enumerable.Range(0, Math.Max(before.Length, after.Length)).FirstOrDefault(i => before.ElementAtOrDefault(i) != after.ElementAtOrDefault(i), -1);
        if (different >= 0)
            throw new InvalidDataException($"the recipe is not that of the run: {savedPath} says '{before.ElementAtOrDefault(different)?.Trim()}', the recipe '{after.ElementAtOrDefault(different)?.Trim()}'; choose another directory with --out");
    }

    /// <summary>Gives a failure to write something the one thing its reader wants to know.</summary>
    internal void Write(string what, Action write)
    {
        try
        {
            write();
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{what} could not be written: {problem.Message.TrimEnd('.')}; {LastGood}", problem);
        }
    }

    private string In(string name) => System.IO.Path.Combine(Path, name);

    /// <summary>N of <c>checkpoint-N</c>, or null for any other name.</summary>
    private static int? StepOf(string name) =>
        int.TryParse(name.AsSpan(CheckpointPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step) && name == $"{CheckpointPrefix}{step}" ? step : null;
}
