using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;
using Foreword.Data.Labeled;
using Foreword.Data.Tables;
using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>
/// The <c>data</c> section of a fine-tuning recipe: a published data set by its name, or tables of labeled examples (CSV, TSV, JSON Lines, Parquet,
/// COPA's XML; also .gz and .zst). Relative paths are relative to <see cref="Directory"/>, which is relative to the current directory.
/// </summary>
public sealed record LabeledSection : IRecipe
{
    /// <summary>
    /// Gets the name of a published data set, see <see cref="DatasetCatalog"/>. It determines the task, the files in <see cref="Directory"/> and their
    /// format. Only <see cref="Validation"/> may then name files, which replace the data set's own. Null means that <see cref="Train"/> names tables.
    /// </summary>
    [AlsoCalled("data_set", "set", "name", "dataset_name")]
    public string? Dataset { get; init; }

    /// <summary>Gets the directory that contains the files.</summary>
    [AlsoCalled("dir", "path", "root")]
    public string Directory { get; init; } = "";

    /// <summary>Gets the training files.</summary>
    [AlsoCalled("train_file", "train_files", "files")]
    public IReadOnlyList<string> Train { get; init; } = [];

    /// <summary>Gets the files that select the best checkpoint; empty means a share of the training set.</summary>
    [AlsoCalled("dev", "valid", "val", "validation_file", "eval")]
    public IReadOnlyList<string> Validation { get; init; } = [];

    /// <summary>Gets the files on which the best checkpoint is evaluated at the end.</summary>
    [AlsoCalled("test_file", "test_files")]
    public IReadOnlyList<string> Test { get; init; } = [];

    /// <summary>Gets one label file for each training file, with one label per line; empty if the tables hold the labels.</summary>
    [AlsoCalled("labels", "train_label", "label_files")]
    public IReadOnlyList<string> TrainLabels { get; init; } = [];

    /// <summary>Gets one label file for each validation file, with one label per line; empty if the tables hold the labels.</summary>
    [AlsoCalled("dev_labels", "valid_labels", "val_labels")]
    public IReadOnlyList<string> ValidationLabels { get; init; } = [];

    /// <summary>Gets one label file for each test file, with one label per line; empty if the tables hold the labels.</summary>
    public IReadOnlyList<string> TestLabels { get; init; } = [];

    /// <summary>Gets the maximum number of examples to read from the beginning of each of the three sets; null reads all.</summary>
    [AlsoCalled("max_samples")]
    public int? MaxExamples { get; init; }

    /// <summary>Gets the maximum number of training examples to read from the beginning; null reads all.</summary>
    [AlsoCalled("max_train_samples", "max_train_examples")]
    public int? Limit { get; init; }

    /// <summary>
    /// Gets the number of training examples to draw at random with <c>train.seed</c>, after the validation share was held out; null uses all. Each
    /// class gets its share of the training set, rounded, and at least one example if there are enough for all. Choices and scores are drawn without
    /// regard to the label.
    /// </summary>
    [AlsoCalled("num_examples", "few_examples")]
    public int? Examples { get; init; }

    /// <summary>Gets the share of the training set that is held out if there are no validation files, above 0 and below 1.</summary>
    [AlsoCalled("validation_split", "val_split")]
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Gets whether the share is held out from each label separately. It is ignored for scores.</summary>
    [AlsoCalled("stratify")]
    public bool Stratified { get; init; } = true;

    /// <summary>
    /// Gets the columns by name, by number from 0, or by JSON path (<c>question.choices[].text</c>). Columns are in the order of the task's roles
    /// with the label last, or each has its role (<c>label=category</c>). Several columns joined by <c>+</c> (<c>text=Title+Description</c>) are read
    /// as one text with a space between. Empty means that the columns have the names of the roles.
    /// </summary>
    [AlsoCalled("fields", "column")]
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>Gets the format of the files; <c>auto</c> derives it from their names.</summary>
    [AlsoCalled("type")]
    public TableFormat Format { get; init; } = TableFormat.Auto;

    /// <summary>
    /// Gets whether the first row of CSV and TSV holds names. Null means that it does if a column is requested by name, or if the row looks like
    /// names.
    /// </summary>
    [AlsoCalled("has_header")]
    public bool? Header { get; init; }

    /// <summary>
    /// Gets whether quotes in CSV and TSV enclose fields (RFC 4180) or are ordinary characters. Null means that they enclose fields, except if tabs
    /// separate the fields.
    /// </summary>
    [AlsoCalled("quotes", "quote")]
    public bool? Quoting { get; init; }

    /// <summary>
    /// Gets the separator of the fields of CSV and TSV: one character, or <c>tab</c>; null means comma or tab, depending on the format.
    /// </summary>
    [AlsoCalled("sep", "separator", "delim")]
    public string? Delimiter { get; init; }

