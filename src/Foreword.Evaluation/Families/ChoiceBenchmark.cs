using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation.Families;

/// <summary>A benchmark of questions with answers to choose from, scored by likelihood (see <see cref="MultipleChoice"/>).</summary>
internal sealed class ChoiceBenchmark : Benchmark
{
    private readonly string _name, _title, _source, _data;
    private readonly double? _chance;

    /// <summary>Creates a benchmark.</summary>
    /// <param name="name">The name on the command line.</param>
    /// <param name="title">A description of a few words.</param>
    /// <param name="source">The source of the protocol.</param>
    /// <param name="data">The files and their format.</param>
    /// <param name="chance">The accuracy of random guessing, 0 to 1; null if guessing has no meaning for the benchmark.</param>
    public ChoiceBenchmark(string name, string title, string source, string data, double? chance) =>
        (_name, _title, _source, _data, _chance) = (name, title, source, data, chance);

    /// <inheritdoc/>
    public override string Name => _name;

    /// <inheritdoc/>
    public override string Title => _title;

    /// <inheritdoc/>
    public override string Source => _source;

    /// <inheritdoc/>
    public override string Data => _data;

    /// <inheritdoc/>
    public override double? Chance => _chance;

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkMetric> Metrics => Classes is null ? MultipleChoice.Metrics : [.. MultipleChoice.Metrics, Classes];

    /// <summary>Gets the metric of the chosen and the right class; null if the choices are not classes.</summary>
    public BenchmarkMetric? Classes { get; init; }

    /// <summary>Gets a description of how a question and its answers are put into text.</summary>
    public required string Form { get; init; }

    /// <summary>Gets the function that reads the questions.</summary>
    public required Func<BenchmarkInput, BenchmarkSet> Questions { get; init; }

    /// <summary>Gets the details of the protocol that a user can choose.</summary>
    public IReadOnlyList<BenchmarkSwitch> Choices { get; init; } = [];

    /// <summary>Gets the results of papers and other projects.</summary>
    public IReadOnlyList<PublishedFigure> Figures { get; init; } = [];

    /// <inheritdoc/>
    public override IReadOnlyList<BenchmarkSwitch> Switches => Choices;

    /// <inheritdoc/>
    public override IReadOnlyList<PublishedFigure> Published => Figures;

    /// <inheritdoc/>
    public override string Protocol(BenchmarkInput input)
    {
        ArgumentNullException.ThrowIfNull(input);
        string chosen = string.Concat(Choices.Select(one => $"; {one.Name} {input.Switch(one)}"));
        string classes = Classes is null ? "" : $"; {Classes.Name} of the choice with the highest sum";
        return $"{Form}; {MultipleChoice.Scores}{classes}{chosen}";
    }

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input) => Questions(input);
}
