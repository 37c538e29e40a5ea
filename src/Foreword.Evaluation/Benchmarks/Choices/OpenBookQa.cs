using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>The benchmark OpenBookQA (Mihaylov et al. 2018): elementary science questions. The question is often an unfinished sentence.</summary>
internal static class OpenBookQa
{
    public static Benchmark Benchmark { get; } = new ChoiceBenchmark("openbookqa", "elementary science, 4 choices", "GPT-3, table 3.6", "openbookqa/test.jsonl, train.jsonl with question.stem, question.choices, answerKey", 0.25)
    {
        Form = "STEM + ' ' + each choice, no facts given",
        Questions = input =>
        {
            string test = input.File("openbookqa", "openbookqa/test.jsonl");
            return MultipleChoice.Set(test, input.Training("openbookqa", "openbookqa/train.jsonl"), file => ScienceQuestions.Read(file, stem => stem));
        },
    };
}
