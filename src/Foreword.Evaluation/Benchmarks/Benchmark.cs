using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation.Benchmarks;

/// <summary>
/// A benchmark: how its files are read, what each document asks of a model, and which metrics are computed. <see cref="BenchmarkCatalog"/>
/// lists all benchmarks and registers more.
/// </summary>
public abstract class Benchmark
{
    /// <summary>Gets the name on the command line, such as <c>cbt-cn</c>.</summary>
    public abstract string Name { get; }

    /// <summary>Gets a description of a few words.</summary>
    public abstract string Title { get; }

    /// <summary>Gets the source of the protocol, such as "GPT-2, section 3.3".</summary>
    public abstract string Source { get; }

    /// <summary>Gets a description of the files that the benchmark looks for in the data directory, and of their format.</summary>
    public abstract string Data { get; }

    /// <summary>Gets the metrics, the most important one first.</summary>
    public abstract IReadOnlyList<BenchmarkMetric> Metrics { get; }

    /// <summary>Gets the first metric's value for random guessing; null if guessing has no meaning for this benchmark.</summary>
    public virtual double? Chance => null;

    /// <summary>
    /// Gets the number of solved examples that the paper puts before each question. The evaluation uses it unless another number (K) is given. If the
    /// paper does not report the number, this is a small number.
    /// </summary>
    public virtual int PaperShots => 0;

    /// <summary>Gets the details of the protocol that a user can choose.</summary>
    public virtual IReadOnlyList<BenchmarkSwitch> Switches => [];

    /// <summary>Gets the results that the papers report.</summary>
    public virtual IReadOnlyList<PublishedFigure> Published => [];

    /// <summary>Returns one line that describes the exact protocol for the switches of <paramref name="input"/>.</summary>
    public abstract string Protocol(BenchmarkInput input);

    /// <summary>Reads the documents.</summary>
    /// <exception cref="InvalidDataException">
    /// A file is missing or does not have the expected format; the message names the file and the line.
    /// </exception>
    public abstract BenchmarkSet Read(BenchmarkInput input);
}
