using Foreword.Data.Tables;
using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.Labels;

/// <summary>The benchmark SST-2 (Socher et al. 2013) in GLUE's files, scored with GPT-1's heuristic.</summary>
internal static class Sst2
{
    public static Benchmark Benchmark { get; } = new ChoiceBenchmark("sst2", "sentiment of film reviews by 'very', 2 choices", "GPT-1, section 5", "sst2/dev.tsv, train.tsv (GLUE): sentence, label with a header", 0.5)
    {
        Form = SentimentHeuristic.Form,
        Questions = input =>
        {
            string test = input.File("sst2", "sst2/dev.tsv", "SST-2/dev.tsv");
            return MultipleChoice.Set(Items(test), [test], input.FilesOrNone("sst2/train.tsv", "SST-2/train.tsv") is [var training] ? Items(training) : null);
        },
    };

    private static IEnumerable<ChoiceItem> Items(string file) => NamedRow.Read(file, ["sentence", "label"], new TableOptions { Header = true, Quoting = false })
        .Select(row => SentimentHeuristic.Item(row.Fields, row["sentence"], row.Index("label", "0", "1")));
}
