namespace Foreword.Evaluation.Benchmarks;

/// <summary>The content that a benchmark has read from its files.</summary>
/// <param name="Documents">The documents to evaluate, in the order of the files.</param>
/// <param name="Files">The files that were read.</param>
public sealed record BenchmarkSet(IReadOnlyList<BenchmarkDocument> Documents, IReadOnlyList<string> Files)
{
    /// <summary>
    /// Gets solved examples of the training split, in the form of the prompts. Null if there is no such split: examples are then taken from the other
    /// documents of the evaluated split, never from the document itself.
    /// </summary>
    public IReadOnlyList<string>? Examples { get; init; }

    /// <summary>Gets the text between two examples, and between the last example and the question.</summary>
    public string Separator { get; init; } = "\n\n";
}
