using System.Globalization;
using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;
using Foreword.Settings;

namespace Foreword.Data.Recipes.Supervised;

/// <summary>The order in which questions of several tasks are drawn.</summary>
[ChoiceName(nameof(RoundRobin), "round-robin")]
public enum MixOrder
{
    /// <summary>A question of each task in turn, so that a small task is repeated more often.</summary>
    RoundRobin,

    /// <summary>Tasks are drawn in proportion to a power of their sizes, see <see cref="QuestionMix.Temperature"/>.</summary>
    Proportional,
}

/// <summary>A mix of tasks for a model that answers questions: where their questions come from, and how they are drawn. It is a YAML file.</summary>
public sealed record QuestionMix : IRecipe
{
    /// <summary>Gets the directory of the data sets and of <see cref="Files"/>.</summary>
    [AlsoCalled("dir", "data", "root")]
    public string Directory { get; init; } = "";

    /// <summary>
    /// Gets tasks by the names of data sets: those of <c>foreword finetune --list</c> with texts or words as answers, and <c>tatoeba-en-fr</c>,
    /// <c>tatoeba-fr-en</c> and <c>scitldr</c>.
    /// </summary>
    [AlsoCalled("tasks", "datasets")]
    public IReadOnlyList<string> Sources { get; init; } = [];

    /// <summary>
    /// Gets further tasks by name, each with the folder of its <c>train.jsonl</c>, <c>val.jsonl</c> and <c>test.jsonl</c> in decaNLP's form: a line is
    /// <c>{"context": ..., "question": ..., "answer": ...}</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Gets the metric of each task of <see cref="Files"/> that has not the name of a task of decaNLP: <c>nEM</c>, <c>nF1</c>, <c>BLEU</c>, <c>ROUGE</c>,
    /// <c>cF1</c>, <c>dsEM</c> or <c>lfEM</c>. Others are measured by <c>nF1</c>.
    /// </summary>
    public IReadOnlyDictionary<string, string> Metrics { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the order in which questions are drawn.</summary>
    public MixOrder Mixing { get; init; } = MixOrder.RoundRobin;

    /// <summary>
    /// Gets the temperature of proportional mixing, 1 or more. A task with n questions is drawn in proportion to n^(1 / temperature): at 1 by its size, at a
    /// high temperature as often as the others.
    /// </summary>
    public double Temperature { get; init; } = 1;

    /// <summary>Gets the task that is trained alone at the beginning (anti-curriculum); null for none.</summary>
    public string? First { get; init; }

    /// <summary>Gets the number of steps for which <see cref="First"/> is trained alone.</summary>
    [AlsoCalled("jump_start", "first_steps")]
    public int For { get; init; }

    /// <summary>
    /// Gets a YAML file with further wordings of questions: for each task a list of texts, in which <c>{question}</c>, <c>{options}</c> and <c>{other}</c>
    /// stand for parts of the usual question. Each draw of a question takes one, which the seed determines. Null asks the usual questions only.
    /// </summary>
    [AlsoCalled("templates")]
    public string? Wordings { get; init; }

    /// <summary>Gets the maximum number of training questions of each task, from the first on; null reads all.</summary>
    public int? Limit { get; init; }

    /// <summary>Gets the maximum number of validation and test questions of each task, from the first on.</summary>
    public int ValidationLimit { get; init; } = 200;

    /// <summary>Reads a mix.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="InvalidDataException">The file is malformed.</exception>
    internal static QuestionMix Read(string path) => Recipe.Read<QuestionMix>(path, kind: "mix of tasks");

    /// <summary>Maps the names of data sets that are questions only to their folders.</summary>
    internal static IReadOnlyDictionary<string, string> TextSources { get; } = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase)
    {
        ["tatoeba-en-fr"] = "tatoeba-en-fr",
        ["tatoeba-fr-en"] = "tatoeba-en-fr",
        ["scitldr"] = "scitldr",
    };

    /// <summary>Gets the names that <see cref="Sources"/> may hold.</summary>
    internal static IEnumerable<string> SourceNames => [.. DatasetCatalog.All.Where(HasWordsAsAnswers).Select(dataset => dataset.Name), .. TextSources.Keys];

    /// <summary>Returns whether the answers of a data set are words or texts, so that its examples can be asked as questions.</summary>
    internal static bool HasWordsAsAnswers(Dataset dataset) => dataset.Task is "span" or "classification" or "entailment" or "similarity" or "multiple-choice";

    /// <summary>Gets the names of the tasks, in their order.</summary>
    internal IReadOnlyList<string> Names => [.. Sources, .. Files.Keys];

    /// <summary>Returns the mix with some of its tasks only.</summary>
    /// <param name="tasks">The names of the tasks; empty means all.</param>
    /// <exception cref="InvalidDataException">A name is none of the mix.</exception>
    internal QuestionMix Only(IReadOnlyList<string> tasks)
    {
        if (tasks.Count == 0)
            return this;
        if (tasks.FirstOrDefault(task => !Names.Contains(task)) is { } unknown)
            throw new InvalidDataException($"the mix has no task '{unknown}'{NearestName.Suggestion(unknown, Names)}; its tasks are {string.Join(", ", Names)}");
        bool keepsFirst = First is not null && tasks.Contains(First);
        return this with
        {
            Sources = [.. Sources.Where(tasks.Contains)],
            Files = Files.Where(file => tasks.Contains(file.Key)).ToDictionary(),
            First = keepsFirst ? First : null,
            For = keepsFirst ? For : 0,
        };
    }

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (Sources.Count + Files.Count == 0)
            problems.Add(nameof(Sources), "is missing; name data sets, or files in decaNLP's form as files: {task: folder}");
        if (Names.GroupBy(name => name, StringComparer.OrdinalIgnoreCase).FirstOrDefault(group => group.Count() > 1) is { } twice)
            problems.Add(nameof(Sources), $"names the task {twice.Key} twice");
        foreach ((string task, string _) in Metrics.Where(metric => !Files.ContainsKey(metric.Key)))
            problems.Add(nameof(Metrics), $"names {task}, which is not a task of files: {string.Join(", ", Files.Keys)}");
        if (Temperature < 1 || !double.IsFinite(Temperature))
            problems.AtLeast(1, Temperature);
        else if (Temperature > 1 && Mixing == MixOrder.RoundRobin)
            problems.Add(nameof(Temperature), string.Create(CultureInfo.InvariantCulture, $"is {Temperature}, which has no effect with mixing: round-robin; expected mixing: proportional, or no such key"));
        if (First is not null && !Names.Contains(First))
            problems.Add(nameof(First), $"is '{First}', which is no task of the mix: {string.Join(", ", Names)}");
        if (First is not null && For == 0)
            problems.Add(nameof(First), $"is {First}, but for is missing: the number of steps that it is trained alone");
        if (First is null && For > 0)
            problems.Add(nameof(For), $"is {For}, but first is missing: the task that is trained alone for so many steps");
        foreach (string name in Sources.Where(name => !TextSources.ContainsKey(name)))
        {
            if (DatasetCatalog.Find(name) is not { } dataset)
                problems.Add(nameof(Sources), $"names '{name}', which is not a known data set{NearestName.Suggestion(name, SourceNames)}");
            else if (!HasWordsAsAnswers(dataset))
                problems.Add(nameof(Sources), $"names {name}, whose answers are no words or texts, so it cannot be asked as questions");
        }

        problems.AtLeast(0, For);
        if (Limit is { } limit)
            problems.AtLeast(1, limit, nameof(Limit));
        problems.AtLeast(1, ValidationLimit);
        return problems;
    }
}
