using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation.Families;

/// <summary>A benchmark of questions with answers to choose from, scored by likelihood (see <see cref="MultipleChoice"/>).</summary>
internal sealed class ChoiceBenchmark : Benchmark
{
    private readonly string _name, _title, _source, _data;
    private readonly double? _chance;

    /// <summary>What is the same for every one of them.</summary>
    /// <param name="name">The name on the command line.</param>
    /// <param name="title">What it is, in a few words.</param>
    /// <param name="source">Where the protocol comes from.</param>
    /// <param name="data">The files and their form.</param>
    /// <param name="chance">Accuracy of guessing.</param>
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
    public override IReadOnlyList<BenchmarkMetric> Metrics => MultipleChoice.Metrics;

    /// <summary>How question and answers are put into words.</summary>
    public required string Form { get; init; }

    /// <summary>Reads the questions.</summary>
    public required Func<BenchmarkInput, BenchmarkSet> Questions { get; init; }

    /// <summary>Details that can be chosen.</summary>
    public IReadOnlyList<BenchmarkSwitch> Choices { get; init; } = [];

    /// <summary>Results of papers and other projects.</summary>
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
        return $"{Form}; {MultipleChoice.Scores}{chosen}";
    }

    /// <inheritdoc/>
    public override BenchmarkSet Read(BenchmarkInput input) => Questions(input);
}
