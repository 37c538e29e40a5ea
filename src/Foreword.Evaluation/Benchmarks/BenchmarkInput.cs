using Foreword.Data.Datasets;
using Foreword.Tokenization;

namespace Foreword.Evaluation.Benchmarks;

/// <summary>The input for reading a benchmark: the data directory, the switches, and the facts about the model that reading depends on.</summary>
public sealed record BenchmarkInput
{
    /// <summary>Gets the data directory, which holds a folder or files for each benchmark.</summary>
    public required string Directory { get; init; }

    /// <summary>Gets the model's tokenizer.</summary>
    public required Tokenizer Tokenizer { get; init; }

    /// <summary>Gets the model's context length in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Gets the number of tokens in a window of a corpus; null means the context length.</summary>
    public int? Window { get; init; }

    /// <summary>Gets the number of tokens from one window to the next; null means the window's length, so that windows do not overlap.</summary>
    public int? Stride { get; init; }

    /// <summary>Gets the switches that were given, by name. All other switches have their defaults.</summary>
    public IReadOnlyDictionary<string, string> Switches { get; init; } = new Dictionary<string, string>();

    /// <summary>Gets the file whose documents are evaluated instead of the published ones; null to evaluate the published documents.</summary>
    public string? OwnFile { get; init; }

    /// <summary>Returns a switch's value: the given one, or the default.</summary>
    public string Switch(BenchmarkSwitch of)
    {
        ArgumentNullException.ThrowIfNull(of);
        return Switches.TryGetValue(of.Name, out string? value) ? value : of.Default;
    }

    /// <summary>
    /// Returns the files of the documents to evaluate. These are the user's own file or, without one, the files of the data directory that match the
    /// first pattern with any match, in ordinal order of their names.
    /// </summary>
    /// <param name="benchmark">The benchmark's name, for error messages.</param>
    /// <param name="patterns">Patterns relative to the data directory, such as <c>lambada/*.jsonl</c>.</param>
    /// <exception cref="InvalidDataException">No file matches any pattern.</exception>
    /// <exception cref="DirectoryNotFoundException">The data directory does not exist, and the user gave no file of their own.</exception>
    public IReadOnlyList<string> Files(string benchmark, params string[] patterns) => OwnFile is { } own ? [own] : Others(benchmark, patterns);

    /// <summary>
    /// Returns files that belong to the published documents, such as those of training examples. The result may be empty if the user gave a file of
    /// their own.
    /// </summary>
    /// <param name="benchmark">The benchmark's name, for error messages.</param>
    /// <param name="patterns">Patterns relative to the data directory.</param>
    /// <exception cref="InvalidDataException">No file matches any pattern, and the published documents are evaluated.</exception>
    /// <exception cref="DirectoryNotFoundException">The data directory does not exist, and the user gave no file of their own.</exception>
    public IReadOnlyList<string> Training(string benchmark, params string[] patterns) => OwnFile is null ? Others(benchmark, patterns) : FilesOrNone(patterns);

    /// <summary>Returns files of the data directory that the benchmark always needs, even if the user gave a file of their own.</summary>
    /// <inheritdoc cref="Files" path="/param"/>
    /// <inheritdoc cref="Files" path="/exception"/>
    public IReadOnlyList<string> Others(string benchmark, params string[] patterns) =>
        FilesOrNone(patterns) is { Count: > 0 } files ? files
            : throw new InvalidDataException($"{benchmark}: {Directory} holds none of {string.Join(", ", patterns)}");

    /// <summary>Returns the files of the data directory that match the first pattern with any match; empty if no pattern matches.</summary>
    /// <exception cref="DirectoryNotFoundException">The data directory does not exist, and the user gave no file of their own.</exception>
    public IReadOnlyList<string> FilesOrNone(params string[] patterns)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        if (!System.IO.Directory.Exists(Directory) && OwnFile is not null)
            return [];
        if (!System.IO.Directory.Exists(Directory))
            throw new DirectoryNotFoundException($"the data directory '{Directory}' does not exist");
        return DatasetFiles.Matching(Directory, patterns);
    }

    /// <summary>Returns the first of <see cref="Files"/>.</summary>
    public string File(string benchmark, params string[] patterns) => Files(benchmark, patterns)[0];
}
