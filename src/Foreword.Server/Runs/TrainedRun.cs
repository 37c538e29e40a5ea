using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Foreword.Server.Runs;

/// <summary>The files of one training run, which may still be written.</summary>
/// <param name="id">The name in the API.</param>
/// <param name="path">The directory.</param>
internal sealed partial class TrainedRun(string id, string path)
{
    private const string Recipe = "recipe.yaml", Metrics = "metrics.jsonl", Samples = "samples.jsonl", CheckpointPrefix = "checkpoint-", CheckpointState = "trainer_state.json";

    /// <summary>The number of last bytes of a log that are read to find its last step. A first line that is cut is no JSON, so it is skipped.</summary>
    private const int Tail = 1 << 14;

    /// <summary>A run that logged nothing for this long does not train any more.</summary>
    private static readonly TimeSpan _silence = TimeSpan.FromMinutes(2);

    public string Id => id;

    /// <summary>Gets when the run last logged something.</summary>
    public DateTime Changed { get; } = new[] { Metrics, Recipe }.Select(name => File.GetLastWriteTimeUtc(Path.Combine(path, name))).Max();

    /// <summary>Gets the text of the recipe, in which absolute paths are shortened to their last name; empty if the run has no recipe yet.</summary>
    public string RecipeText { get; } = AbsolutePaths().Replace(Encoding.UTF8.GetString(ReadLast(Path.Combine(path, Recipe), int.MaxValue)), "$1.../");

    /// <summary>Gets what is trained: <c>pretrain</c> or <c>finetune</c>.</summary>
    public string Kind => TaskSection().IsMatch(RecipeText) ? "finetune" : "pretrain";

    /// <summary>Gets the number of steps that the recipe plans; null where it counts epochs.</summary>
    public int? PlannedSteps => int.TryParse(TrainSteps().Match(RecipeText).Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture, out int planned) ? planned : null;

    /// <summary>Gets the number of steps that were made, as far as they are logged.</summary>
    public int Steps => Math.Max(Checkpoints().Select(checkpoint => checkpoint.Step).DefaultIfEmpty().Max(), LoggedSteps);

    private int LoggedSteps => Rows(Metrics, -1, Tail).Select(row => row.Step).DefaultIfEmpty().Max();

    /// <summary>
    /// Gets whether the newest checkpoint says that the run is complete: it has made its last step, or its patience is over. A run that was resumed
    /// with more steps has logged steps after this checkpoint, and is not complete.
    /// </summary>
    private bool IsComplete
    {
        get
        {
            int newest = Checkpoints().Select(checkpoint => checkpoint.Step).DefaultIfEmpty(-1).Max();
            string state = Path.Combine(path, string.Create(CultureInfo.InvariantCulture, $"{CheckpointPrefix}{newest}"), CheckpointState);
            return newest >= LoggedSteps && Parse(ReadLast(state, int.MaxValue)) is { ValueKind: JsonValueKind.Object } saved
                && saved.TryGetProperty("is_complete", out JsonElement complete) && complete.ValueKind == JsonValueKind.True;
        }
    }

    /// <summary>Returns whether a directory holds a run.</summary>
    public static bool IsRun(string path) => File.Exists(Path.Combine(path, Metrics));

    /// <summary>Returns <c>finished</c> if all planned steps or epochs were made, or training ended early, else <c>training</c> while it logs, else <c>stopped</c>.</summary>
    public string State(int steps) => steps >= PlannedSteps || IsComplete ? "finished" : DateTime.UtcNow - Changed < _silence ? "training" : "stopped";

    /// <summary>Returns the complete checkpoints with the bytes of their files, oldest first.</summary>
    public IReadOnlyList<(int Step, long Bytes)> Checkpoints() =>
        [.. RunCatalog.Subdirectories(path)
            .Select(directory => (Path: directory, Step: StepOf(Path.GetFileName(directory))))
            .Where(found => found.Step is not null)
            .Select(found => (found.Step!.Value, SizeOf(found.Path)))
            .Order()];

    /// <summary>Returns the logged measurements after a step, in their order.</summary>
    public IEnumerable<(int Step, JsonElement Row)> MetricsAfter(int step) => Rows(Metrics, step);

    /// <summary>Returns the texts that the run wrote to show what it has learned.</summary>
    public IEnumerable<JsonElement> SampleRows() => Rows(Samples, -1).Select(row => row.Row);

    /// <summary>Returns the complete lines of a file. Bytes after the last line feed are still being written, so the next call returns them.</summary>
    private IEnumerable<(int Step, JsonElement Row)> Rows(string name, int after, int most = int.MaxValue)
    {
        byte[] content = ReadLast(Path.Combine(path, name), most);
        for (int start = 0, end; (end = Array.IndexOf(content, (byte)'\n', start)) >= 0; start = end + 1)
        {
            JsonElement? row = Parse(content.AsMemory(start, end - start));
            if (row is { ValueKind: JsonValueKind.Object } line && line.TryGetProperty("step", out JsonElement at) && at.ValueKind == JsonValueKind.Number && at.TryGetInt32(out int step) && step > after)
                yield return (step, line);
        }
    }

    private static int? StepOf(string name) =>
        name.StartsWith(CheckpointPrefix, StringComparison.Ordinal) && int.TryParse(name.AsSpan(CheckpointPrefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int step) ? step : null;

    private static long SizeOf(string directory)
    {
        try
        {
            return new DirectoryInfo(directory).EnumerateFiles().Sum(file => file.Length);
        }
        catch (IOException)
        {
            return 0; // the run is just deleting it
        }
    }

    private static JsonElement? Parse(ReadOnlyMemory<byte> line)
    {
        try
        {
            using JsonDocument json = JsonDocument.Parse(line);
            return json.RootElement.Clone();
        }
        catch (JsonException)
        {
            return null; // a damaged line hides no other
        }
    }

    /// <summary>Reads the last bytes of a file that another process may write, replace or delete; none if there is no file.</summary>
    private static byte[] ReadLast(string file, int most)
    {
        try
        {
            using FileStream stream = new(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
            byte[] content = new byte[Math.Min(stream.Length, most)];
            stream.Position = stream.Length - content.Length;
            return content[..stream.ReadAtLeast(content, content.Length, throwOnEndOfStream: false)];
        }
        catch (Exception missing) when (missing is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
    }

    [GeneratedRegex("^task:", RegexOptions.Multiline)]
    private static partial Regex TaskSection();

    /// <summary>Matches an absolute path of Linux or Windows as a value, up to its last name.</summary>
    [GeneratedRegex(@"^([ ]*(?:- |\w+: )[""']?)(?:/|[A-Za-z]:[/\\])(?:[^\r\n]*[/\\])?", RegexOptions.Multiline)]
    private static partial Regex AbsolutePaths();

    /// <summary>Matches <c>steps</c> of the section <c>train</c>. The recipe of a run is written by Foreword, always in this form.</summary>
    [GeneratedRegex(@"^train:\r?\n(?:[ ][^\n]*\n)*?  steps: (\d+)\s*$", RegexOptions.Multiline)]
    private static partial Regex TrainSteps();
}
