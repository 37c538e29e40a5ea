namespace Foreword.Evaluation;

/// <summary>A result that the papers print for a benchmark.</summary>
/// <param name="Model">The preset's name of the model, such as <c>gpt2-medium</c>.</param>
/// <param name="Metric">The metric that it compares with.</param>
/// <param name="Value">The value, in the metric's own unit (accuracies as shares).</param>
public sealed record PublishedFigure(string Model, string Metric, double Value)
{
    /// <summary>The four sizes of the GPT-2 paper's tables.</summary>
    public static IReadOnlyList<PublishedFigure> Gpt2(string metric, double small, double medium, double large, double xl) =>
        [new("gpt2", metric, small), new("gpt2-medium", metric, medium), new("gpt2-large", metric, large), new("gpt2-xl", metric, xl)];
}
