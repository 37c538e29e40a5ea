using Foreword.Evaluation.Families;

namespace Foreword.Evaluation.Benchmarks.Choices;

/// <summary>The AI2 Reasoning Challenge (Clark et al. 2018): school science questions, most of them with four choices.</summary>
internal static class Arc
{
    public static Benchmark Easy { get; } = Create("arc-easy", "ARC-Easy");

    public static Benchmark Challenge { get; } = Create("arc-challenge", "ARC-Challenge");

    private static ChoiceBenchmark Create(string name, string set) => new(name, "school science, 4 choices", "GPT-3, table 3.6", $"arc/{set}-Test.jsonl, {set}-Train.jsonl", 0.25)
    {
        Form = "'Question: STEM\\nAnswer:' + ' ' + each choice",
        Questions = input =>
        {
            string test = input.File(name, $"arc/{set}-Test.jsonl", $"arc/{set}/{set}-Test.jsonl");
            return MultipleChoice.Set(test, input.Training(name, $"arc/{set}-Train.jsonl", $"arc/{set}/{set}-Train.jsonl"), file => ScienceQuestions.Read(file, Prompt));
        },
    };

    private static string Prompt(string stem) => $"Question: {stem}\nAnswer:";
}
