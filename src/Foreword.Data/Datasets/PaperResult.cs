using System.Globalization;

namespace Foreword.Data.Datasets;

/// <summary>A result that a paper reports for a data set.</summary>
/// <param name="Model">The model, such as "GPT-1".</param>
/// <param name="Metric">The name of the metric, such as <c>accuracy</c>.</param>
/// <param name="Value">The value in the metric's own unit. An accuracy is a share, 0 to 1.</param>
/// <param name="Source">The paper and its table, such as "GPT-1, table 2".</param>
/// <param name="Part">The part on which it was measured, see <see cref="DatasetPart.Name"/>.</param>
public sealed record PaperResult(string Model, string Metric, double Value, string Source, string Part = DatasetPart.Test)
{
    /// <summary>Creates the result of GPT-1 (Radford et al. 2018), which is the row "Finetuned Transformer LM" of the paper's tables 2 to 4.</summary>
    /// <param name="metric">The name of the metric.</param>
    /// <param name="percent">The value as the table prints it, in percent.</param>
    /// <param name="table">The number of the table.</param>
    /// <param name="part">The part on which it was measured.</param>
    internal static PaperResult Gpt1(string metric, double percent, int table, string part = DatasetPart.Test) =>
        new("GPT-1", metric, Math.Round(percent / 100, 4), string.Create(CultureInfo.InvariantCulture, $"GPT-1, table {table}"), part);
}
