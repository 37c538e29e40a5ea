using System.Text.Json;
using Foreword.Tasks.Metrics;

namespace Foreword.Tests;

/// <summary>Reads the recorded references of golden/metrics/metrics.json.</summary>
internal static class GoldenMetrics
{
    public static JsonElement Root { get; } = JsonDocument.Parse(File.ReadAllText(Fixtures.Path("golden/metrics/metrics.json"))).RootElement;

    public static double Tolerance { get; } = Root.GetProperty("tolerance_abs").GetDouble();

    public static TheoryData<string> Names(string section) => [.. Root.GetProperty(section).EnumerateArray().Select(c => c.GetProperty("name").GetString()!)];

    public static JsonElement Case(string section, string name) =>
        Root.GetProperty(section).EnumerateArray().Single(c => c.GetProperty("name").GetString() == name);

    public static T[] Array<T>(JsonElement element, string name) => element.GetProperty(name).Deserialize<T[]>()!;

    public static void AssertNear(double expected, double actual) =>
        Assert.True(Math.Abs(expected - actual) <= Tolerance, $"{actual}, expected {expected}");
}

/// <summary>Creates artificial outcomes for tests.</summary>
internal static class Outcomes
{
    /// <summary>Creates class outcomes. The predicted class has the probability <paramref name="confidence"/>; the others share the rest.</summary>
    public static TaskOutcomes.OfClasses OfClasses(int[] truth, int[] predicted, int classes, double confidence = 0.9) =>
        new(truth, predicted, [.. Enumerable.Range(0, classes).Select(c => $"class {c}")], [.. predicted.Select(p => Row(p, classes, confidence))]);

    /// <summary>Creates random class outcomes, of which three in four are right.</summary>
    public static TaskOutcomes.OfClasses Random(int count, int classes, int seed)
    {
        Random random = new(seed);
        int[] truth = [.. Enumerable.Range(0, count).Select(_ => random.Next(classes))];
        return OfClasses(truth, [.. truth.Select(t => random.Next(4) > 0 ? t : random.Next(classes))], classes);
    }

    private static double[] Row(int predicted, int classes, double confidence)
    {
        double[] row = [.. Enumerable.Repeat((1 - confidence) / (classes - 1), classes)];
        row[predicted] = confidence;
        return row;
    }
}
