using System.Text;
using System.Text.Json;
using Foreword.Tasks.Metrics;
using MathNet.Numerics.Statistics;

namespace Foreword.Tests.Tasks.Metrics;

public class TaskEvaluationTests
{
    private static readonly TaskMetric[] OfClasses = [TaskMetric.Accuracy, TaskMetric.MacroF1, TaskMetric.F1, TaskMetric.Matthews];
    private static readonly TaskMetric[] OfScores = [TaskMetric.Pearson, TaskMetric.Spearman, TaskMetric.Rmse];

    [Fact]
    public void TheIntervalOfAnAccuracyIsTheBinomialOne()
    {
        TaskOutcomes outcomes = Outcomes.OfClasses([.. Enumerable.Repeat(0, 1000)], [.. Enumerable.Range(0, 1000).Select(i => i < 800 ? 0 : 1)], 2);
        MetricInterval accuracy = TaskEvaluation.Compute("classification", outcomes, [TaskMetric.Accuracy], resamples: 4000).Metrics.Single();
        double reach = 1.96 * Math.Sqrt(0.8 * 0.2 / 1000);
        Assert.Equal(0.8, accuracy.Value);
        Assert.Equal(0.8 - reach, accuracy.Low, 0.003);
        Assert.Equal(0.8 + reach, accuracy.High, 0.003);
    }

    [Fact]
    public void TheIntervalOfACorrelationIsNearFishers()
    {
        TaskOutcomes outcomes = Scores(500, 1);
        MetricInterval pearson = TaskEvaluation.Compute("regression", outcomes, [TaskMetric.Pearson], resamples: 4000).Metrics.Single();
        Assert.Equal(Math.Tanh(Math.Atanh(pearson.Value) - 1.96 / Math.Sqrt(497)), pearson.Low, 0.02);
        Assert.Equal(Math.Tanh(Math.Atanh(pearson.Value) + 1.96 / Math.Sqrt(497)), pearson.High, 0.02);
    }

    [Fact]
    public void EveryMetricLiesInItsInterval()
    {
        TaskEvaluation classes = TaskEvaluation.Compute("classification", Outcomes.Random(300, 7, 1), OfClasses, resamples: 200);
        TaskEvaluation scores = TaskEvaluation.Compute("regression", Scores(300, 2), OfScores, resamples: 200);
        Assert.All([.. classes.Metrics, .. scores.Metrics], metric =>
        {
            Assert.True(metric.Low < metric.High, metric.ToString());
            Assert.InRange(metric.Value, metric.Low, metric.High);
        });
    }

    [Fact]
    public void TheSeedDecidesTheIntervals()
    {
        TaskOutcomes outcomes = Scores(50, 3);
        Assert.Equal(Metrics(1), Metrics(1));
        Assert.NotEqual(Metrics(1), Metrics(2));

        IReadOnlyList<MetricInterval> Metrics(long seed) => TaskEvaluation.Compute("regression", outcomes, OfScores, 100, seed).Metrics;
    }

    [Fact]
    public void AResampleIsMeasuredAsItsExamplesWrittenOut()
    {
        Random random = new(7);
        int[] draw = [.. Enumerable.Range(0, 40).Select(_ => random.Next(40))];
        TaskOutcomes.OfScores scores = new([.. Enumerable.Range(0, 40).Select(i => (double)(i / 3))], [.. Enumerable.Range(0, 40).Select(i => (double)(i * i % 11))]);
        ScoreSample sample = (ScoreSample)OutcomeSample.Whole(scores);
        sample.Draw(draw);
        double[] truth = [.. draw.Select(i => scores.Truth[i])], predicted = [.. draw.Select(i => scores.Predicted[i])];
        Assert.Equal(Correlation.Pearson(truth, predicted), sample.Pearson, 12);
        Assert.Equal(Correlation.Spearman(truth, predicted), sample.Spearman, 12);
        Assert.Equal(TaskMetric.Rmse.Of(new TaskOutcomes.OfScores(truth, predicted)), sample.Rmse, 12);

        TaskOutcomes.OfClasses classes = Outcomes.Random(40, 3, 4);
        OutcomeSample drawn = OutcomeSample.Whole(classes);
        drawn.Draw(draw);
        TaskOutcomes written = Outcomes.OfClasses([.. draw.Select(i => classes.Truth[i])], [.. draw.Select(i => classes.Predicted[i])], 3);
        Assert.All(OfClasses, metric => Assert.Equal(metric.Of(written), metric.Of(drawn), 12));
    }

    [Fact]
    public void AConstantPredictionHasNoCorrelationAndNoInterval()
    {
        TaskEvaluation evaluation = TaskEvaluation.Compute("regression", new TaskOutcomes.OfScores([1, 2, 3], [0.1, 0.1, 0.1]), [TaskMetric.Pearson, TaskMetric.Spearman], 50);
        Assert.All(evaluation.Metrics, metric => Assert.Equal((double.NaN, double.NaN, double.NaN), (metric.Value, metric.Low, metric.High)));
        JsonElement pearson = Json(evaluation).GetProperty("metrics").GetProperty("pearson");
        Assert.Equal(JsonValueKind.Null, pearson.GetProperty("value").ValueKind);
        Assert.Equal(JsonValueKind.Null, pearson.GetProperty("low").ValueKind);
    }

