using Foreword.Tasks.Metrics;

namespace Foreword.Data.Datasets;

/// <summary>
/// A published data set of labeled examples: how its files are read, the task that it is for, and what a paper reports for it.
/// <c>DatasetCatalog</c> lists all data sets and registers more.
/// </summary>
public abstract class Dataset
{
    /// <summary>Gets the name on the command line and in recipes, such as <c>snli</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Gets a description of a few words.</summary>
    public abstract string Title { get; }

    /// <summary>Gets the publication of the data set, such as "Bowman et al. 2015".</summary>
    public abstract string Source { get; }

    /// <summary>Gets a description of the files that the data set looks for, and of their format.</summary>
    public abstract string Files { get; }

    /// <summary>
    /// Gets the names of the folder that holds the files inside the data directory, without regard to case. If the data directory has no such
    /// folder, the files are looked for in the data directory itself.
    /// </summary>
    public virtual IReadOnlyList<string> Folders => [Name];

    /// <summary>Gets the kind of task, see <see cref="Foreword.Tasks.FineTuningTask.OfKind"/>.</summary>
    public abstract string Task { get; }

    /// <summary>
    /// Gets the names of the classes or of the choices, in the order of the outputs. Empty for scores, and for classes that are learned from the
    /// training set.
    /// </summary>
    public virtual IReadOnlyList<string> Labels => [];

    /// <summary>Gets the metric that the paper reports. It also selects the best epoch.</summary>
    public abstract TaskMetric Metric { get; }

    /// <summary>Gets the results that a paper reports.</summary>
    public virtual IReadOnlyList<PaperResult> Published => [];

    /// <summary>
    /// Gets the number of examples that the complete published files have, by the name of the part (<see cref="DatasetPart.Name"/>). A part whose
    /// number is not known is absent.
    /// </summary>
    public virtual IReadOnlyDictionary<string, int> Sizes => new Dictionary<string, int>();

    /// <summary>Gets the format of predictions for the test server; null if the data set has no test server.</summary>
    public virtual SubmissionFormat? Submission => null;

    /// <summary>Reads the files.</summary>
    /// <param name="input">The data directory and the parts to read.</param>
    /// <exception cref="InvalidDataException">
    /// A file is missing or does not have the expected format. The message names the file, the line and what was expected.
    /// </exception>
    /// <exception cref="DirectoryNotFoundException">The data directory does not exist.</exception>
    public abstract DatasetContent Read(DatasetInput input);
}
