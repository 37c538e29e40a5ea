using Foreword.Data.Tables;
using Foreword.Tasks.Metrics;

namespace Foreword.Data.Datasets;

/// <summary>A data set that is described by values, see <see cref="Dataset"/>.</summary>
/// <param name="name">The name on the command line.</param>
/// <param name="title">A description of a few words.</param>
/// <param name="source">The publication.</param>
/// <param name="files">The files and their format.</param>
internal sealed class PublishedDataset(string name, string title, string source, string files) : Dataset
{
    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override string Title => title;

    /// <inheritdoc/>
    public override string Source => source;

    /// <inheritdoc/>
    public override string Files => files;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Folders => OtherFolders.Count == 0 ? [name] : OtherFolders;

    /// <inheritdoc/>
    public override string Task => Kind;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Labels => Names;

    /// <inheritdoc/>
    public override TaskMetric Metric => MeasuredBy;

    /// <inheritdoc/>
    public override IReadOnlyList<PaperResult> Published => Results;

    /// <inheritdoc/>
    public override IReadOnlyDictionary<string, int> Sizes => Counts;

    /// <inheritdoc/>
    public override SubmissionFormat? Submission => Submitted;

    /// <summary>Gets the kind of task.</summary>
    public required string Kind { get; init; }

    /// <summary>Gets the metric that the paper reports.</summary>
    public TaskMetric MeasuredBy { get; init; } = TaskMetric.Accuracy;

    /// <summary>Gets the names of the folder; empty means the name of the data set.</summary>
    public IReadOnlyList<string> OtherFolders { get; init; } = [];

    /// <summary>Gets the names of the classes or choices.</summary>
    public IReadOnlyList<string> Names { get; init; } = [];

    /// <summary>Gets the results of a paper.</summary>
    public IReadOnlyList<PaperResult> Results { get; init; } = [];

    /// <summary>Gets the published number of examples of each part.</summary>
    public IReadOnlyDictionary<string, int> Counts { get; init; } = new Dictionary<string, int>();

    /// <summary>Gets the format of the test server.</summary>
    public SubmissionFormat? Submitted { get; init; }

    /// <summary>Gets the function that reads the parts.</summary>
    public required Func<PartReader, DatasetContent> Content { get; init; }

    /// <inheritdoc/>
    public override DatasetContent Read(DatasetInput input)
    {
        try
        {
            return Content(new PartReader(this, input));
        }
        catch (InvalidDataException problem) when (MissingColumnException.Caused(problem))
        {
            throw new InvalidDataException($"{problem.Message}; {name} has {files}", problem);
        }
    }
}
