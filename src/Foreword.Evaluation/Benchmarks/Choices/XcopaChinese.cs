using Foreword.Data.Tables;
using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>The Chinese part of XCOPA (Ponti et al. 2020): COPA in Chinese.</summary>
internal static class XcopaChinese
{
    public static Benchmark Benchmark { get; } = new ChoiceBenchmark("xcopa-zh", "plausible cause or effect in Chinese, 2 choices", "XCOPA", "xcopa-zh/test.zh.jsonl, val.zh.jsonl with premise, choice1, choice2, question, label", 0.5)
    {
        Form = "'PREMISE，因为|所以' + each choice, no spaces",
        Questions = Read,
    };

    private static BenchmarkSet Read(BenchmarkInput input)
    {
        string test = input.File("xcopa-zh", "xcopa-zh/test.zh.jsonl");
        return MultipleChoice.Set(test, input.Training("xcopa-zh", "xcopa-zh/val.zh.jsonl"), Items);
    }

    private static IEnumerable<ChoiceItem> Items(string file) => NamedRow.Read(file, ["premise", "choice1", "choice2", "question", "label"]).Select(row =>
    {
        string link = row.Index("question", "cause", "effect") == 0 ? "因为" : "所以";
        return new ChoiceItem(row.Fields, $"{row["premise"].Trim().TrimEnd('。')}，{link}", [row["choice1"], row["choice2"]], row.Index("label", "0", "1")) { Unconditional = link };
    });
}
