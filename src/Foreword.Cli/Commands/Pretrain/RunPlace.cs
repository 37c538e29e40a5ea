using Foreword.Torch.Runs;

namespace Foreword.Cli.Commands.Pretrain;

/// <summary>Finds the directory of a run from --out and --resume.</summary>
internal static class RunPlace
{
    /// <summary>Parent directory of runs without --out.</summary>
    public const string Runs = "runs";

    /// <summary>Returns the run directory, the checkpoint to continue from (or null), and whether an earlier run is continued.</summary>
    public static (RunDirectory Directory, RunCheckpoint? Checkpoint, bool GoesOn) Of(string? output, string? resume, string name)
    {
        if (resume is null && output is not null && RunDirectory.HoldsRun(output))
            throw new IOException($"{output} already holds a run; continue it with --resume auto, or choose another directory with --out");
        if (resume is null)
            return (output is null ? RunDirectory.CreateNext(Runs, name) : RunDirectory.Create(output), null, false);
        if (resume == "auto")
        {
            string path = output ?? NewestRun(name) ?? Path.Combine(Runs, name);
            if (!RunDirectory.HoldsRun(path))
                return (RunDirectory.Create(path), null, false);
            RunDirectory run = RunDirectory.Open(path);
            return (run, run.Newest, true);
        }

        string checkpoint = Path.GetFullPath(resume);
        int step = Checkpoint.ReadState(checkpoint).Step;
        RunDirectory home = RunDirectory.Open(output ?? Path.GetDirectoryName(checkpoint)!);
        return (home, new RunCheckpoint(step, checkpoint), true);
    }

    /// <summary>Returns the directory with the highest number that contains a run: runs/name, runs/name-2, runs/name-3 and so on.</summary>
    private static string? NewestRun(string name)
    {
        string? newest = null;
        string path = Path.Combine(Runs, name);
        for (int number = 2; RunDirectory.HoldsRun(path); number++)
            (newest, path) = (path, Path.Combine(Runs, $"{name}-{number}"));
        return newest;
    }
}
