using Foreword.Data.Tables;
using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>The benchmark HellaSwag (Zellers et al. 2019): choosing how a scene continues.</summary>
internal static class HellaSwag
{
    public static Benchmark Benchmark { get; } = new ChoiceBenchmark("hellaswag", "how a scene goes on, 4 choices", "GPT-3, section 3.1.3", "hellaswag/hellaswag_val.jsonl, hellaswag_train.jsonl with ctx, endings, label", 0.25)
    {
        Form = "CTX + ' ' + each ending",
        Figures = [new("gpt2", "acc", 0.2859), new("gpt2", "acc_token", 0.2955)], // karpathy/llm.c, dev/data/hellaswag.py
        Questions = input =>
        {
            string validation = input.File("hellaswag", "hellaswag/hellaswag_val.jsonl");
            return MultipleChoice.Set(Items(validation), [validation], input.FilesOrNone("hellaswag/hellaswag_train.jsonl") is [var training] ? Items(training) : null);
        },
    };

    private static IEnumerable<ChoiceItem> Items(string file) => NamedRow.Read(file, ["ctx", "endings", "label"]).Select(row => new ChoiceItem(
        row.Fields, row["ctx"].Trim(), [.. row.List("endings").Select(ending => $" {ending.Trim()}")], row.Index("label", "0", "1", "2", "3")));
}
