using System.Globalization;
using System.Text.Json;
using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;
using Foreword.Data.Recipes;

namespace Foreword.Cli.Commands.FineTune;

/// <summary>The results of a paper for the data set of a run, which are shown after the run's own.</summary>
/// <param name="Results">The results; empty if there are none.</param>
internal sealed record PaperResults(IReadOnlyList<PaperResult> Results)
{
    /// <summary>Returns the results for a recipe.</summary>
    public static PaperResults Of(FineTuneRecipe recipe) => new(recipe.Data.Dataset is { } name ? DatasetCatalog.OfName(name).Published : []);

    /// <summary>Shows one line for each result.</summary>
    public void Show(Action<string> show)
    {
        foreach (PaperResult result in Results)
            show(string.Create(CultureInfo.InvariantCulture, $"paper {result.Metric} {result.Value:F4} on {result.Part} ({result.Source})"));
    }

    /// <summary>Writes the results as the field <c>paper</c>; nothing if there are none.</summary>
    public void Write(Utf8JsonWriter writer)
    {
        if (Results.Count == 0)
            return;
        writer.WriteStartArray("paper");
        foreach (PaperResult result in Results)
            Write(writer, result);
        writer.WriteEndArray();
    }

    /// <summary>Writes a result as an object.</summary>
    public static void Write(Utf8JsonWriter writer, PaperResult result)
    {
        writer.WriteStartObject();
        writer.WriteString("model", result.Model);
        writer.WriteString("metric", result.Metric);
        writer.WriteNumber("value", result.Value);
        writer.WriteString("part", result.Part);
        writer.WriteString("source", result.Source);
        writer.WriteEndObject();
    }
}
