using System.Text.Json.Nodes;
using Foreword.Evaluation.Families;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>RACE (Lai et al. 2017): questions from English exams about a passage, with one JSON file per passage.</summary>
internal static class Race
{
    public static Benchmark Middle { get; } = Create("race-middle", "middle");

    public static Benchmark High { get; } = Create("race-high", "high");

    private static ChoiceBenchmark Create(string name, string level) => new(name, "English exams about a passage, 4 choices", "GPT-1, section 5", $"race/test/{level}/*.txt, race/train/{level}/*.txt, JSON with article, questions, options, answers", 0.25)
    {
        Form = "ARTICLE + blank line + QUESTION + ' ' + each option (GPT-1's heuristic is acc_token)",
        Questions = input =>
        {
            IReadOnlyList<string> files = input.Files(name, $"race/test/{level}/*.txt", $"RACE/test/{level}/*.txt");
            IReadOnlyList<string> training = input.FilesOrNone($"race/train/{level}/*.txt", $"RACE/train/{level}/*.txt");
            return MultipleChoice.Set(files.SelectMany(Items), files, training.Count == 0 ? null : training.SelectMany(Items));
        },
    };

    private static ChoiceItem[] Items(string file) => JsonFile.Read(file, "RACE's JSON with article, questions, options and answers", passage =>
    {
        string article = passage.Text("article").Trim();
        JsonArray questions = passage.Elements("questions"), options = passage.Elements("options"), answers = passage.Elements("answers");
        if (options.Count < questions.Count || answers.Count < questions.Count)
            throw new FormatException($"{questions.Count} questions have {options.Count} lists of options and {answers.Count} answers");
        return questions.Select((question, i) => Item(article, question.Text().Trim(), [.. options[i].Elements().Select(option => option.Text())], answers[i].Text())).ToArray();
    });

    /// <summary>
    /// Creates an item. If the question has a gap, the prompt ends at the gap, and the text after the gap is appended to each option.
    /// </summary>
    private static ChoiceItem Item(string article, string question, string[] options, string answer)
    {
        if (answer.Length == 0)
            throw new FormatException("an answer is empty");
        int gap = question.IndexOf('_', StringComparison.Ordinal);
        string before = gap < 0 ? question : question[..gap].TrimEnd(), after = gap < 0 ? "" : question[gap..].TrimStart('_', ' ');
        JsonObject fields = new() { ["question"] = question, ["options"] = new JsonArray([.. options.Select(option => (JsonNode)option)]), ["answer"] = answer };
        return new ChoiceItem(fields, $"{article}\n\n{before}", [.. options.Select(option => Filled(option.Trim(), after))], answer[0] - 'A');
    }

    private static string Filled(string option, string after) => after.Length == 0 ? $" {option}" : char.IsLetterOrDigit(after[0]) ? $" {option} {after}" : $" {option}{after}";
}
