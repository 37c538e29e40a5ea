using Foreword.Data.Tables;
using Foreword.IO;
using Foreword.Tasks;

namespace Foreword.Data.Datasets.Choices;

/// <summary>
/// Reads MCTest: four questions about each of 160 or 500 stories for children. A line of the <c>.tsv</c> has the story and its questions, and a line of the
/// <c>.ans</c> has the four answers. In stories, <c>\newline</c> and <c>\tab</c> stand for the characters. The word before a question says whether
/// one or several sentences hold the answer. It is not read.
/// </summary>
internal static class McTestSet
{
    private const int FirstQuestion = 3, Questions = 4, ColumnsEach = 5;

    private static readonly string[] Letters = ["A", "B", "C", "D"];

    public static Dataset Small { get; } = Create("mctest-160", "mc160", (280, 120, 240));

    public static Dataset Large { get; } = Create("mctest-500", "mc500", (1200, 200, 600));

    private static PublishedDataset Create(string name, string set, (int Train, int Validation, int Test) size) =>
        new(name, $"questions about {set[2..]} stories, 4 choices", "Richardson et al. 2013", $"{set}.train.tsv, {set}.dev.tsv, {set}.test.tsv, each with its answers in .ans")
        {
            Kind = "multiple-choice",
            OtherFolders = ["mctest"],
            Names = Letters,
            Counts = new Dictionary<string, int> { [DatasetPart.Training] = size.Train, [DatasetPart.Validating] = size.Validation, [DatasetPart.Test] = size.Test },
            Content = parts => new DatasetContent(
                parts.Train(Labeled, $"{set}.train.tsv"), parts.Validation(Labeled, $"{set}.dev.tsv"),
                parts.Test(parts.Files.Optional($"{set}.test.ans").Count > 0 ? Labeled : file => Rows(file, null), $"{set}.test.tsv")),
        };

    private static IEnumerable<DatasetRow> Labeled(string file)
    {
        string answers = Path.ChangeExtension(file, ".ans");
        if (!File.Exists(answers))
            throw new InvalidDataException($"{file} needs its answers, four letters a line, in {answers}");
        return Rows(file, answers);
    }

    private static IEnumerable<DatasetRow> Rows(string file, string? answerFile)
    {
        NamedRow[] stories = [.. NamedRow.Read(file, [.. Enumerable.Range(0, FirstQuestion + Questions * ColumnsEach).Select(i => $"{i}")], new TableOptions { Header = false })];
        string[][]? answers = answerFile is null ? null : [.. StrictText.ReadLines(answerFile).Where(line => line.Trim().Length > 0).Select(line => line.Trim().Split('\t'))];
        if (answers is not null && answers.Length != stories.Length)
            throw new InvalidDataException($"{answerFile}: there are answers for {answers.Length} stories; {file} has {stories.Length}");
        for (int s = 0; s < stories.Length; s++)
        {
            if (answers is not null && (answers[s].Length != Questions || answers[s].Any(answer => !Letters.Contains(answer))))
                throw new InvalidDataException($"{answerFile}:{s + 1}: the answers are '{string.Join(' ', answers[s])}'; expected {Questions} of A, B, C, D between tabs");
            for (int q = 0; q < Questions; q++)
                yield return Row(stories[s], FirstQuestion + q * ColumnsEach, answers?[s][q]);
        }
    }

    private static DatasetRow Row(NamedRow story, int first, string? answer)
    {
        string question = Text(story, first);
        foreach (string kind in (string[])["one:", "multiple:"])
            question = question.StartsWith(kind, StringComparison.Ordinal) ? question[kind.Length..].Trim() : question;
        return new DatasetRow(story.Where, new TaskExample([Text(story, 2), question], [.. Enumerable.Range(first + 1, Letters.Length).Select(i => Text(story, i))], answer, story.Where));
    }

    private static string Text(NamedRow row, int column) => row[$"{column}"].Replace("\\newline", "\n", StringComparison.Ordinal).Replace("\\tab", "\t", StringComparison.Ordinal).Trim();
}
