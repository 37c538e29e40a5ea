using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation.Families;

/// <summary>
/// A benchmark whose documents come from a user's file, as in <c>lambada:file=mine.jsonl</c>. It has the reader and the protocol of the original
/// benchmark, but not the papers' figures.
/// </summary>
/// <param name="benchmark">The original benchmark.</param>
/// <param name="path">The file.</param>
internal sealed class OwnFileBenchmark(Benchmark benchmark, string path) : Benchmark
{
    /// <summary>The name of the switch that takes the file.</summary>
    public const string Switch = "file";

    /// <inheritdoc/>
    public override string Name => benchmark.Name;

    /// <inheritdoc/>
    public override string Title => benchmark.Title;

    /// <inheritdoc/>
    public override string Source => benchmark.Source;

    /// <inheritdoc/>
    public override string Data => path;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics => benchmark.Metrics;

    /// <inheritdoc/>
    public override double? Chance => benchmark.Chance;

    /// <inheritdoc/>
    public override int PaperShots => benchmark.PaperShots;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkSwitch> Switches => benchmark.Switches;

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input) => $"{benchmark.Protocol(input)}; documents of {Path.GetFileName(path)}, not the published ones";

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        return benchmark.Read(input with { OwnFile = path });
    }
}
