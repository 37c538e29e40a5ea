using System.Globalization;
using Foreword.Studies.Grid;

namespace Foreword.Studies.Results;

/// <summary>Summarizes the results of cells by a plan: seeds become mean and deviation, and levels are compared with the reference.</summary>
public static class StudySummary
{
    /// <summary>The level of the curve factors in the curve of means.</summary>
    public const string Average = "average";

    /// <summary>Returns a row for each curve, level and value, in the order of the plan.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="results">The results of the cells.</param>
    public static IReadOnlyList<StudyRow> Compute(StudyPlan plan, IReadOnlyList<CellResult> results)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(results);
        List<StudyRow> rows = [];
        results = plan.Derive?.Invoke(results) ?? results;
        if (plan.HasAverage)
            results = [.. results, .. Averages(plan, results)];
        foreach (var curve in results.GroupBy(result => string.Join('\0', plan.Curves.Select(result.Level))))
        {
            string[] levels = [.. plan.Curves.Select(factor => curve.First().Level(factor) ?? "")];
            IReadOnlyList<string> places = Order(curve.Select(result => result.Level(plan.Axis) ?? ""));
            foreach (string value in plan.Values)
            {
                CellResult[] measured = [.. curve.Where(result => result.Values.ContainsKey(value)).OrderBy(Seed)];
                CellResult[] reference = [.. measured.Where(result => result.Level(plan.Axis) == plan.Reference)];
                foreach (string place in places)
                {
                    CellResult[] here = [.. measured.Where(result => (result.Level(plan.Axis) ?? "") == place)];
                    if (here.Length > 0)
                        rows.Add(new StudyRow(levels, place, here[0].Metric, value, [.. here.Select(result => result.Values[value])]) { Comparison = place == plan.Reference ? null : Compare(here, reference, value) });
                }
            }
        }

        return rows;
    }

    /// <summary>Fits a power law to each curve of the first value that has enough levels; an empty list if the plan has no fit.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="rows">The rows of <see cref="Compute"/>.</param>
    public static IReadOnlyList<StudyFit> Fits(StudyPlan plan, IReadOnlyList<StudyRow> rows)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(rows);
        return !plan.HasFit ? [] :
        [
            .. from curve in rows.Where(row => row.Value == plan.Values[0] && Number(row.Level) is > 0 && double.IsFinite(row.Mean)).GroupBy(row => string.Join(", ", row.Curve))
               let points = curve.Select(row => (X: Number(row.Level)!.Value, row.Mean)).OrderBy(point => point.X).ToArray()
               where points.Length > PowerLaw.LeastPoints
               select new StudyFit(
                   curve.Key, PowerLaw.Fit([.. points.Select(point => point.X)], [.. points.Select(point => point.Mean)]),
                   PowerLaw.Fit([.. points[..^1].Select(point => point.X)], [.. points[..^1].Select(point => point.Mean)]), points[^1].X, points[^1].Mean),
        ];
    }

    /// <summary>Returns distinct levels in order: texts first, as they occur, and then numbers by size.</summary>
    public static IReadOnlyList<string> Order(IEnumerable<string> levels) =>
        [.. levels.Distinct().OrderBy(level => Number(level) ?? double.NegativeInfinity)];

    /// <summary>Returns a level as a number; null if it is none.</summary>
    public static double? Number(string level) => double.TryParse(level, CultureInfo.InvariantCulture, out double number) ? number : null;

    /// <summary>Returns the mean over the curves for each level and seed that all curves have.</summary>
    private static IEnumerable<CellResult> Averages(StudyPlan plan, IReadOnlyList<CellResult> results)
    {
        int curves = results.DistinctBy(result => string.Join('\0', plan.Curves.Select(result.Level))).Count();
        if (curves < 2)
            yield break;
        foreach (var place in results.GroupBy(result => (Level: result.Level(plan.Axis), Seed: result.Level(StudyFactor.Seed))))
        {
            CellResult[] cells = [.. place];
            if (cells.Length < curves)
                continue;
            StudyFactor[] factors = [.. cells[0].Factors.Select(factor => plan.Curves.Contains(factor.Name) ? factor with { Level = Average } : factor)];
            string[] shared = [.. plan.Values.Where(value => cells.All(cell => cell.Values.ContainsKey(value)))];
            yield return new CellResult(factors, "", cells.DistinctBy(cell => cell.Metric).Count() == 1 ? cells[0].Metric : "score", shared.ToDictionary(value => value, value => cells.Average(cell => cell.Values[value])), 0);
        }
    }

    private static double Seed(CellResult result) => Number(result.Level(StudyFactor.Seed) ?? "") ?? 0;

    /// <summary>Compares the cells with the reference's cells of the same seeds.</summary>
    private static PairedTest? Compare(CellResult[] here, CellResult[] reference, string value)
    {
        (CellResult Here, CellResult Reference)[] pairs = [.. here.Join(reference, result => result.Level(StudyFactor.Seed), other => other.Level(StudyFactor.Seed), (result, other) => (result, other))];
        return pairs.Length == 0 ? null : PairedTest.Compute([.. pairs.Select(pair => pair.Here.Values[value])], [.. pairs.Select(pair => pair.Reference.Values[value])]);
    }
}
