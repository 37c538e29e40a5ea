using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.FileSystemGlobbing.Abstractions;

namespace Foreword.Data.Datasets;

/// <summary>Finds the files of a data set in its folder.</summary>
public sealed class DatasetFiles
{
    private readonly string _folder;
    private readonly Dataset _dataset;

    private DatasetFiles(string folder, Dataset dataset) => (_folder, _dataset) = (folder, dataset);

    /// <summary>Returns the files that match the first pattern with any match, in ordinal order of their names.</summary>
    /// <param name="patterns">Patterns relative to the folder, such as <c>train.tsv</c> or <c>train/*.txt</c>.</param>
    /// <exception cref="InvalidDataException">No file matches any pattern.</exception>
    public IReadOnlyList<string> Required(params IReadOnlyList<string> patterns) => Optional(patterns) is { Count: > 0 } files ? files
        : throw new InvalidDataException($"{_dataset.Name}: {_folder} holds none of {string.Join(", ", patterns)}; the data set has {_dataset.Files}");

    /// <summary>Returns the files that match the first pattern with any match; empty if no pattern matches.</summary>
    /// <param name="patterns">Patterns relative to the folder.</param>
    public IReadOnlyList<string> Optional(params IReadOnlyList<string> patterns) => Matching(_folder, patterns);

    /// <summary>Returns the files in a directory that match the first pattern with any match, in ordinal order; empty if no pattern matches.</summary>
    internal static IReadOnlyList<string> Matching(string directory, IReadOnlyList<string> patterns)
    {
        foreach (string pattern in patterns)
        {
            Matcher matcher = new(StringComparison.Ordinal);
            matcher.AddInclude(pattern);
            string[] found = [.. matcher.Execute(new DirectoryInfoWrapper(new DirectoryInfo(directory))).Files.Select(match => Path.Combine(directory, match.Path)).Order(StringComparer.Ordinal)];
            if (found.Length > 0)
                return found;
        }

        return [];
    }

    internal static DatasetFiles Open(string directory, Dataset dataset)
    {
        ArgumentNullException.ThrowIfNull(dataset);
        string root = directory.Length == 0 ? "." : directory;
        if (!Directory.Exists(root))
            throw new DirectoryNotFoundException($"the data directory '{root}' does not exist");
        string[] folders = [.. Directory.EnumerateDirectories(root).Order(StringComparer.Ordinal)];
        string? own = dataset.Folders.SelectMany(name => folders.Where(folder => string.Equals(Path.GetFileName(folder), name, StringComparison.OrdinalIgnoreCase))).FirstOrDefault();
        return new DatasetFiles(own ?? root, dataset);
    }
}
