using System.Text.Json.Nodes;
using Foreword.Data.Tables;
using Foreword.Evaluation.Benchmarks;
using Foreword.Evaluation.Families;
using Foreword.Evaluation.Metrics;

namespace CustomBenchmark;

/// <summary>Sums of two digits, each with a right and a wrong result.</summary>
internal sealed class Sums : Benchmark
{
    private static readonly string[] Columns = ["question", "right", "wrong"];

    public override string Name => "sums";

    public override string Title => "sums of two digits, 2 choices";

    public override string Source => "samples/CustomBenchmark";

    public override string Data => "sums/*.csv with the columns question, right and wrong";

    public override IReadOnlyList<BenchmarkMetric> Metrics => MultipleChoice.Metrics;

    public override double? Chance => 0.5;

    public override string Protocol(BenchmarkInput input) => $"'QUESTION =' + each result; {MultipleChoice.Scores}";

    public override BenchmarkSet Read(BenchmarkInput input)
    {
        IReadOnlyList<string> files = input.Files(Name, "sums/*.csv");
        return MultipleChoice.Set(files.SelectMany(file => TableReader.Read(file, Columns)).Select(Item), files);
    }

    private static ChoiceItem Item(TableRow row)
    {
        (string question, string right, string wrong) = (row.Cells[0][0], row.Cells[1][0], row.Cells[2][0]);
        return new ChoiceItem(new JsonObject { ["question"] = question }, $"{question} =", [$" {right}", $" {wrong}"], Right: 0);
    }
}
