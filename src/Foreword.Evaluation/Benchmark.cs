using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation;

/// <summary>
/// A benchmark: how its files are read, what each document asks of a model, and what is measured. A new one is one file in Benchmarks/ and one line
/// in <see cref="BenchmarkCatalog"/>.
/// </summary>
public abstract class Benchmark
{
    /// <summary>The name on the command line, such as <c>cbt-cn</c>.</summary>
    public abstract string Name { get; }

    /// <summary>What it is, in a few words.</summary>
    public abstract string Title { get; }

    /// <summary>Where the protocol comes from, such as "GPT-2, section 3.3".</summary>
    public abstract string Source { get; }

    /// <summary>The files that it looks for in the data directory, and their form.</summary>
    public abstract string Data { get; }

    /// <summary>What is measured, the most important first.</summary>
    public abstract IReadOnlyList<BenchmarkMetric> Metrics { get; }

    /// <summary>The first metric's value for guessing; null where guessing has no meaning.</summary>
    public virtual double? Chance => null;

    /// <summary>Solved examples that the paper puts before each question, where it gives no number a few; what is taken unless K is given.</summary>
    public virtual int PaperShots => 0;

    /// <summary>Details of the protocol that can be chosen.</summary>
    public virtual IReadOnlyList<BenchmarkSwitch> Switches => [];

    /// <summary>What the papers report.</summary>
    public virtual IReadOnlyList<PublishedFigure> Published => [];

    /// <summary>In one line, exactly what is done, for these switches.</summary>
    public abstract string Protocol(BenchmarkInput input);

    /// <summary>Reads the documents.</summary>
    /// <exception cref="InvalidDataException">A file is missing or not of the expected form; file and line are named.</exception>
    public abstract BenchmarkSet Read(BenchmarkInput input);
}
