using Foreword.Settings;

namespace Foreword.Evaluation.Benchmarks.User;

/// <summary>How a benchmark that asks for a text is measured.</summary>
public enum AnswerMetric
{
    /// <summary>The normalised answer is one of the accepted ones (SQuAD).</summary>
    ExactMatch,

    /// <summary>Words that answer and accepted answer share (SQuAD).</summary>
    F1,

    /// <summary>Greedy decoding would write the target, and its perplexity.</summary>
    Likelihood,

    /// <summary>Corpus BLEU-4 of what is written; a list column is several references.</summary>
    Bleu,

    /// <summary>F1 of ROUGE-1, -2 and -L of what is written, x 100; a list column is several references.</summary>
    Rouge,

    /// <summary>With choices: Matthews' correlation of the chosen and the right one, beside the accuracies.</summary>
    Mcc,
}

/// <summary>
/// A benchmark of the user's own: a table, a prompt with its columns in double braces, and either choices with the right one or a target. Defaults ask for
/// an exact match of up to 32 tokens before a line break.
/// </summary>
public sealed record BenchmarkRecipe : IRecipe
{
    /// <summary>What it is called in results.</summary>
    public string Name { get; init; } = "";

    /// <summary>What it is, in a few words.</summary>
    public string Title { get; init; } = "a benchmark of the user's own";

    /// <summary>Tables of the documents: CSV, TSV, JSON Lines or Parquet, relative to the recipe.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary>Tables of the examples for few-shot prompts; other documents of the data where there are none.</summary>
    public IReadOnlyList<string> Training { get; init; } = [];

    /// <summary>The text before the answer, with columns as in <c>{{question}}</c>.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>Answers to choose from, with columns likewise; a single entry naming a list column, <c> {{choices[].text}}</c>, is one choice for each element.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>The right choice: a template that gives its number from 0, its letter from A, or its text.</summary>
    public string? Answer { get; init; }

    /// <summary>Texts that labels of the data stand for, as in <c>not_entailment: " False"</c>. Without choices they are the choices, in their order.</summary>
    public IReadOnlyDictionary<string, string> Answers { get; init; } = new Dictionary<string, string>();

    /// <summary>In place of choices: the text that is wanted; a single list column is several accepted ones.</summary>
    public string? Target { get; init; }

    /// <summary>Whether the first row of CSV and TSV holds the columns' names; without a header columns are numbers, as in <c>{{0}}</c>. Unless given, it does where a column is given by name.</summary>
    public bool? Header { get; init; }

    /// <summary>Whether quotes in CSV and TSV are quotes; as the format has it unless given.</summary>
    public bool? Quoting { get; init; }

    /// <summary>How a target is measured.</summary>
    public AnswerMetric Metric { get; init; } = AnswerMetric.ExactMatch;

    /// <summary>Texts that end what the model writes.</summary>
    public IReadOnlyList<string> Stop { get; init; } = ["\n"];

    /// <summary>Tokens that the model writes at most.</summary>
    public int MaxTokens { get; init; } = 32;

    /// <summary>What stands between examples.</summary>
    public string Separator { get; init; } = "\n\n";

    /// <summary>The first metric's value for guessing.</summary>
    public double? Chance { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (Name.Length == 0)
            problems.Add(nameof(Name), "is missing; it names the benchmark in results");
        if (Data.Count == 0)
            problems.Add(nameof(Data), "is missing; name at least one table");
        if (Prompt.Length == 0)
            problems.Add(nameof(Prompt), "is missing; it is the text before the answer, with columns as in {{question}}");
        bool chooses = Choices.Count > 0 || (Answers.Count > 0 && Target is null);
        if (chooses == Target is not null)
            problems.Add(nameof(Target), Target is null ? "and choices are both missing; give what is wanted, or answers to choose from" : "and choices are both given; give one of them");
        if (chooses && Metric is not (AnswerMetric.ExactMatch or AnswerMetric.Mcc))
            problems.Add(nameof(Metric), $"is {RecipeKey.ChoiceOf(Metric)}, which measures a target; choices are measured by accuracy, and by mcc where it is asked for");
        if (!chooses && Metric == AnswerMetric.Mcc)
            problems.Add(nameof(Metric), "is mcc, which needs choices; a target has exact_match, f1, likelihood, bleu and rouge");
        if (chooses && Answer is null)
            problems.Add(nameof(Answer), "is missing; it says which of the choices is right");
        if (Stop.Any(string.IsNullOrEmpty))
            problems.Add(nameof(Stop), "has an empty text");
        problems.AtLeast(1, MaxTokens);
        return problems;
    }
}
