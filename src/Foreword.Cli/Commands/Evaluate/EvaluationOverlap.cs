using System.Globalization;
using System.Text.Json;
using Foreword.Cli.Output;
using Foreword.Evaluation.Overlap;
using Foreword.Evaluation.Results;

namespace Foreword.Cli.Commands.Evaluate;

/// <summary>
/// Implements <c>foreword evaluate --overlap FILTER</c>. Each benchmark's result is also computed without the documents that the training
/// text contains, and over those documents alone.
/// </summary>
internal static class EvaluationOverlap
{
    /// <summary>Returns the results, each followed by its two parts.</summary>
    public static List<(string Key, BenchmarkResult Result)> Divide(IReadOnlyList<(string Key, BenchmarkResult Result)> results, IReadOnlyList<BenchmarkOverlap> overlaps)
    {
        List<(string, BenchmarkResult)> divided = [];
        foreach (((string key, BenchmarkResult result), BenchmarkOverlap overlap) in results.Zip(overlaps))
        {
            divided.Add((key, result));
            if (overlap is { Without: { } without, Only: { } only })
                divided.AddRange([($"{key}, new text", without), ($"{key}, seen text", only)]);
        }

        return divided;
    }

    /// <summary>Prints one line for each benchmark.</summary>
    public static void Say(Terminal terminal, OverlapFilter filter, IReadOnlyList<BenchmarkOverlap> overlaps)
    {
        foreach (BenchmarkOverlap overlap in overlaps)
        {
            SetOverlap set = overlap.Set;
            terminal.Say(string.Create(CultureInfo.InvariantCulture,
                $"{overlap.Key}: {set.Overlapping:N0} of {set.Documents:N0} documents share an 8-gram with {filter.Source} ({set.Sum.Found:N0} of {set.Sum.Grams:N0} 8-grams, {100 * set.Sum.Share:F2} %)"));
        }
    }

    /// <summary>Writes the field <c>overlap</c> of the results.</summary>
    public static void Write(Utf8JsonWriter json, OverlapFilter filter, IReadOnlyList<BenchmarkOverlap> overlaps)
    {
        json.WriteStartObject("overlap");
        json.WriteString("training", filter.Source);
        json.WriteNumber("false_positive_rate", filter.FalsePositiveRate);
        json.WriteStartObject("tasks");
        foreach (BenchmarkOverlap overlap in overlaps)
        {
            json.WriteStartObject(overlap.Key);
            json.WriteNumber("documents", overlap.Set.Documents);
            json.WriteNumber("overlapping", overlap.Set.Overlapping);
            json.WriteNumber("grams", overlap.Set.Sum.Grams);
            json.WriteNumber("found", overlap.Set.Sum.Found);
            json.WriteNumber("share", overlap.Set.Sum.Share);
            json.WriteEndObject();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }
}
