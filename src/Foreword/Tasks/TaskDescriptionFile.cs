using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Foreword.IO;
using Foreword.Tasks.HuggingFace;

namespace Foreword.Tasks;

/// <summary>Reads and writes <c>task.json</c>, the file of a <see cref="TaskDescription"/>.</summary>
internal static class TaskDescriptionFile
{
    /// <summary>Reads the description of a fine-tuned model, or creates it from the <c>config.json</c> of a classifier of <c>transformers</c>.</summary>
    /// <param name="directory">The model's directory.</param>
    /// <exception cref="InvalidDataException">There is no description, it is malformed, or it requires an answer that is not supported.</exception>
    public static TaskDescription Read(string directory)
    {
        string path = Path.Combine(directory, TaskDescription.FileName);
        if (!File.Exists(path))
        {
            return HuggingFaceTask.Read(directory)
                ?? throw new InvalidDataException($"{directory} is not a fine-tuned model: it has no {TaskDescription.FileName}, and it is not a classifier of transformers");
        }

        return Checked(JsonFile.Deserialize(path, json => JsonSerializer.Deserialize(json, TaskJson.Readable.TaskDescription)), path);
    }

    /// <summary>Writes a description into an existing directory.</summary>
    /// <param name="directory">The model's directory.</param>
    /// <param name="task">The description.</param>
    public static void Write(string directory, TaskDescription task) =>
        DurableFile.Replace(Path.Combine(directory, TaskDescription.FileName), stream => JsonSerializer.Serialize(stream, task, TaskJson.Readable.TaskDescription));

    /// <summary>Checks what the types of the fields do not say.</summary>
    private static TaskDescription Checked(TaskDescription task, string path)
    {
        if (FineTuningTask.All.All(known => known.Kind != task.Kind))
            throw new InvalidDataException($"{path}: kind is '{task.Kind}'; expected {string.Join(" | ", FineTuningTask.All.Select(known => known.Kind))}");
        if ((task.Labels?.Count ?? 0) < task.Definer.LeastLabels)
            throw new InvalidDataException($"{path}: labels has {task.Labels?.Count ?? 0} entries; expected at least {task.Definer.LeastLabels}");
        if (task.Stride is < 1)
            throw new InvalidDataException($"{path}: stride is {task.Stride}; expected at least 1");
        if (task.Delimiter is not null && task.Delimiter.Length != 1)
            throw new InvalidDataException($"{path}: delimiter is '{task.Delimiter}'; expected one character");
        if ((task.Tokens is null && task.Template is null) || task.ContextLength < 1)
            throw new InvalidDataException($"{path}: tokens or context_length is missing");
        if (task.Template is { } template && (template.Before is null || template.Between is null || template.After is null))
            throw new InvalidDataException($"{path}: template has no before, between or after");
        return task;
    }
}

/// <summary>Serializes <see cref="TaskDescription"/> without reflection.</summary>
[JsonSerializable(typeof(TaskDescription))]
internal sealed partial class TaskJson : JsonSerializerContext
{
    public static TaskJson Readable { get; } = new(new JsonSerializerOptions
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, // labels stay readable in any language
        Converters = { new JsonStringEnumConverter<TargetKind>(JsonNamingPolicy.SnakeCaseLower) },
    });
}
