using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Output;
using Foreword.Evaluation;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Running;

namespace Foreword.Cli.Commands.Evaluate;

/// <summary>Lists the benchmarks for <c>foreword evaluate --list</c>.</summary>
internal static class BenchmarkList
{
    public static void Print(Terminal terminal, bool json)
    {
        if (json)
        {
            JsonOutput.WriteLine(terminal, Write);
            return;
        }

        foreach (Benchmark benchmark in BenchmarkCatalog.All)
        {
            string chance = benchmark.Chance is { } level ? string.Create(CultureInfo.InvariantCulture, $"chance {level:0.###}") : "no chance level";
            FittedText.PrintEntry(terminal.Out, benchmark.Name,
            [
                $"{benchmark.Title} ({benchmark.Source})",
                $"{string.Join(", ", benchmark.Metrics.Select(metric => metric.Name))}; {chance}",
                benchmark.Data,
                .. benchmark.Switches.Select(one => $":{one.Name}={string.Join("|", one.Values)}  {one.Meaning}"),
            ]);
        }

        foreach (BenchmarkGroup group in BenchmarkGroups.All)
            FittedText.PrintEntry(terminal.Out, group.Name, group.Title, string.Join(", ", BenchmarkGroups.Specifications(group).Select(member => member.Text)));
    }

    private static void Write(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("benchmarks");
        foreach (Benchmark benchmark in BenchmarkCatalog.All)
        {
            writer.WriteStartObject();
            writer.WriteString("name", benchmark.Name);
            writer.WriteString("title", benchmark.Title);
            writer.WriteString("source", benchmark.Source);
            writer.WriteString("metrics", string.Join(", ", benchmark.Metrics.Select(metric => metric.Name)));
            if (benchmark.Chance is { } chance)
                writer.WriteNumber("chance", chance);
            else
                writer.WriteNull("chance");
            writer.WriteString("data", benchmark.Data);
            writer.WriteStartObject("switches");
            foreach (BenchmarkSwitch one in benchmark.Switches)
                writer.WriteString(one.Name, string.Join("|", one.Values));
            writer.WriteEndObject();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteStartArray("groups");
        foreach (BenchmarkGroup group in BenchmarkGroups.All)
        {
            writer.WriteStartObject();
            writer.WriteString("name", group.Name);
            writer.WriteString("title", group.Title);
            writer.WriteStartArray("benchmarks");
            foreach (BenchmarkSpecification member in BenchmarkGroups.Specifications(group))
                writer.WriteStringValue(member.Text);
            writer.WriteEndArray();
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }
}
