using Foreword.Tokenization;
using Microsoft.Extensions.FileSystemGlobbing;
using Microsoft.Extensions.FileSystemGlobbing.Abstractions;

namespace Foreword.Evaluation;

/// <summary>What a benchmark is read with: the data directory, its switches, and what it must know of the model.</summary>
public sealed record BenchmarkInput
{
    /// <summary>The directory that holds a folder or files for each benchmark.</summary>
    public required string Directory { get; init; }

    /// <summary>The model's tokenizer.</summary>
    public required Tokenizer Tokenizer { get; init; }

    /// <summary>Longest sequence of the model in tokens.</summary>
    public required int ContextLength { get; init; }

    /// <summary>Tokens of a window of a corpus; the context length unless given.</summary>
    public int? Window { get; init; }

    /// <summary>Tokens from one window to the next; the window unless given, so that no two overlap.</summary>
    public int? Stride { get; init; }

    /// <summary>The switches that were given; the others have their defaults.</summary>
    public IReadOnlyDictionary<string, string> Switches { get; init; } = new Dictionary<string, string>();

    /// <summary>The file whose documents are evaluated in place of the published ones; null where those are.</summary>
    public string? OwnFile { get; init; }

    /// <summary>A switch's value.</summary>
    public string Switch(BenchmarkSwitch of)
    {
        ArgumentNullException.ThrowIfNull(of);
        return Switches.TryGetValue(of.Name, out string? value) ? value : of.Default;
    }

    /// <summary>The files of the documents to evaluate: the user's own, or those below the data directory that match the first pattern that any matches, in order of their names.</summary>
    /// <param name="benchmark">The benchmark's name, for the message.</param>
    /// <param name="patterns">Patterns relative to the data directory, such as <c>lambada/*.jsonl</c>.</param>
    /// <exception cref="InvalidDataException">There are none.</exception>
    public IReadOnlyList<string> Files(string benchmark, params string[] patterns) => OwnFile is { } own ? [own] : Others(benchmark, patterns);

    /// <summary>Files that belong to the published ones, such as those of training examples; where the documents are the user's own, there may be none.</summary>
    /// <param name="benchmark">The benchmark's name, for the message.</param>
    /// <param name="patterns">Patterns relative to the data directory.</param>
    /// <exception cref="InvalidDataException">There are none, and the documents are the published ones.</exception>
    public IReadOnlyList<string> Training(string benchmark, params string[] patterns) => OwnFile is null ? Others(benchmark, patterns) : FilesOrNone(patterns);

    /// <summary>Files below the data directory that the benchmark cannot do without, whatever is evaluated.</summary>
    /// <inheritdoc cref="Files" path="/param"/>
    /// <inheritdoc cref="Files" path="/exception"/>
    public IReadOnlyList<string> Others(string benchmark, params string[] patterns) =>
        FilesOrNone(patterns) is { Count: > 0 } files ? files
            : throw new InvalidDataException($"{benchmark}: {Directory} holds none of {string.Join(", ", patterns)}");

    /// <summary>The files below the data directory that match the first pattern that any matches, or nothing.</summary>
    public IReadOnlyList<string> FilesOrNone(params string[] patterns)
    {
        ArgumentNullException.ThrowIfNull(patterns);
        if (!System.IO.Directory.Exists(Directory) && OwnFile is not null)
            return [];
        if (!System.IO.Directory.Exists(Directory))
            throw new DirectoryNotFoundException($"the data directory '{Directory}' does not exist");
        foreach (string pattern in patterns)
        {
            Matcher matcher = new(StringComparison.Ordinal);
            matcher.AddInclude(pattern);
            string[] found = [.. matcher.Execute(new DirectoryInfoWrapper(new DirectoryInfo(Directory))).Files.Select(match => Path.Combine(Directory, match.Path)).Order(StringComparer.Ordinal)];
            if (found.Length > 0)
                return found;
        }

        return [];
    }

    /// <summary>The first of <see cref="Files"/>.</summary>
    public string File(string benchmark, params string[] patterns) => Files(benchmark, patterns)[0];
}
