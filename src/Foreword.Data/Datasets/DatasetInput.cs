namespace Foreword.Data.Datasets;

/// <summary>The input for reading a data set.</summary>
/// <param name="Directory">The data directory, which holds the files or a folder with them.</param>
public sealed record DatasetInput(string Directory)
{
    /// <summary>Gets the maximum number of training examples to read, from the beginning; null reads all.</summary>
    public int? Limit { get; init; }

    /// <summary>Gets the maximum number of examples to read from the beginning of each other part; null reads all.</summary>
    public int? LimitOfOthers { get; init; }

    /// <summary>Gets files that replace the validation part. They have the layout of the data set's own files.</summary>
    public IReadOnlyList<string> Validation { get; init; } = [];

    /// <summary>Gets the token that cancels the reading between two rows.</summary>
    public CancellationToken CancellationToken { get; init; }

    /// <summary>Finds the files of a data set.</summary>
    /// <param name="dataset">The data set.</param>
    /// <exception cref="DirectoryNotFoundException">The data directory does not exist.</exception>
    public DatasetFiles Files(Dataset dataset) => DatasetFiles.Open(Directory, dataset);
}
