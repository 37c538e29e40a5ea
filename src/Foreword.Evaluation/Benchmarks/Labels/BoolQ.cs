using Foreword.Data.Tables;
using Foreword.Evaluation.Families;
using Foreword.IO;

namespace Foreword.Evaluation.Benchmarks.Labels;

/// <summary>The benchmark BoolQ (Clark et al. 2019): answering a question about a passage with yes or no.</summary>
internal static class BoolQ
{
    private static readonly string[] Answers = [" no", " yes"];

    public static Benchmark Benchmark { get; } = new ChoiceBenchmark(
        "boolq", "yes or no questions about a passage, 2 choices", "lm-evaluation-harness; GPT-3, section 3.7", "boolq/dev.jsonl with question, passage, answer (or SuperGLUE's val.jsonl with label); train likewise", 0.5)
    {
        Form = "'PASSAGE\\nQuestion: QUESTION?\\nAnswer:' + ' no' | ' yes'",
        Questions = input =>
        {
            string file = input.File("boolq", "boolq/dev.jsonl", "boolq/val.jsonl");
            return MultipleChoice.Set(file, input.Training("boolq", "boolq/train.jsonl"), Items);
        },
    };

    private static IEnumerable<ChoiceItem> Items(string file)
    {
        string answer = StrictText.ReadLines(file).FirstOrDefault()?.Contains("\"label\"", StringComparison.Ordinal) == true ? "label" : "answer"; // SuperGLUE renamed the field
        return NamedRow.Read(file, ["question", "passage", answer]).Select(row =>
            new ChoiceItem(row.Fields, $"{row["passage"].Trim()}\nQuestion: {row["question"].Trim().TrimEnd('?')}?\nAnswer:", Answers, row[answer].ToLowerInvariant() switch
            {
                "false" => 0,
                "true" => 1,
                _ => throw row.Problem($"the {answer} is '{row[answer]}'; expected true or false"),
            }));
    }
}
