using Foreword.Data.Tables;
using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>The benchmark COPA (Roemmele, Bejan and Gordon 2011): choosing the more plausible cause or effect of a premise.</summary>
internal static class Copa
{
    /// <summary>Last training item in SuperGLUE's split: items 1 to 400 are for training, items 401 to 500 for validation.</summary>
    private const int LastTrainingItem = 400;

    private static readonly BenchmarkSwitch SplitSwitch = new("split", ["validation", "all"], "items 401 to 500 with examples from 1 to 400, or all 500 with examples from the others");

    public static Benchmark Benchmark { get; } = new ChoiceBenchmark("copa", "plausible cause or effect, 2 choices", "GPT-3, table 3.8", "copa/*.xml, <item asks-for most-plausible-alternative> with <p>, <a1>, <a2>", 0.5)
    {
        Form = "'PREMISE because|therefore' + each alternative with a small first letter",
        Choices = [SplitSwitch],
        Questions = Read,
    };

    private static BenchmarkSet Read(BenchmarkInput input)
    {
        IReadOnlyList<string> files = input.Files("copa", "copa/*.xml");
        (int Id, ChoiceItem Item)[] items = [.. files.SelectMany(file => NamedRow.Read(file, ["id", "p", "a1", "a2", "asks-for", "most-plausible-alternative"]))
            .Select(row => (row.Number("id"), Item(row)))];
        return input.Switch(SplitSwitch) == "all"
            ? MultipleChoice.Set(items.Select(i => i.Item), files)
            : MultipleChoice.Set(items.Where(i => i.Id > LastTrainingItem).Select(i => i.Item), files, items.Where(i => i.Id <= LastTrainingItem).Select(i => i.Item));
    }

    private static ChoiceItem Item(NamedRow row)
    {
        string link = row.Index("asks-for", "cause", "effect") == 0 ? "because" : "therefore";
        return new ChoiceItem(row.Fields, $"{row["p"].Trim().TrimEnd('.')} {link}", [Alternative(row["a1"]), Alternative(row["a2"])], row.Index("most-plausible-alternative", "1", "2"))
        {
            Unconditional = link,
        };

        static string Alternative(string text) => $" {char.ToLowerInvariant(text[0])}{text.AsSpan(1)}";
    }
}