    [Fact]
    public void ResamplesWithoutACorrelationAreLeftOutOfItsInterval()
    {
        // With two points, half of the resamples hold only one of them, and therefore have no correlation.
        MetricInterval pearson = TaskEvaluation.Compute("regression", new TaskOutcomes.OfScores([1, 2], [3, 1]), [TaskMetric.Pearson], 50).Metrics.Single();
        Assert.Equal((-1, -1, -1), (Math.Round(pearson.Value, 12), Math.Round(pearson.Low, 12), Math.Round(pearson.High, 12)));
    }

    [Fact]
    public void CalibrationIsThatOfItsDefinition()
    {
        double[][] probabilities = [[0.9, 0.1], [0.92, 0.08], [0.3, 0.7], [0.5, 0.5], [0, 1]];
        TaskOutcomes.OfClasses outcomes = new([0, 1, 1, 0, 0], [0, 0, 1, 0, 1], ["a", "b"], probabilities);
        Calibration calibration = Calibration.Compute(outcomes);
        // The bins have a width of 1/15: 0.9 and 0.92 share the 14th, 0.7 is in the 11th, 0.5 in the 8th, 1 in the 15th.
        Assert.Equal([(7, 1), (10, 1), (13, 2), (14, 1)], calibration.Bins.Index().Where(bin => bin.Item.Count > 0).Select(bin => (bin.Index, bin.Item.Count)));
        Assert.Equal((0.91, 0.5), (calibration.Bins[13].Confidence, calibration.Bins[13].Accuracy));
        Assert.Equal((2 * 0.41 + 0.3 + 0.5 + 1) / 5, calibration.ExpectedError, 12);
        Assert.Equal(-(Math.Log(0.9) + Math.Log(0.08) + Math.Log(0.7) + Math.Log(0.5) + Math.Log(float.Epsilon)) / 5, calibration.NegativeLogLikelihood, 9);
        Assert.Equal(2 * (0.1 * 0.1 + 0.92 * 0.92 + 0.3 * 0.3 + 0.5 * 0.5 + 1) / 5, calibration.Brier, 12);
    }

    [Fact]
    public void TheBinsShareTheExamplesOut()
    {
        Calibration calibration = TaskEvaluation.Compute("classification", Outcomes.Random(500, 5, 6), [TaskMetric.Accuracy], 1).Calibration!;
        Assert.Equal(15, calibration.Bins.Count);
        Assert.Equal(500, calibration.Bins.Sum(bin => bin.Count));
        Assert.Equal((0.0, 1.0), (calibration.Bins[0].Low, calibration.Bins[^1].High));
    }

    [Fact]
    public void TheJsonHoldsEverythingMeasured()
    {
        TaskOutcomes outcomes = Outcomes.OfClasses([0, 0, 0, 1, 2], [0, 0, 1, 1, 0], 3);
        JsonElement json = Json(TaskEvaluation.Compute("entailment", outcomes, OfClasses, 20));
        Assert.Equal(["task", "n", "metrics", "majority_baseline", "calibration", "classes", "confusion_matrix"], json.EnumerateObject().Select(p => p.Name));
        Assert.Equal("entailment", json.GetProperty("task").GetString());
        Assert.Equal(5, json.GetProperty("n").GetInt32());
        Assert.Equal(0.6, json.GetProperty("metrics").GetProperty("accuracy").GetProperty("value").GetDouble());
        Assert.Equal(0.6, json.GetProperty("majority_baseline").GetDouble());
        Assert.Equal("[[2,1,0],[0,1,0],[1,0,0]]", json.GetProperty("confusion_matrix").GetProperty("counts").GetRawText());
        Assert.Equal(["class 0", "class 1", "class 2"], GoldenMetrics.Array<string>(json.GetProperty("confusion_matrix"), "labels"));
        JsonElement first = json.GetProperty("classes")[0];
        Assert.Equal(("class 0", 3), (first.GetProperty("label").GetString(), first.GetProperty("count").GetInt32()));
        Assert.Equal(2.0 / 3, first.GetProperty("precision").GetDouble(), 12);
        JsonElement calibration = json.GetProperty("calibration");
        Assert.Equal(0.3, calibration.GetProperty("expected_calibration_error").GetDouble(), 12);
        Assert.Equal(JsonValueKind.Null, calibration.GetProperty("bins")[0].GetProperty("accuracy").ValueKind);
        Assert.Equal(5, calibration.GetProperty("bins")[13].GetProperty("count").GetInt32());
    }

    [Fact]
    public void TheJsonOfScoresHasNothingAboutClasses()
    {
        JsonElement json = Json(TaskEvaluation.Compute("regression", Scores(20, 5), OfScores, 20));
        Assert.Equal(["task", "n", "metrics"], json.EnumerateObject().Select(p => p.Name));
        Assert.Equal(["pearson", "spearman", "rmse"], json.GetProperty("metrics").EnumerateObject().Select(p => p.Name));
    }

    private static TaskOutcomes.OfScores Scores(int count, int seed)
    {
        Random random = new(seed);
        double[] truth = [.. Enumerable.Range(0, count).Select(_ => Normal())];
        return new TaskOutcomes.OfScores(truth, [.. truth.Select(t => 0.6 * t + 0.8 * Normal())]);

        double Normal() => Math.Sqrt(-2 * Math.Log(1 - random.NextDouble())) * Math.Cos(2 * Math.PI * random.NextDouble());
    }

    private static JsonElement Json(TaskEvaluation evaluation)
    {
        using MemoryStream stream = new();
        using (Utf8JsonWriter writer = new(stream))
            evaluation.WriteJson(writer);
        return JsonDocument.Parse(Encoding.UTF8.GetString(stream.ToArray())).RootElement;
    }
}
