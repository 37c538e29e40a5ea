using System.Text.RegularExpressions;
using Foreword.IO;
using Foreword.Tasks;

namespace Foreword.Data.Datasets.Choices;

/// <summary>
/// Reads the Modified Winograd Schema Challenge of decaNLP. A schema has three lines: a context with two words in brackets, a question that may have
/// brackets too, and the two answers. It makes two examples, one with each word. As in decaNLP, the first 80 examples are for training and the last
/// 100 for testing, and the last schema is left out, because no blank line follows it.
/// </summary>
internal static partial class ModifiedWinogradSet
{
    private const int TrainingExamples = 80, TestExamples = 100;

    public static Dataset Dataset { get; } = new PublishedDataset("mwsc", "whom or what a pronoun means, 2 choices", "McCann et al. 2018 (decaNLP)", "schema.txt with three lines for each schema: a context with [word/word], a question that may have the same, and answer/answer; a blank line between schemas")
    {
        Kind = "multiple-choice",
        Names = ["1", "2"],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 80, [DatasetPart.Validating] = 82, [DatasetPart.Test] = 100 },
        Content = parts =>
        {
            IReadOnlyList<string> files = parts.Files.Required("schema.txt");
            DatasetRow[] rows = [.. files.SelectMany(Rows)];
            if (rows.Length <= TrainingExamples + TestExamples)
                throw new InvalidDataException($"{files[0]}: there are {rows.Length} examples; expected more than {TrainingExamples + TestExamples}");
            return new DatasetContent(
                parts.Part(DatasetPart.Training, files, rows[..TrainingExamples]),
                parts.Validation(rows[TrainingExamples..^TestExamples], files, Rows),
                [parts.Part(DatasetPart.Test, files, rows[^TestExamples..])]);
        },
    };

    private static IEnumerable<DatasetRow> Rows(string file)
    {
        List<string> schema = [];
        int number = 0;
        foreach (string line in StrictText.ReadLines(file))
        {
            number++;
            if (!string.IsNullOrWhiteSpace(line))
            {
                schema.Add(line.Trim());
                continue;
            }

            for (int word = 0; schema.Count > 0 && word < 2; word++)
                yield return Row(schema, word, $"{file}:{number - schema.Count}");
            schema.Clear();
        }
    }

    private static DatasetRow Row(List<string> schema, int word, string where)
    {
        if (schema.Count != 3 || schema[2].Split('/') is not [var first, var second] || !TwoWords().IsMatch(schema[0]))
            throw new InvalidDataException($"{where}: the schema has {schema.Count} lines that begin with '{schema[0]}'; expected a context with [word/word], a question, and then answer/answer");
        return new DatasetRow(where, new TaskExample([Filled(schema[0], word), Filled(schema[1], word)], [first.Trim(), second.Trim()], $"{word + 1}", where));
    }

    private static string Filled(string line, int word) => TwoWords().Replace(line, match => match.Groups[word + 1].Value);

    [GeneratedRegex(@"\[([^\[\]/]*)/([^\[\]/]*)\]")]
    private static partial Regex TwoWords();
}
