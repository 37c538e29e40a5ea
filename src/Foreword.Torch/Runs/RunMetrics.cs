using System.Text.Json;
using Foreword.IO;

namespace Foreword.Torch.Runs;

/// <summary>The measurements of one logged training step.</summary>
/// <param name="Step">Number of updates made, including this one; the first is 1.</param>
/// <param name="Loss">Mean training loss in nats per token since the last line.</param>
/// <param name="LearningRate">Learning rate of this update.</param>
/// <param name="GradNorm">Global norm of the gradient before clipping.</param>
/// <param name="TokensPerSecond">Training tokens per second since the last line.</param>
/// <param name="ShareOfPeak">
/// Floating-point operations per second, at 6 N per token, divided by the machine's measured peak; null if the peak is not known.
/// </param>
public sealed record StepMetrics(int Step, double Loss, double LearningRate, double GradNorm, double TokensPerSecond, double? ShareOfPeak = null)
{
    /// <summary>Gets the mean task loss of the examples in fine-tuning, which a validation also measures; null in pre-training.</summary>
    public double? TaskLoss { get; init; }

    /// <summary>Gets the auxiliary language-modeling loss in fine-tuning, before the multiplication by lambda; null if there is none.</summary>
    public double? LmLoss { get; init; }

    /// <summary>Gets further means since the last line, by name, such as <c>rewards/chosen</c>; null if there are none.</summary>
    public IReadOnlyDictionary<string, double>? Metrics { get; init; }
}

/// <summary>The measurements of one validation.</summary>
/// <param name="Step">Number of updates made before it.</param>
/// <param name="Loss">Mean loss in nats: of the validation tokens in pre-training, of the validation examples in fine-tuning.</param>
/// <param name="Task">The task's metrics by name in fine-tuning, written as <c>eval_accuracy</c> and so on; null in pre-training.</param>
public sealed record ValidationMetrics(int Step, double Loss, IReadOnlyDictionary<string, double>? Task = null);

/// <summary>The contents of a run's <c>metrics.jsonl</c>: one JSON object per line, in the order of the run.</summary>
/// <param name="Steps">The training lines.</param>
/// <param name="Validations">The validation lines.</param>
internal sealed record RunMetrics(IReadOnlyList<StepMetrics> Steps, IReadOnlyList<ValidationMetrics> Validations)
{
    private const string ValidationPrefix = "eval_";

    /// <summary>Reads the file, which another process may still write. Skips a last line that is not complete.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">A line is not a JSON object with a step and numbers. The message names file and line.</exception>
    public static RunMetrics Read(string path)
    {
        List<StepMetrics> steps = [];
        List<ValidationMetrics> validations = [];
        foreach ((int number, byte[] line) in Lines(path))
        {
            using JsonDocument json = Parse(line, path, number);
            if (json.RootElement.TryGetProperty("eval_loss", out _))
                validations.Add(new ValidationMetrics(StepOf(json, path, number), Number(ValidationPrefix + "loss"), TaskMetrics(json.RootElement)));
            else
                steps.Add(new StepMetrics(StepOf(json, path, number), Number("loss"), Number("learning_rate"), Number("grad_norm"), Number("tokens_per_second"),
                    Optional("share_of_peak"))
                {
                    TaskLoss = Optional("task_loss"),
                    LmLoss = Optional("lm_loss"),
                    Metrics = FurtherMetrics(json.RootElement),
                });

            double? Optional(string name) => json.RootElement.TryGetProperty(name, out _) ? Number(name) : null;

            double Number(string name) => json.RootElement.TryGetProperty(name, out JsonElement value) && value.ValueKind is JsonValueKind.Number or JsonValueKind.Null
                ? value.ValueKind == JsonValueKind.Null ? double.NaN : value.GetDouble()
                : throw new InvalidDataException($"{path}:{number}: '{name}' is missing or not a number");
        }

        return new RunMetrics(steps, validations);
    }

