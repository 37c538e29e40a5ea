using Foreword.Settings;

namespace Foreword.Evaluation.Benchmarks.User;

/// <summary>Specifies how a benchmark with a target text is measured.</summary>
internal enum AnswerMetric
{
    /// <summary>Whether the normalized answer equals one of the accepted answers (SQuAD).</summary>
    ExactMatch,

    /// <summary>F1 of the words that the answer shares with an accepted answer (SQuAD).</summary>
    F1,

    /// <summary>Whether greedy decoding would produce the target, and the target's perplexity.</summary>
    Likelihood,

    /// <summary>Corpus BLEU-4 of the generated texts; a list column holds several references.</summary>
    Bleu,

    /// <summary>F1 of ROUGE-1, -2 and -L of the generated texts, x 100; a list column holds several references.</summary>
    Rouge,

    /// <summary>For benchmarks with choices: Matthews correlation of the chosen and the right choice, in addition to the accuracies.</summary>
    Mcc,
}

/// <summary>
/// A user-defined benchmark: a table, a prompt that names columns in double braces, and either choices with the right one, or a target. By default,
/// the model generates up to 32 tokens, stops at a line break, and the answer must match exactly.
/// </summary>
internal sealed record BenchmarkRecipe : IRecipe
{
    /// <summary>Gets the name of the benchmark in results.</summary>
    public string Name { get; init; } = "";

    /// <summary>Gets a description of a few words.</summary>
    public string Title { get; init; } = "a user-defined benchmark";

    /// <summary>Gets the tables of the documents: CSV, TSV, JSON Lines or Parquet files, with paths relative to the recipe.</summary>
    public IReadOnlyList<string> Data { get; init; } = [];

    /// <summary>Gets the tables of the examples for few-shot prompts. If empty, examples are other documents of <see cref="Data"/>.</summary>
    public IReadOnlyList<string> Training { get; init; } = [];

    /// <summary>Gets the text before the answer, with columns as in <c>{{question}}</c>.</summary>
    public string Prompt { get; init; } = "";

    /// <summary>
    /// Gets the answers to choose from, with columns as in <see cref="Prompt"/>. A single entry that names a list column, such as
    /// <c> {{choices[].text}}</c>, stands for one choice per element.
    /// </summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    /// <summary>
    /// Gets a template for the right choice: its number from 0, its letter from A, or its text. Null if the benchmark has a target.
    /// </summary>
    public string? Answer { get; init; }

    /// <summary>
    /// Gets the texts that replace the data's labels, as in <c>not_entailment: " False"</c>. If there are neither choices nor a target, these texts
    /// are the choices, in this order.
    /// </summary>
    public IReadOnlyDictionary<string, string> Answers { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Gets a template for the expected text, for a benchmark without choices; null if there are choices. A single list column holds several accepted
    /// texts.
    /// </summary>
    public string? Target { get; init; }

    /// <summary>
    /// Gets whether the first row of a CSV or TSV file holds the columns' names. Without a header, columns are named by number, as in <c>{{0}}</c>.
    /// If null, the file has a header if a column is referred to by name.
    /// </summary>
    public bool? Header { get; init; }

    /// <summary>Gets whether quotation marks in CSV and TSV files quote a value; null for the format's default.</summary>
    public bool? Quoting { get; init; }

    /// <summary>Gets how a target is measured.</summary>
    public AnswerMetric Metric { get; init; } = AnswerMetric.ExactMatch;

    /// <summary>Gets the texts that stop the generation.</summary>
    public IReadOnlyList<string> Stop { get; init; } = ["\n"];

    /// <summary>Gets the maximum number of tokens that the model generates, 1 or more.</summary>
    public int MaxTokens { get; init; } = 32;

    /// <summary>Gets the text between two examples.</summary>
    public string Separator { get; init; } = "\n\n";

    /// <summary>Gets the first metric's value for random guessing; null if it has none.</summary>
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
            problems.Add(nameof(Target), Target is null ? "and choices are both missing; set the expected text, or the choices" : "and choices are both given; set only one of them");
        if (chooses && Metric is not (AnswerMetric.ExactMatch or AnswerMetric.Mcc))
            problems.Add(nameof(Metric), $"is {RecipeKey.ChoiceOf(Metric)}, which measures a target; choices are measured by accuracy, and by mcc if it is requested");
        if (!chooses && Metric == AnswerMetric.Mcc)
            problems.Add(nameof(Metric), "is mcc, which needs choices; a target has exact_match, f1, likelihood, bleu and rouge");
        if (chooses && Answer is null)
            problems.Add(nameof(Answer), "is missing; it says which choice is right");
        if (Stop.Any(string.IsNullOrEmpty))
            problems.Add(nameof(Stop), "has an empty text");
        problems.AtLeast(1, MaxTokens);
        return problems;
    }
}
