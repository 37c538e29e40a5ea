using Foreword.Data.Tables;
using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.Labels;

/// <summary>
/// The benchmark Sentiment Labelled Sentences (Kotzias et al. 2015), scored with GPT-1's heuristic: reviews of products, restaurants and films.
/// </summary>
internal static class SentimentSentences
{
    public static Benchmark Benchmark { get; } = new ChoiceBenchmark("sentiment-sentences", "sentiment of reviews by 'very', 2 choices", "GPT-1, section 5", "sentiment-sentences/*_labelled.txt: sentence, label, separated by a tab", 0.5)
    {
        Form = SentimentHeuristic.Form,
        Questions = input =>
        {
            IReadOnlyList<string> files = input.Files("sentiment-sentences", "sentiment-sentences/*_labelled.txt");
            return MultipleChoice.Set(files.SelectMany(Items), files);
        },
    };

    private static IEnumerable<ChoiceItem> Items(string file) => NamedRow.Read(file, ["0", "1"], new TableOptions { Header = false, Quoting = false, Format = TableFormat.Tsv })
        .Select(row => SentimentHeuristic.Item(row.Fields, row["0"], row.Index("1", "0", "1")));
}
