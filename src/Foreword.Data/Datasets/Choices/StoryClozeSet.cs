using Foreword.Data.Sampling;
using Foreword.Data.Tables;
using Foreword.Tasks;

namespace Foreword.Data.Datasets.Choices;

/// <summary>
/// Reads the Story Cloze Tests of spring 2016 and winter 2018. Their training stories have no wrong endings, so the labeled validation stories are
/// divided. The division is that of openai/finetune-transformer-lm (datasets.py): of 2016, 374 stories for validation, drawn with its seed, and the other
/// 1,497 for training. The test stories of 2018 have no labels, so they are not read.
/// </summary>
internal static class StoryClozeSet
{
    /// <summary>The seed in datasets.py of openai/finetune-transformer-lm.</summary>
    private const uint Seed = 3535999445;

    /// <summary>A fifth of the stories is held out. Of the 1,871 published stories, these are the 374 of the original code.</summary>
    private const int HeldOutShare = 5;

    private const string Columns = "InputSentence1 to 4, RandomFifthSentenceQuiz1 and 2, AnswerRightEnding";

    private static readonly string[] Story = ["InputSentence1", "InputSentence2", "InputSentence3", "InputSentence4"];
    private static readonly string[] Endings = ["RandomFifthSentenceQuiz1", "RandomFifthSentenceQuiz2"];

    public static Dataset Spring2016 { get; } = new PublishedDataset("storycloze", "right ending of a story, 2 choices", "Mostafazadeh et al. 2016", $"cloze_test_val__spring2016*.csv, cloze_test_test__spring2016*.csv with {Columns}")
    {
        Kind = "multiple-choice",
        OtherFolders = ["storycloze", "rocstories"],
        Names = ["1", "2"],
        Results = [PaperResult.Gpt1("accuracy", 86.5, 3)],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 1497, [DatasetPart.Validating] = 374, [DatasetPart.Test] = 1871 },
        Content = parts => Divided(parts, "cloze_test_val__spring2016*.csv", parts.Test(Rows, "cloze_test_test__spring2016*.csv")),
    };

    public static Dataset Winter2018 { get; } = new PublishedDataset("storycloze-2018", "right ending of a story, 2 choices", "Sharma et al. 2018", $"cloze_test_val__winter2018*.csv with {Columns}")
    {
        Kind = "multiple-choice",
        OtherFolders = ["storycloze", "rocstories"],
        Names = ["1", "2"],
        Counts = new Dictionary<string, int> { [DatasetPart.Training] = 1257, [DatasetPart.Validating] = 314 },
        Content = parts => Divided(parts, "cloze_test_val__winter2018*.csv", []),
    };

    private static DatasetContent Divided(PartReader parts, string pattern, IReadOnlyList<DatasetPart> tests)
    {
        IReadOnlyList<string> files = parts.Files.Required(pattern);
        DatasetRow[] rows = [.. files.SelectMany(Rows)];
        int held = rows.Length / HeldOutShare;
        int[] order = new MersenneTwister(Seed).Permutation(rows.Length);
        return new DatasetContent(
            parts.Part(DatasetPart.Training, files, order[held..].Select(i => rows[i])), parts.Validation(order[..held].Select(i => rows[i]), files, Rows), tests);
    }

    private static IEnumerable<DatasetRow> Rows(string file) => NamedRow.Read(file, [.. Story, .. Endings, "AnswerRightEnding"], new TableOptions { Header = true }).Select(row => new DatasetRow(
        row.Where,
        new TaskExample([string.Join(' ', Story.Select(column => row[column].Trim())), null], [.. Endings.Select(column => row[column].Trim())], $"{row.Index("AnswerRightEnding", "1", "2") + 1}", row.Where)));
}
