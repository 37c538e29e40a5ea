using Foreword.Data.Tables;
using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.Labels;

/// <summary>The benchmark SNLI (Bowman et al. 2015) in lower case without punctuation: deciding whether a hypothesis follows from a premise.</summary>
internal static class SnliSubset
{
    private static readonly string[] Answers = [" True", " Neither", " False"];

    public static Benchmark Benchmark { get; } = new ChoiceBenchmark("snli-subset", "textual entailment, 3 choices", "GPT-3, section 3.8", "snli-subset/snli_test.tsv, snli_dev.tsv: premise, hypothesis, 0 entailment | 1 neutral | 2 contradiction", 1.0 / 3)
    {
        Form = "'PREMISE\\nQuestion: HYPOTHESIS. True, False or Neither?\\nAnswer:' + ' True' | ' Neither' | ' False'",
        Questions = input =>
        {
            string test = input.File("snli-subset", "snli-subset/snli_test.tsv");
            return MultipleChoice.Set(test, input.Training("snli-subset", "snli-subset/snli_dev.tsv"), Items);
        },
    };

    private static IEnumerable<ChoiceItem> Items(string file) => NamedRow.Read(file, ["0", "1", "2"], new TableOptions { Header = false, Quoting = false }).Select(row =>
        new ChoiceItem(row.Fields, $"{row["0"]}\nQuestion: {row["1"]}. True, False or Neither?\nAnswer:", Answers, row.Index("2", "0", "1", "2")));
}
