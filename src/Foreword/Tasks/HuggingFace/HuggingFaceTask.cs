using System.Globalization;
using System.Text.Json;
using Foreword.IO;
using Foreword.Models;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tasks.HuggingFace;

/// <summary>
/// Reads a classifier that <c>transformers</c> wrote: <c>GPT2ForSequenceClassification</c> or <c>OpenAIGPTForSequenceClassification</c>. Its
/// <c>config.json</c> names the classes. Its head is <c>score.weight</c> [n, C] without a bias, and reads the last token that is not padding.
/// </summary>
internal static class HuggingFaceTask
{
    /// <summary>The name of the head's weight in the file of the model's weights.</summary>
    public const string HeadWeight = "score.weight";

    /// <summary>The maximum number of outputs. A file that declares more is malformed.</summary>
    private const int MostLabels = 1_000_000;

    /// <summary>The number of classes that transformers assumes if config.json does not specify it.</summary>
    private const int DefaultLabels = 2;

    /// <summary>Returns the name of the transformers class that writes such a directory.</summary>
    public static string ClassName(ModelArchitecture architecture) => architecture == ModelArchitecture.Gpt2 ? "GPT2ForSequenceClassification" : "OpenAIGPTForSequenceClassification";

    /// <summary>
    /// Returns whether a directory holds a classifier of <c>transformers</c> whose kind of answers is supported.
    /// </summary>
    /// <exception cref="InvalidDataException">config.json is not a JSON object.</exception>
    public static bool IsIn(string directory) => OfConfig(directory, (path, root) => IsClassifier(root) && Obstacle(path, root) is null);

    /// <summary>Reads the description of a directory's classifier; null if it holds none.</summary>
    /// <exception cref="InvalidDataException">
    /// config.json is malformed, or requires a kind of answer that is not supported. The message names the field.
    /// </exception>
    public static TaskDescription? Read(string directory)
    {
        if (!OfConfig(directory, (_, root) => IsClassifier(root)))
            return null;
        int context = HuggingFaceConfig.Read(directory).ContextLength;
        return OfConfig(directory, (path, root) =>
        {
            if (Obstacle(path, root) is { } obstacle)
                throw new InvalidDataException(obstacle);
            string[] labels = Labels(path, root);
            bool isNumber = labels.Length == 1;
            return new TaskDescription
            {
                Kind = isNumber ? "regression" : "classification",
                Target = isNumber ? TargetKind.Score : TargetKind.Classes,
                Labels = isNumber ? [] : labels,
                Tokens = null,
                Template = TemplateFiles.Read(directory) with { Pad = Integer(root, "pad_token_id") },
                ContextLength = context,
            };
        });
    }

    /// <summary>
    /// Returns the class name of a directory's model if its head gives answers that are not supported: several labels, a label for each token, or a
    /// span. Null otherwise.
    /// </summary>
    public static string? OtherClass(string directory) => OfConfig(directory, (_, root) => Classes(root).FirstOrDefault(name =>
        name.EndsWith("ForSequenceClassification", StringComparison.Ordinal) || name.EndsWith("ForTokenClassification", StringComparison.Ordinal) || name.EndsWith("ForQuestionAnswering", StringComparison.Ordinal)));

    private static T? OfConfig<T>(string directory, Func<string, JsonElement, T> read)
    {
        string path = Path.Combine(directory, HuggingFaceConfig.FileName);
        return File.Exists(path) ? JsonFile.Read(path, JsonValueKind.Object, root => read(path, root)) : default;
    }

    private static bool IsClassifier(JsonElement root) => Classes(root).Any(name => Enum.GetValues<ModelArchitecture>().Any(architecture => ClassName(architecture) == name));

    /// <summary>Returns the names of the transformers classes in config.json.</summary>
    private static string[] Classes(JsonElement root) => root.TryGetProperty("architectures", out JsonElement names) && names.ValueKind == JsonValueKind.Array
        ? [.. names.EnumerateArray().Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()!)]
        : [];

    /// <summary>Returns a sentence that explains why the classifier's answers are not supported; null if they are.</summary>
    private static string? Obstacle(string path, JsonElement root)
    {
        string? type = Text(root, "problem_type");
        int count = Labels(path, root).Length;
        return type switch
        {
            null => null,
            "multi_label_classification" => $"{path}: problem_type is multi_label_classification (several labels per text); only one label or one number is supported",
            "regression" => count == 1 ? null : $"{path}: problem_type is regression with {count} numbers per text; only one is supported",
            "single_label_classification" => count > 1 ? null : $"{path}: problem_type is single_label_classification with one label; at least 2 are needed",
            _ => $"{path}: problem_type is '{type}'; expected single_label_classification or regression",
        };
    }

    /// <summary>
    /// Returns the names in <c>id2label</c>, in the order of their numbers. Without it, returns <c>LABEL_0</c>, <c>LABEL_1</c> and so on,
    /// <c>num_labels</c> names in total.
    /// </summary>
    private static string[] Labels(string path, JsonElement root)
    {
        if (!root.TryGetProperty("id2label", out JsonElement names) || names.ValueKind != JsonValueKind.Object)
        {
            int count = Integer(root, "num_labels") ?? DefaultLabels;
            return count is > 0 and <= MostLabels
                ? [.. Enumerable.Range(0, count).Select(id => $"LABEL_{id}")]
                : throw new InvalidDataException($"{path}: num_labels is {count}; expected 1 to {MostLabels}");
        }

        SortedDictionary<int, string> byId = [];
        foreach (JsonProperty name in names.EnumerateObject())
        {
            if (!int.TryParse(name.Name, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || !byId.TryAdd(id, name.Value.ToString()))
                throw new InvalidDataException($"{path}: id2label has the key '{name.Name}'; the keys must be numbers starting at 0");
        }

        string[] labels = [.. byId.Values];
        if (labels.Length == 0 || byId.Keys.Last() != labels.Length - 1)
            throw new InvalidDataException($"{path}: id2label has {labels.Length} names, but their numbers do not run from 0 without gaps");
        if (labels.GroupBy(label => label).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InvalidDataException($"{path}: id2label has the name '{twice.Key}' {twice.Count()} times");
        return labels;
    }

    private static string? Text(JsonElement root, string field) => root.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Integer(JsonElement root, string field) =>
        root.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : null;
}
