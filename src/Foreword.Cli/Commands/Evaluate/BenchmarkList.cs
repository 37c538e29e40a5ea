using System.Globalization;
using Foreword.Cli.Output;
using Foreword.Evaluation;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Running;

namespace Foreword.Cli.Commands.Evaluate;

/// <summary>Lists the benchmarks for <c>foreword evaluate --list</c>.</summary>
internal static class BenchmarkList
{
    /// <summary>Columns of the names, with the space after them.</summary>
    private const int Indent = 21;

    public static void Print(Terminal terminal, bool json)
    {
        if (json)
        {
            JsonOutput.WriteLine(terminal, writer =>
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
            });
            return;
        }

        foreach (Benchmark benchmark in BenchmarkCatalog.All)
        {
            string chance = benchmark.Chance is { } level ? string.Create(CultureInfo.InvariantCulture, $"chance {level:0.###}") : "no chance level";
            terminal.Out.WriteLine($"{benchmark.Name,-20} {benchmark.Title} ({benchmark.Source})");
            terminal.Out.WriteLine($"{"",-20} {string.Join(", ", benchmark.Metrics.Select(metric => metric.Name))}; {chance}");
            terminal.Out.WriteLine($"{"",-20} {benchmark.Data}");
            foreach (BenchmarkSwitch one in benchmark.Switches)
                terminal.Out.WriteLine($"{"",-20} :{one.Name}={string.Join("|", one.Values)}  {one.Meaning}");
        }

        foreach (BenchmarkGroup group in BenchmarkGroups.All)
        {
            terminal.Out.WriteLine($"{group.Name,-20} {group.Title}");
            foreach (string line in FittedText.Wrap(string.Join(", ", BenchmarkGroups.Specifications(group).Select(member => member.Text)), FittedText.UsualWidth, new string(' ', Indent)))
                terminal.Out.WriteLine(line);
        }
    }
}
