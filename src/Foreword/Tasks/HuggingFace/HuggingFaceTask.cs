using System.Globalization;
using System.Text.Json;
using Foreword.Models;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tasks.HuggingFace;

/// <summary>
/// A classifier as <c>transformers</c> writes it: <c>GPT2ForSequenceClassification</c> or <c>OpenAIGPTForSequenceClassification</c>. Its
/// <c>config.json</c> names the classes, its head is <c>score.weight</c> [n, C] without a bias, and reads the last token that is no padding.
/// </summary>
internal static class HuggingFaceTask
{
    /// <summary>The head's weight beside those of the model.</summary>
    public const string HeadWeight = "score.weight";

    /// <summary>More outputs than this are a broken file, not a classifier.</summary>
    private const int MostLabels = 1_000_000;

    /// <summary>What transformers takes where config.json says nothing of classes.</summary>
    private const int DefaultLabels = 2;

    /// <summary>The class of transformers that writes such a directory.</summary>
    public static string ClassName(GptArchitecture architecture) => architecture == GptArchitecture.Gpt2 ? "GPT2ForSequenceClassification" : "OpenAIGPTForSequenceClassification";

    /// <summary>Whether a directory holds a classifier that answers here; false for one whose answers are of another kind.</summary>
    /// <exception cref="InvalidDataException">config.json is no JSON object.</exception>
    public static bool IsIn(string directory) => OfConfig(directory, (path, root) => IsClassifier(root) && Obstacle(path, root) is null);

    /// <summary>The description of a directory's classifier, or null where it holds none.</summary>
    /// <exception cref="InvalidDataException">config.json is broken, or asks for an answer that is not given here; the field is named.</exception>
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

    /// <summary>The class of a directory's model where it is a head whose answers are not given here: several labels, a label for each token, a span.</summary>
    public static string? OtherClass(string directory) => OfConfig(directory, (_, root) => Classes(root).FirstOrDefault(name =>
        name.EndsWith("ForSequenceClassification", StringComparison.Ordinal) || name.EndsWith("ForTokenClassification", StringComparison.Ordinal) || name.EndsWith("ForQuestionAnswering", StringComparison.Ordinal)));

    private static T? OfConfig<T>(string directory, Func<string, JsonElement, T> read)
    {
        string path = Path.Combine(directory, HuggingFaceConfig.FileName);
        return File.Exists(path) ? WeightsJson.Read(path, JsonValueKind.Object, root => read(path, root)) : default;
    }

    private static bool IsClassifier(JsonElement root) => Classes(root).Any(name => Enum.GetValues<GptArchitecture>().Any(architecture => ClassName(architecture) == name));

    /// <summary>The classes of transformers that config.json names.</summary>
    private static string[] Classes(JsonElement root) => root.TryGetProperty("architectures", out JsonElement names) && names.ValueKind == JsonValueKind.Array
        ? [.. names.EnumerateArray().Where(name => name.ValueKind == JsonValueKind.String).Select(name => name.GetString()!)]
        : [];

    /// <summary>The sentence that says why the classifier's answers are not given here, or null.</summary>
    private static string? Obstacle(string path, JsonElement root)
    {
        string? type = Text(root, "problem_type");
        int count = Labels(path, root).Length;
        return type switch
        {
            null => null,
            "multi_label_classification" => $"{path}: problem_type is multi_label_classification, several labels for one text; only one label or one number is read",
            "regression" => count == 1 ? null : $"{path}: problem_type is regression with {count} numbers for one text; only one is read",
            "single_label_classification" => count > 1 ? null : $"{path}: problem_type is single_label_classification with one label; at least 2 are needed",
            _ => $"{path}: problem_type is '{type}'; expected single_label_classification or regression",
        };
    }

    /// <summary>The names in <c>id2label</c> by their numbers; without it <c>LABEL_0</c> and so on, as many as <c>num_labels</c> says.</summary>
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
                throw new InvalidDataException($"{path}: id2label has the key '{name.Name}'; keys are the numbers from 0 on");
        }

        string[] labels = [.. byId.Values];
        if (labels.Length == 0 || byId.Keys.Last() != labels.Length - 1)
            throw new InvalidDataException($"{path}: id2label has {labels.Length} names, and their numbers do not run from 0 without gaps");
        if (labels.GroupBy(label => label).FirstOrDefault(group => group.Count() > 1) is { } twice)
            throw new InvalidDataException($"{path}: id2label has the name '{twice.Key}' {twice.Count()} times");
        return labels;
    }

    private static string? Text(JsonElement root, string field) => root.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Integer(JsonElement root, string field) =>
        root.TryGetProperty(field, out JsonElement value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out int number) ? number : null;
}
