using System.Text.Json.Nodes;
using Foreword.IO;
using Foreword.Tasks;

namespace Foreword.Data.Datasets.Choices;

/// <summary>Reads RACE: questions from English exams in middle and high schools about a passage. Each passage is a JSON file.</summary>
internal static class RaceSet
{
    private const string Middle = "test_middle", High = "test_high";

    private static readonly string[] Letters = ["A", "B", "C", "D"];

    /// <summary>Gets both levels together, as the paper trains. Each level is also evaluated.</summary>
    public static Dataset Whole { get; } = Create("race", "English exams, 4 choices", "*", (87_866, 4887, 4934),
        [PaperResult.Gpt1("accuracy", 59.0, 3), PaperResult.Gpt1("accuracy", 62.9, 3, Middle), PaperResult.Gpt1("accuracy", 57.4, 3, High)]);

    public static Dataset MiddleSchool { get; } = Create("race-middle", "English exams of middle schools, 4 choices", "middle", (25_421, 1436, 1436), [PaperResult.Gpt1("accuracy", 62.9, 3)]);

    public static Dataset HighSchool { get; } = Create("race-high", "English exams of high schools, 4 choices", "high", (62_445, 3451, 3498), [PaperResult.Gpt1("accuracy", 57.4, 3)]);

    private static PublishedDataset Create(string name, string title, string level, (int Train, int Validation, int Test) size, PaperResult[] results) =>
        new(name, title, "Lai et al. 2017", $"train/{level}/*.txt, dev/{level}/*.txt, test/{level}/*.txt, JSON with article, questions, options, answers")
        {
            Kind = "multiple-choice",
            OtherFolders = ["race"],
            Names = Letters,
            Results = results,
            Counts = new Dictionary<string, int> { [DatasetPart.Training] = size.Train, [DatasetPart.Validating] = size.Validation, [DatasetPart.Test] = size.Test, [Middle] = 1436, [High] = 3498 },
            Content = parts => new DatasetContent(
                parts.Train(Rows, $"train/{level}/*.txt"), parts.Validation(Rows, $"dev/{level}/*.txt"), level == "*" ? Levels(parts) : parts.Test(Rows, $"test/{level}/*.txt")),
        };

    /// <summary>Returns the whole test part, then its two levels, which share their examples with it.</summary>
    private static IReadOnlyList<DatasetPart> Levels(PartReader parts)
    {
        DatasetPart[] levels = [.. parts.Test(Middle, Rows, "test/middle/*.txt"), .. parts.Test(High, Rows, "test/high/*.txt")];
        return levels.Length == 0 ? [] : [new DatasetPart(DatasetPart.Test, [.. levels.SelectMany(part => part.Examples)], [.. levels.SelectMany(part => part.Files)]), .. levels];
    }

    private static DatasetRow[] Rows(string file) => JsonFile.Read(file, "RACE's JSON with article, questions, options and answers", passage =>
    {
        string article = passage.Text("article").Trim();
        JsonArray questions = passage.Elements("questions"), options = passage.Elements("options"), answers = passage.Elements("answers");
        if (options.Count != questions.Count || answers.Count != questions.Count)
            throw new FormatException($"{questions.Count} questions have {options.Count} lists of options and {answers.Count} answers");
        return questions.Select((question, i) =>
        {
            string where = $"{file}, question {i + 1}", answer = answers[i].Text();
            return Array.IndexOf(Letters, answer) >= 0
                ? new DatasetRow(where, new TaskExample([article, question.Text().Trim()], [.. options[i].Elements().Select(option => option.Text().Trim())], answer, where))
                : throw new FormatException($"the answer of question {i + 1} is '{answer}'; expected {string.Join(" or ", Letters)}");
        }).ToArray();
    });
}
