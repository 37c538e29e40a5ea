using Foreword.Data.Labelled;
using Foreword.Data.Tables;
using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>
/// The <c>data</c> section of a fine-tuning recipe: tables of labelled examples (CSV, TSV, JSON Lines, Parquet, COPA's XML; also .gz and .zst).
/// Relative paths count from <see cref="Directory"/>, and that from the current directory.
/// </summary>
public sealed record LabelledSection : IRecipe
{
    /// <summary>Where the files lie.</summary>
    [AlsoCalled("dir", "path", "root")]
    public string Directory { get; init; } = "";

    /// <summary>The files to learn from.</summary>
    [AlsoCalled("train_file", "train_files", "files")]
    public IReadOnlyList<string> Train { get; init; } = [];

    /// <summary>The files that choose the best checkpoint; absent means a share of the training set.</summary>
    [AlsoCalled("dev", "valid", "val", "validation_file", "eval")]
    public IReadOnlyList<string> Validation { get; init; } = [];

    /// <summary>Files on which the best checkpoint is measured at the end.</summary>
    [AlsoCalled("test_file", "test_files")]
    public IReadOnlyList<string> Test { get; init; } = [];

    /// <summary>For each training file a file with one label a line, where the tables hold none.</summary>
    [AlsoCalled("labels", "train_label", "label_files")]
    public IReadOnlyList<string> TrainLabels { get; init; } = [];

    /// <summary>The same for the validation files.</summary>
    [AlsoCalled("dev_labels", "valid_labels", "val_labels")]
    public IReadOnlyList<string> ValidationLabels { get; init; } = [];

    /// <summary>The same for the test files.</summary>
    public IReadOnlyList<string> TestLabels { get; init; } = [];

    /// <summary>Most examples of each of the three sets, the first ones; absent means all.</summary>
    [AlsoCalled("max_train_samples", "max_samples", "limit")]
    public int? MaxExamples { get; init; }

    /// <summary>Without validation files: the share of the training set held out, above 0 and below 1.</summary>
    [AlsoCalled("validation_split", "val_split")]
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Whether every label gives its share to the validation set; scores never do.</summary>
    [AlsoCalled("stratify")]
    public bool Stratified { get; init; } = true;

    /// <summary>
    /// The columns by name, by number from 0, or by JSON path (<c>question.choices[].text</c>), in the order of the task's roles with the
    /// label last, or each with its role (<c>label=category</c>). Several joined by <c>+</c> (<c>text=Title+Description</c>) are read as one text
    /// with a space between. Absent means the roles' names.
    /// </summary>
    [AlsoCalled("fields", "column")]
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>What the files are; <c>auto</c> goes by their names.</summary>
    [AlsoCalled("type")]
    public TableFormat Format { get; init; } = TableFormat.Auto;

    /// <summary>Whether the first row of CSV and TSV holds names; absent means it does when a column is given by name, or when the row looks like names.</summary>
    [AlsoCalled("has_header")]
    public bool? Header { get; init; }

    /// <summary>Whether quotes in CSV and TSV are quotes (RFC 4180), or characters like any other; absent means quotes, except between tabs.</summary>
    [AlsoCalled("quotes", "quote")]
    public bool? Quoting { get; init; }

    /// <summary>What parts the fields of CSV and TSV: one character, or <c>tab</c>; absent means comma or tab by the format.</summary>
    [AlsoCalled("sep", "separator", "delim")]
    public string? Delimiter { get; init; }

    /// <summary>How the files are read.</summary>
    public TableOptions Options() => new() { Format = Format, Header = Header, Quoting = Quoting, Delimiter = Delimiter is null ? null : TableOptions.DelimiterOf(Delimiter) };

    /// <summary>What there is to learn from.</summary>
    public ExampleFiles TrainFiles => Files(Train, TrainLabels);

    /// <summary>What chooses the best checkpoint.</summary>
    public ExampleFiles ValidationFiles => Files(Validation, ValidationLabels);

    /// <summary>What is measured at the end.</summary>
    public ExampleFiles TestFiles => Files(Test, TestLabels);

    /// <summary>The paths of a list of files.</summary>
    public IReadOnlyList<string> Paths(IReadOnlyList<string> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        return [.. files.Select(file => Path.Combine(Directory, file))];
    }

    private ExampleFiles Files(IReadOnlyList<string> tables, IReadOnlyList<string> labels) => new(Paths(tables), Paths(labels)) { MaxExamples = MaxExamples };

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (Train.Count == 0)
            problems.Add(nameof(Train), "is missing; give the files to learn from");
        if (Train.Concat(Validation).Concat(Test).Any(string.IsNullOrWhiteSpace))
            problems.Add(nameof(Train), "or data.validation or data.test has an empty path");
        if (!(ValidationShare > 0 && ValidationShare < 1))
            problems.Add(nameof(ValidationShare), $"is {ValidationShare.ToString(System.Globalization.CultureInfo.InvariantCulture)}; it must be above 0 and below 1");
        AddLabelProblem(problems, nameof(TrainLabels), Train, TrainLabels);
        AddLabelProblem(problems, nameof(ValidationLabels), Validation, ValidationLabels);
        AddLabelProblem(problems, nameof(TestLabels), Test, TestLabels);
        if (MaxExamples is < 1)
            problems.Add(nameof(MaxExamples), $"is {MaxExamples}; it must be at least 1");
        if (Delimiter is not null)
            AddDelimiterProblem(problems, Delimiter);
        return problems;
    }

    private static void AddLabelProblem(RecipeProblems problems, string key, IReadOnlyList<string> tables, IReadOnlyList<string> labels)
    {
        if (labels.Count > 0 && labels.Count != tables.Count)
            problems.Add(key, $"names {labels.Count} files of labels; there are {tables.Count} tables, and each has one");
    }

    private void AddDelimiterProblem(RecipeProblems problems, string delimiter)
    {
        if (Format is TableFormat.JsonLines or TableFormat.Parquet or TableFormat.Copa)
            problems.Add(nameof(Delimiter), $"is '{delimiter}'; {RecipeKey.ChoiceOf(Format)} has no delimiter");
        try
        {
            TableOptions.DelimiterOf(delimiter);
        }
        catch (ArgumentException)
        {
            problems.Add(nameof(Delimiter), $"is '{delimiter}'; expected one character, or tab | comma | semicolon | pipe");
        }
    }
}
