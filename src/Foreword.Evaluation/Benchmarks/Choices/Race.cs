using System.Text.Json;
using System.Text.Json.Nodes;
using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>RACE (Lai et al. 2017): questions from English exams about a passage, with one JSON file per passage.</summary>
internal static class Race
{
    public static Benchmark Middle { get; } = Of("race-middle", "middle");

    public static Benchmark High { get; } = Of("race-high", "high");

    private static ChoiceBenchmark Of(string name, string level) => new(name, "English exams about a passage, 4 choices", "GPT-1, section 5", $"race/test/{level}/*.txt, race/train/{level}/*.txt, JSON with article, questions, options, answers", 0.25)
    {
        Form = "ARTICLE + blank line + QUESTION + ' ' + each option (GPT-1's heuristic is acc_token)",
        Questions = input =>
        {
            IReadOnlyList<string> files = input.Files(name, $"race/test/{level}/*.txt", $"RACE/test/{level}/*.txt");
            IReadOnlyList<string> training = input.FilesOrNone($"race/train/{level}/*.txt", $"RACE/train/{level}/*.txt");
            return MultipleChoice.Set(files.SelectMany(Items), files, training.Count == 0 ? null : training.SelectMany(Items));
        },
    };

    private static IEnumerable<ChoiceItem> Items(string file)
    {
        try
        {
            JsonObject passage = JsonNode.Parse(File.ReadAllText(file))!.AsObject();
            string article = ((string)passage["article"]!).Trim();
            JsonArray questions = passage["questions"]!.AsArray(), options = passage["options"]!.AsArray(), answers = passage["answers"]!.AsArray();
            return [.. questions.Select((question, i) => Item(article, ((string)question!).Trim(), [.. options[i]!.AsArray().Select(option => (string)option!)], (string)answers[i]!))];
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException or NullReferenceException or ArgumentOutOfRangeException or FormatException)
        {
            throw new InvalidDataException($"{file}: expected RACE's JSON with article, questions, options and answers ({problem.Message})", problem);
        }
    }

    /// <summary>
    /// Creates an item. If the question has a gap, the prompt ends at the gap, and the text after the gap is appended to each option.
    /// </summary>
    private static ChoiceItem Item(string article, string question, string[] options, string answer)
    {
        int gap = question.IndexOf('_', StringComparison.Ordinal);
        string before = gap < 0 ? question : question[..gap].TrimEnd(), after = gap < 0 ? "" : question[gap..].TrimStart('_', ' ');
        JsonObject fields = new() { ["question"] = question, ["options"] = new JsonArray([.. options.Select(option => (JsonNode)option)]), ["answer"] = answer };
        return new ChoiceItem(fields, $"{article}\n\n{before}", [.. options.Select(option => Filled(option.Trim(), after))], answer[0] - 'A');
    }

    private static string Filled(string option, string after) => after.Length == 0 ? $" {option}" : char.IsLetterOrDigit(after[0]) ? $" {option} {after}" : $" {option}{after}";
}
