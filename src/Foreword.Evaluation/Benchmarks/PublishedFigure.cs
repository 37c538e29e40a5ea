namespace Foreword.Evaluation.Benchmarks;

/// <summary>A result that a paper or another project reports for a benchmark.</summary>
/// <param name="Model">The preset's name of the model, such as <c>gpt2-medium</c>.</param>
/// <param name="Metric">The name of the metric that is comparable with the result.</param>
/// <param name="Value">The result, in the metric's own unit (an accuracy is a share, 0 to 1).</param>
public sealed record PublishedFigure(string Model, string Metric, double Value)
{
    /// <summary>Creates the figures for the four model sizes in the GPT-2 paper's tables.</summary>
    public static IReadOnlyList<PublishedFigure> Gpt2(string metric, double small, double medium, double large, double xl) =>
        [new("gpt2", metric, small), new("gpt2-medium", metric, medium), new("gpt2-large", metric, large), new("gpt2-xl", metric, xl)];
}
