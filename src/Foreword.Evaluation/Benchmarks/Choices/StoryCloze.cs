using Foreword.Data.Tables;
using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>The Story Cloze Test (Mostafazadeh et al. 2016): choosing the right ending of a story of four sentences.</summary>
internal static class StoryCloze
{
    private static readonly string[] Sentences = ["InputSentence1", "InputSentence2", "InputSentence3", "InputSentence4"];
    private static readonly string[] Endings = ["RandomFifthSentenceQuiz1", "RandomFifthSentenceQuiz2"];

    private static readonly BenchmarkSwitch Year = new("year", ["2016", "2018"], "the test set of 2016, or the validation set of 2018, whose test set has no labels");

    public static Benchmark Benchmark { get; } = new ChoiceBenchmark("storycloze", "ending of a story, 2 choices", "GPT-3, section 3.1.4", "storycloze/cloze_test_test__spring2016*.csv, or another .csv, with InputSentence1 .. 4, RandomFifthSentenceQuiz1, 2, AnswerRightEnding", 0.5)
    {
        Choices = [Year],
        Form = "the four sentences + ' ' + each ending",
        Questions = input =>
        {
            IReadOnlyList<string> files = input.Switch(Year) == "2018"
                ? input.Files("storycloze", "storycloze/*val__winter2018*.csv")
                : input.Files("storycloze", "storycloze/*test__spring2016*.csv", "storycloze/*val__spring2016*.csv", "storycloze/cloze_test_val.csv", "storycloze/*.csv");
            return MultipleChoice.Set(files.SelectMany(Items), files);
        },
    };

    private static IEnumerable<ChoiceItem> Items(string file) => NamedRow.Read(file, [.. Sentences, .. Endings, "AnswerRightEnding"], new TableOptions { Header = true }).Select(row => new ChoiceItem(
        row.Fields, string.Join(' ', Sentences.Select(column => row[column].Trim())), [.. Endings.Select(column => $" {row[column].Trim()}")], row.Index("AnswerRightEnding", "1", "2")));
}
