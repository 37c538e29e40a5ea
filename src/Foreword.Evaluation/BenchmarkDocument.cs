using System.Text.Json.Nodes;
using Foreword.Evaluation.Prompts;

namespace Foreword.Evaluation;

/// <summary>One document of a benchmark: what it asks of the model, and how the answers are judged.</summary>
public sealed record BenchmarkDocument
{
    /// <summary>What the data file says of it; goes into the samples as it is.</summary>
    public required JsonObject Fields { get; init; }

    /// <summary>The right answer, for readers.</summary>
    public required string Target { get; init; }

    /// <summary>What is asked of the model.</summary>
    public required IReadOnlyList<ModelRequest> Requests { get; init; }

    /// <summary>Turns the answers, one for each request, into the document's statistics. Must not depend on other documents.</summary>
    public required Func<IReadOnlyList<ModelResponse>, Judgement> Judge { get; init; }

    /// <summary>The document with its right answer, in the form of the prompts; null where it cannot be an example for others.</summary>
    public string? Solved { get; init; }
}

/// <summary>What became of a document.</summary>
/// <param name="Prediction">The model's answer, for readers.</param>
/// <param name="IsRight">Whether it is right; null where that has no meaning.</param>
/// <param name="Statistics">For each of the benchmark's metrics, in their order, the statistics it is made of.</param>
public sealed record Judgement(string Prediction, bool? IsRight, IReadOnlyList<double[]> Statistics);
