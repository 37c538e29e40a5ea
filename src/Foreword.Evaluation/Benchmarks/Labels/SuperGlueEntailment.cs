using Foreword.Data.Tables;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation.Benchmarks.Labels;

/// <summary>SuperGLUE's two entailment sets (Wang et al. 2019): RTE with two classes, and CommitmentBank (de Marneffe et al. 2019) with three.</summary>
internal static class SuperGlueEntailment
{
    public static Benchmark Rte { get; } = new ChoiceBenchmark("rte", "textual entailment in news, 2 choices", "lm-evaluation-harness; GPT-3, section 3.7", "rte/val.jsonl with premise, hypothesis, label; or GLUE's dev.tsv with sentence1, sentence2, label; train likewise", 0.5)
    {
        Form = "'PREMISE\\nQuestion: HYPOTHESIS True or False?\\nAnswer:' + ' True' | ' False'",
        Questions = input => Read(input, "rte", row => (row.Premise, $"{row.Hypothesis} True or False?"), [" True", " False"], "entailment", "not_entailment"),
    };

    public static Benchmark Cb { get; } = new ChoiceBenchmark("cb", "CommitmentBank, textual entailment, 3 choices", "lm-evaluation-harness; GPT-3, section 3.7", "cb/val.jsonl with premise, hypothesis, label; train likewise", 1.0 / 3)
    {
        Form = "'PREMISE\\nQuestion: HYPOTHESIS. True, False, or Neither?\\nAnswer:' + ' True' | ' False' | ' Neither'",
        Classes = BenchmarkMetric.MacroF1("macro_f1"),
        Questions = input => Read(input, "cb", row => (row.Premise, $"{row.Hypothesis}. True, False, or Neither?"), [" True", " False", " Neither"], "entailment", "contradiction", "neutral"),
    };

    private static BenchmarkSet Read(BenchmarkInput input, string name, Func<(string Premise, string Hypothesis), (string Premise, string Question)> form, string[] answers, params string[] labels)
    {
        string file = input.File(name, $"{name}/val.jsonl", $"{name}/dev.tsv");
        return MultipleChoice.Set(file, input.Training(name, $"{name}/train.jsonl", $"{name}/train.tsv"), Items);

        IEnumerable<ChoiceItem> Items(string path)
        {
            bool isTable = path.EndsWith(".tsv", StringComparison.OrdinalIgnoreCase);
            (string premise, string hypothesis) = isTable ? ("sentence1", "sentence2") : ("premise", "hypothesis");
            return NamedRow.Read(path, [premise, hypothesis, "label"], isTable ? new TableOptions { Header = true, Quoting = false } : null).Select(row =>
            {
                (string text, string question) = form((row[premise].Trim(), row[hypothesis].Trim()));
                return new ChoiceItem(row.Fields, $"{text}\nQuestion: {question}\nAnswer:", answers, row.Index("label", labels)) { HasClasses = labels.Length > 2 };
            });
        }
    }
}
