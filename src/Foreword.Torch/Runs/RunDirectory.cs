using System.Globalization;
using Foreword.Data.Recipes.Yaml;
using Foreword.IO;

namespace Foreword.Torch.Runs;

/// <summary>A complete checkpoint of a run.</summary>
/// <param name="Step">Number of updates made before it was saved.</param>
/// <param name="Path">Its directory, <c>checkpoint-N</c>.</param>
public sealed record RunCheckpoint(int Step, string Path);

/// <summary>
/// The directory of a run: <c>recipe.yaml</c>, <c>metrics.jsonl</c>, <c>samples.jsonl</c>, TensorBoard events, <c>loss.svg</c>, <c>loss.png</c>,
/// <c>checkpoint-N/</c> and <c>best/</c>. Files and directories have a temporary hidden name while they are written or deleted. A file or
/// directory with its final name is therefore complete.
/// </summary>
public sealed class RunDirectory
{
    /// <summary>The file name of the resolved recipe.</summary>
    public const string RecipeName = "recipe.yaml";

    /// <summary>The pattern of the names that earlier versions gave to directories while they wrote or deleted them.</summary>
    private const string FormerTemporaries = ".tmp-*";

    private const string CheckpointPrefix = "checkpoint-";

    private RunDirectory(string path) => Path = path;

    /// <summary>Gets the path of the directory.</summary>
    public string Path { get; }

    /// <summary>Gets the path of the resolved recipe.</summary>
    public string RecipePath => In(RecipeName);

    /// <summary>Gets the path of the logged numbers, see <see cref="RunMetrics"/>.</summary>
    public string MetricsPath => In("metrics.jsonl");

    /// <summary>Gets the path of the texts that a pre-training run wrote to show what it has learned, one JSON object a line.</summary>
    internal string SamplesPath => In("samples.jsonl");

    /// <summary>Gets the path of the loss curves as SVG.</summary>
    internal string LossSvgPath => In("loss.svg");

    /// <summary>Gets the path of the loss curves as PNG.</summary>
    internal string LossPngPath => In("loss.png");

    /// <summary>Gets the path of the best model: that of the lowest validation loss, or in fine-tuning of the best metric.</summary>
    public string BestPath => In("best");

    /// <summary>Gets the complete checkpoints, oldest step first.</summary>
    public IReadOnlyList<RunCheckpoint> Checkpoints =>
        [.. Directory.EnumerateDirectories(Path, CheckpointPrefix + "*")
            .Select(path => (Path: path, Step: StepOf(System.IO.Path.GetFileName(path))))
            .Where(found => found.Step is not null)
            .Select(found => new RunCheckpoint(found.Step!.Value, found.Path))
            .OrderBy(checkpoint => checkpoint.Step)];

    /// <summary>Gets the newest complete checkpoint, or null.</summary>
    public RunCheckpoint? Newest => Checkpoints is [.., var newest] ? newest : null;

    /// <summary>Creates the directory of a new run. It may already exist, but must not contain a run.</summary>
    /// <exception cref="IOException">The directory already contains a run, which is never overwritten, or it cannot be created.</exception>
    public static RunDirectory Create(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (HoldsRun(path))
            throw new IOException($"{path} already holds a run; resume the run or use another directory");
        if (File.Exists(path))
            throw new IOException($"{path} is a file; use another path");
        Directory.CreateDirectory(path);
        return new RunDirectory(path);
    }

    /// <summary>Creates the directory <c>parent/name</c> for a new run, or <c>parent/name-2</c>, <c>-3</c> and so on if earlier ones exist.</summary>
    /// <exception cref="IOException">The directory cannot be created.</exception>
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
    /// <exception cref="InvalidDataException">The directory does not contain a run.</exception>
    public static RunDirectory Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Directory.Exists(path))
            throw new DirectoryNotFoundException($"there is no directory {path}");
        return HoldsRun(path) ? new RunDirectory(path) : throw new InvalidDataException($"{path} holds no run: it has neither recipe.yaml nor a checkpoint");
    }

    /// <summary>Returns whether the directory contains a run, complete or not.</summary>
    public static bool HoldsRun(string path) => Directory.Exists(path) && new RunDirectory(path) is var run
        && (File.Exists(run.RecipePath) || File.Exists(run.MetricsPath) || Directory.Exists(run.BestPath) || run.Checkpoints.Count > 0);

    /// <summary>Returns the path of the checkpoint of a step.</summary>
    public string CheckpointPath(int step)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        return In(string.Create(CultureInfo.InvariantCulture, $"{CheckpointPrefix}{step}"));
    }

    /// <summary>
    /// Deletes old checkpoints, but never <c>best/</c>. A checkpoint is first renamed to a temporary name. If the process is killed, no
    /// partly deleted checkpoint looks complete.
    /// </summary>
    /// <param name="keep">Number of newest checkpoints to keep, 1 or more; 0 keeps all.</param>
    /// <param name="bestStep">Step of a checkpoint to keep regardless of its age, or null.</param>
    /// <exception cref="IOException">A directory cannot be deleted.</exception>
    internal void DeleteOldCheckpoints(int keep, int? bestStep = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(keep);
        if (keep == 0)
            return;
        foreach (RunCheckpoint old in Checkpoints.SkipLast(keep).Where(checkpoint => checkpoint.Step != bestStep))
            StagedDirectory.Delete(old.Path);
    }

    /// <summary>
    /// Deletes temporary files and directories that remain if an earlier process was killed. Call it only if no other process writes this run.
    /// </summary>
    /// <exception cref="IOException">A file or directory cannot be deleted.</exception>
    internal void DeleteTemporaries()
    {
        StagedDirectory.ClearLeftovers(Path);
        DurableFile.ClearLeftovers(Path);
        foreach (string directory in Directory.GetDirectories(Path, FormerTemporaries))
            Directory.Delete(directory, recursive: true);
    }

    /// <summary>Deletes the directory if it is empty, which is the case after a run that failed before it began.</summary>
    internal void DeleteIfEmpty()
    {
        if (Directory.Exists(Path) && !Directory.EnumerateFileSystemEntries(Path).Any())
            Directory.Delete(Path);
    }

    /// <summary>Gets a sentence for error messages that names the checkpoint from which a failed run can continue.</summary>
    internal string LastGood => Newest is { } newest ? $"the last good checkpoint is {newest.Path}" : "no checkpoint was written before that";

    /// <summary>Throws if a recipe differs from that of the run. Both are YAML without the settings that may change.</summary>
    /// <exception cref="InvalidDataException">The recipes differ. The message names the first different lines.</exception>
    internal static void CheckSameRecipe(string saved, string now, string savedPath)
    {
        if (RecipeDifference.Find(saved, now) is not var (key, before, after))
            return;
        throw new InvalidDataException($"the recipe differs from the run's recipe: {savedPath} {Says(before)}, the recipe {Says(after)}; use another directory");

        string Says(string? value) => value is null ? $"has no {key}" : $"says '{key}: {value}'";
    }

    /// <summary>Writes something, and adds the last good checkpoint to the message if that fails.</summary>
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

    /// <summary>Returns N of <c>checkpoint-N</c>, or null for any other name.</summary>
    private static int? StepOf(string name) =>
        int.TryParse(name.AsSpan(CheckpointPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step) && name == $"{CheckpointPrefix}{step}" ? step : null;
}
