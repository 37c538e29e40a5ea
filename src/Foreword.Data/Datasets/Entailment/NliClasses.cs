namespace Foreword.Data.Datasets.Entailment;

/// <summary>The three classes that SNLI introduced and other data sets took over.</summary>
internal static class NliClasses
{
    public static IReadOnlyList<string> Names { get; } = ["entailment", "neutral", "contradiction"];
}
