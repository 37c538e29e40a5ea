using Foreword.Data.Tables;

namespace Foreword.Recipes;

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

    /// <summary>Without validation files: the share of the training set held out, above 0 and below 1.</summary>
    [AlsoCalled("validation_split", "val_split")]
    public double ValidationShare { get; init; } = 0.1;

    /// <summary>Whether every label gives its share to the validation set; scores never do.</summary>
    [AlsoCalled("stratify")]
    public bool Stratified { get; init; } = true;

    /// <summary>
    /// The columns by name, by number from 0, or by JSON path (<c>question.choices[].text</c>), in the order of the task's roles with the
    /// label last, or each with its role (<c>label=category</c>). Absent means the roles' names.
    /// </summary>
    [AlsoCalled("fields", "column")]
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>What the files are; <c>auto</c> goes by their names.</summary>
    [AlsoCalled("type")]
    public TableFormat Format { get; init; } = TableFormat.Auto;

    /// <summary>Whether the first row of CSV and TSV holds names; absent means it does when a column is given by name.</summary>
    [AlsoCalled("has_header")]
    public bool? Header { get; init; }

    /// <summary>Whether quotes in CSV and TSV are quotes (RFC 4180), or characters like any other.</summary>
    [AlsoCalled("quotes", "quote")]
    public bool Quoting { get; init; } = true;

    /// <summary>How the files are read.</summary>
    public TableOptions Options() => new() { Format = Format, Header = Header, Quoting = Quoting };

    /// <summary>The paths of a list of files.</summary>
    public IReadOnlyList<string> Paths(IReadOnlyList<string> files)
    {
        ArgumentNullException.ThrowIfNull(files);
        return [.. files.Select(file => Path.Combine(Directory, file))];
    }

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
        return problems;
    }
}
