using Foreword.Data.Tables;
using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>The Story Cloze Test (Mostafazadeh et al. 2016): choosing the right ending of a story of four sentences.</summary>
internal static class StoryCloze
{
    private static readonly string[] Sentences = ["InputSentence1", "InputSentence2", "InputSentence3", "InputSentence4"];
    private static readonly string[] Endings = ["RandomFifthSentenceQuiz1", "RandomFifthSentenceQuiz2"];

    public static Benchmark Benchmark { get; } = new ChoiceBenchmark("storycloze", "ending of a story, 2 choices", "GPT-3, section 3.1.4", "storycloze/*.csv with InputSentence1 .. 4, RandomFifthSentenceQuiz1, 2, AnswerRightEnding", 0.5)
    {
        Form = "the four sentences + ' ' + each ending",
        Questions = input =>
        {
            IReadOnlyList<string> files = input.Files("storycloze", "storycloze/*test*.csv", "storycloze/*val*.csv", "storycloze/*.csv");
            return MultipleChoice.Set(files.SelectMany(Items), files);
        },
    };

    private static IEnumerable<ChoiceItem> Items(string file) => NamedRow.Read(file, [.. Sentences, .. Endings, "AnswerRightEnding"], new TableOptions { Header = true }).Select(row => new ChoiceItem(
        row.Fields, string.Join(' ', Sentences.Select(column => row[column].Trim())), [.. Endings.Select(column => $" {row[column].Trim()}")], row.Index("AnswerRightEnding", "1", "2")));
}
