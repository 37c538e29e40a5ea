using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;

namespace Foreword.Cli.Commands.FineTune;

/// <summary>Lists the data sets for <c>foreword finetune --list</c>.</summary>
internal static class DatasetList
{
    public static void Print(Terminal terminal, bool json)
    {
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer =>
            {
                writer.WriteStartArray("datasets");
                foreach (Dataset dataset in DatasetCatalog.All)
                {
                    writer.WriteStartObject();
                    writer.WriteString("name", dataset.Name);
                    writer.WriteString("title", dataset.Title);
                    writer.WriteString("source", dataset.Source);
                    writer.WriteString("task", dataset.Task);
                    writer.WriteString("metric", dataset.Metric.Name);
                    writer.WriteStartArray("labels");
                    foreach (string label in dataset.Labels)
                        writer.WriteStringValue(label);
                    writer.WriteEndArray();
                    writer.WriteString("files", dataset.Files);
                    writer.WriteStartObject("sizes");
                    foreach ((string part, int size) in dataset.Sizes)
                        writer.WriteNumber(part, size);
                    writer.WriteEndObject();
                    writer.WriteBoolean("submission", dataset.Submission is not null);
                    new PaperResults(dataset.Published).Write(writer);
                    writer.WriteEndObject();
                }

                writer.WriteEndArray();
            });
            return;
        }

        foreach (Dataset dataset in DatasetCatalog.All)
        {
            string paper = dataset.Published.Count == 0 ? "" : $"; {string.Join(", ", dataset.Published.Select(Text))}";
            FittedText.PrintEntry(terminal.Out, dataset.Name, $"{dataset.Title} ({dataset.Source})", $"{dataset.Task}, {dataset.Metric.Name}{paper}", $"{string.Join(" or ", dataset.Folders)}: {dataset.Files}");
        }
    }

    private static string Text(PaperResult result) => string.Create(CultureInfo.InvariantCulture, $"{result.Source}: {result.Metric} {result.Value:0.###} on {result.Part}");
}
