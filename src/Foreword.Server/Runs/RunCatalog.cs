namespace Foreword.Server.Runs;

/// <summary>
/// Finds training runs in directories. A directory is itself a run, or it holds runs at most three levels down. A run's id is the names of its
/// directories with dots between them. Only ids that a listing returns are found, so no id leads out of the directories.
/// </summary>
/// <param name="directories">The directories, which exist.</param>
internal sealed class RunCatalog(IReadOnlyList<string> directories)
{
    private const int Deepest = 3;

    private static readonly EnumerationOptions _visible = new() { AttributesToSkip = FileAttributes.Hidden | FileAttributes.ReparsePoint };

    /// <summary>Returns the runs, the one that changed last first.</summary>
    public IReadOnlyList<TrainedRun> List()
    {
        Dictionary<string, TrainedRun> runs = new(StringComparer.Ordinal);
        foreach (string directory in directories)
        {
            string path = Path.TrimEndingDirectorySeparator(Path.GetFullPath(directory));
            Add(runs, path, TrainedRun.IsRun(path) ? Path.GetFileName(path) : "", 0);
        }

        return [.. runs.Values.OrderByDescending(run => run.Changed)];
    }

    /// <summary>Returns the run with an id.</summary>
    /// <exception cref="ApiException">There is no such run.</exception>
    public TrainedRun Find(string id) => List().FirstOrDefault(run => run.Id == id) ?? throw new ApiException(404, $"there is no run {(id.Length > 80 ? id[..80] : id)}", "id", "run_not_found");

    /// <summary>Returns the visible directories in a directory, sorted by name; none if a run has just deleted it.</summary>
    public static string[] Subdirectories(string path)
    {
        try
        {
            return [.. Directory.GetDirectories(path, "*", _visible).Order(StringComparer.Ordinal)];
        }
        catch (DirectoryNotFoundException)
        {
            return [];
        }
    }

    private static void Add(Dictionary<string, TrainedRun> runs, string path, string name, int depth)
    {
        if (TrainedRun.IsRun(path))
        {
            string id = name;
            for (int number = 2; runs.ContainsKey(id); number++)
                id = $"{name}-{number}";
            runs.Add(id, new TrainedRun(id, path));
        }

        if (depth == Deepest)
            return;
        foreach (string inner in Subdirectories(path))
            Add(runs, inner, name.Length == 0 ? Path.GetFileName(inner) : $"{name}.{Path.GetFileName(inner)}", depth + 1);
    }
}
