using System.Text.Json.Nodes;
using Foreword.Evaluation.Prompts;

namespace Foreword.Evaluation.Benchmarks;

/// <summary>One document of a benchmark: its requests to the model, and how the answers are judged.</summary>
public sealed record BenchmarkDocument
{
    /// <summary>Gets the document's fields in the data file. They are written to the samples log unchanged.</summary>
    public required JsonObject Fields { get; init; }

    /// <summary>Gets the right answer, for human readers.</summary>
    public required string Target { get; init; }

    /// <summary>Gets the requests to the model.</summary>
    public required IReadOnlyList<ModelRequest> Requests { get; init; }

    /// <summary>
    /// Gets the function that turns the responses, one for each request, into the document's statistics. It must not depend on other documents.
    /// </summary>
    public required Func<IReadOnlyList<ModelResponse>, Judgment> Judge { get; init; }

    /// <summary>
    /// Gets the document with its right answer, in the form of the prompts; null if it cannot serve as an example for other documents.
    /// </summary>
    public string? Solved { get; init; }
}

/// <summary>The judgment of a model's answers to one document.</summary>
/// <param name="Prediction">The model's answer, for human readers.</param>
/// <param name="IsRight">Whether the answer is right; null if that has no meaning for the benchmark.</param>
/// <param name="Statistics">One array of statistics for each of the benchmark's metrics, in the order of <see cref="Benchmark.Metrics"/>.</param>
public sealed record Judgment(string Prediction, bool? IsRight, IReadOnlyList<double[]> Statistics);