    /// <summary>Creates the line of a training step, without the line feed.</summary>
    internal static byte[] Line(StepMetrics metrics) => Object(json =>
    {
        json.WriteNumber("step", metrics.Step);
        WriteNumber(json, "loss", metrics.Loss);
        WriteNumber(json, "learning_rate", metrics.LearningRate);
        WriteNumber(json, "grad_norm", metrics.GradNorm);
        WriteNumber(json, "tokens_per_second", metrics.TokensPerSecond);
        if (metrics.ShareOfPeak is { } share)
            WriteNumber(json, "share_of_peak", share);
        if (metrics.TaskLoss is { } task)
            WriteNumber(json, "task_loss", task);
        if (metrics.LmLoss is { } languageModel)
            WriteNumber(json, "lm_loss", languageModel);
        foreach (var (name, value) in metrics.Metrics ?? new Dictionary<string, double>())
            WriteNumber(json, name, value);
    });

    /// <summary>Creates the line of a validation, without the line feed.</summary>
    internal static byte[] Line(ValidationMetrics metrics) => Object(json =>
    {
        json.WriteNumber("step", metrics.Step);
        WriteNumber(json, ValidationPrefix + "loss", metrics.Loss);
        foreach (var (name, value) in metrics.Task ?? new Dictionary<string, double>())
            WriteNumber(json, ValidationPrefix + name, value);
    });

    /// <summary>Creates the line of a text that was written, without the line feed.</summary>
    internal static byte[] Line(PretrainEvent.Sampled sample) => Object(json =>
    {
        json.WriteNumber("step", sample.Step);
        json.WriteString("prompt", sample.Prompt);
        json.WriteString("text", sample.Text);
    });

    /// <summary>Returns the lines up to and including a step, unchanged.</summary>
    internal static IEnumerable<byte[]> LinesUpTo(int step, string path)
    {
        foreach ((int number, byte[] line) in Lines(path))
        {
            using JsonDocument json = Parse(line, path, number);
            if (StepOf(json, path, number) <= step)
                yield return line;
        }
    }

    /// <summary>Returns every complete line and its number from 1. Skips bytes after the last line feed, which a killed process did not complete.</summary>
    private static IEnumerable<(int Number, byte[] Line)> Lines(string path)
    {
        if (!File.Exists(path))
            throw new FileNotFoundException($"there is no {path}", path);
        using FileStream file = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        byte[] content = new byte[file.Length];
        int length = file.ReadAtLeast(content, content.Length, throwOnEndOfStream: false);
        int number = 0;
        for (int start = 0, end; (end = Array.IndexOf(content, (byte)'\n', start, length - start)) >= 0; start = end + 1)
            yield return (++number, content[start..end]);
    }

    private static JsonDocument Parse(byte[] line, string path, int number)
    {
        JsonDocument? json = JsonFile.TryParse(line, out _);
        return json?.RootElement.ValueKind == JsonValueKind.Object ? json : throw new InvalidDataException($"{path}:{number}: the line is not a JSON object");
    }

    private static Dictionary<string, double>? TaskMetrics(JsonElement line)
    {
        Dictionary<string, double> metrics = line.EnumerateObject()
            .Where(field => field.Name.StartsWith(ValidationPrefix, StringComparison.Ordinal) && field.Name != ValidationPrefix + "loss")
            .ToDictionary(field => field.Name[ValidationPrefix.Length..], field => field.Value.ValueKind == JsonValueKind.Number ? field.Value.GetDouble() : double.NaN);
        return metrics.Count > 0 ? metrics : null;
    }

    /// <summary>Returns the numbers of a step's line whose names hold a slash.</summary>
    private static Dictionary<string, double>? FurtherMetrics(JsonElement line)
    {
        Dictionary<string, double> metrics = line.EnumerateObject()
            .Where(field => field.Name.Contains('/', StringComparison.Ordinal))
            .ToDictionary(field => field.Name, field => field.Value.ValueKind == JsonValueKind.Number ? field.Value.GetDouble() : double.NaN);
        return metrics.Count > 0 ? metrics : null;
    }

    private static int StepOf(JsonDocument json, string path, int number) =>
        json.RootElement.TryGetProperty("step", out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int step)
            ? step
            : throw new InvalidDataException($"{path}:{number}: 'step' is missing or not a whole number");

    private static byte[] Object(Action<Utf8JsonWriter> write)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        return bytes.ToArray();
    }

    /// <summary>Writes a number. JSON has no infinities and no NaN, so they become null, which every reader understands as "no number".</summary>
    private static void WriteNumber(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }
}