    /// <summary>Returns the options for reading the files.</summary>
    public TableOptions Options() => new() { Format = Format, Header = Header, Quoting = Quoting, Delimiter = Delimiter is null ? null : TableOptions.DelimiterOf(Delimiter) };

    /// <summary>Gets the input for reading <see cref="Dataset"/>.</summary>
    internal DatasetInput DatasetInput => new(Directory) { Limit = TrainingLimit, LimitOfOthers = MaxExamples, Validation = Paths(Validation) };

    /// <summary>Gets the training files with their labels.</summary>
    internal ExampleFiles TrainFiles => Files(Train, TrainLabels) with { MaxExamples = TrainingLimit };

    /// <summary>Gets the files that select the best checkpoint, with their labels.</summary>
    internal ExampleFiles ValidationFiles => Files(Validation, ValidationLabels);

    /// <summary>Gets the files that are evaluated at the end, with their labels.</summary>
    internal ExampleFiles TestFiles => Files(Test, TestLabels);

    /// <summary>Returns the paths of files, which are relative to <see cref="Directory"/>.</summary>
    /// <param name="files">The names of the files.</param>
    public IReadOnlyList<string> Paths(IReadOnlyList<string> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        return [.. files.Select(file => Path.Combine(Directory, file))];
    }

    private ExampleFiles Files(IReadOnlyList<string> tables, IReadOnlyList<string> labels) => new(Paths(tables), Paths(labels)) { MaxExamples = MaxExamples };

    private int? TrainingLimit => Limit is { } limit && MaxExamples is { } most ? Math.Min(limit, most) : Limit ?? MaxExamples;

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (Dataset is not null)
            AddDatasetProblems(problems, Dataset);
        else if (Train.Count == 0)
            problems.Add(nameof(Train), "is missing; set the files to learn from, or the name of a data set with data.dataset");
        if (Train.Concat(Validation).Concat(Test).Any(string.IsNullOrWhiteSpace))
            problems.Add(nameof(Train), "or data.validation or data.test has an empty path");
        if (!(ValidationShare > 0 && ValidationShare < 1))
            problems.Add(nameof(ValidationShare), $"is {ValidationShare.ToString(System.Globalization.CultureInfo.InvariantCulture)}; it must be above 0 and below 1");
        AddLabelProblem(problems, nameof(TrainLabels), Train, TrainLabels);
        AddLabelProblem(problems, nameof(ValidationLabels), Validation, ValidationLabels);
        AddLabelProblem(problems, nameof(TestLabels), Test, TestLabels);
        if (MaxExamples is < 1)
            problems.Add(nameof(MaxExamples), $"is {MaxExamples}; it must be at least 1");
        if (Limit is < 1)
            problems.Add(nameof(Limit), $"is {Limit}; it must be at least 1");
        if (Examples is < 2)
            problems.Add(nameof(Examples), $"is {Examples}; it must be at least 2");
        if (Delimiter is not null)
            AddDelimiterProblem(problems, Delimiter);
        return problems;
    }

    private void AddDatasetProblems(RecipeProblems problems, string name)
    {
        if (DatasetCatalog.Find(name) is null)
            problems.Add(nameof(Dataset), $"is '{name}', which is not a known data set{NearestName.Suggestion(name, DatasetCatalog.All.Select(dataset => dataset.Name))}");
        (string Key, bool IsSet)[] forTables =
        [
            (nameof(Train), Train.Count > 0), (nameof(Test), Test.Count > 0), (nameof(TrainLabels), TrainLabels.Count > 0), (nameof(ValidationLabels), ValidationLabels.Count > 0),
            (nameof(TestLabels), TestLabels.Count > 0), (nameof(Columns), Columns.Count > 0), (nameof(Format), Format != TableFormat.Auto), (nameof(Header), Header is not null),
            (nameof(Quoting), Quoting is not null), (nameof(Delimiter), Delimiter is not null),
        ];
        foreach ((string key, _) in forTables.Where(key => key.IsSet))
            problems.Add(key, $"is for tables; the data set {name} finds and reads its own files");
    }

    private static void AddLabelProblem(RecipeProblems problems, string key, IReadOnlyList<string> tables, IReadOnlyList<string> labels)
    {
        if (labels.Count > 0 && labels.Count != tables.Count)
            problems.Add(key, $"lists {labels.Count} label files, but there are {tables.Count} tables; each table needs one");
    }

    private void AddDelimiterProblem(RecipeProblems problems, string delimiter)
    {
        if (Format is TableFormat.JsonLines or TableFormat.Parquet or TableFormat.Copa or TableFormat.Conll or TableFormat.Squad)
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
