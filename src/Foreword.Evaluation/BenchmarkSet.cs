namespace Foreword.Evaluation;

/// <summary>What a benchmark has read from its files.</summary>
/// <param name="Documents">The documents to evaluate, in the files' order.</param>
/// <param name="Files">The files that were read.</param>
public sealed record BenchmarkSet(IReadOnlyList<BenchmarkDocument> Documents, IReadOnlyList<string> Files)
{
    /// <summary>
    /// Solved examples of the training split, in the form of the prompts. Null where there is no such split: examples are then other documents of
    /// the same one, never the document itself.
    /// </summary>
    public IReadOnlyList<string>? Examples { get; init; }

    /// <summary>What stands between two examples, and between the last one and the question.</summary>
    public string Separator { get; init; } = "\n\n";
}
