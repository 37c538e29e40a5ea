using System.Xml.Linq;
using Foreword.Cli.Reports;
using Foreword.Torch.Runs;
using SkiaSharp;

namespace Foreword.Cli.Tests.Reports;

public class LossPlotTests
{
    [Fact]
    public void BothPicturesAreDrawnWithTheirText()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        RunDirectory run = RunWithLosses(directory.Path, 200);
        LossPlot.Write(run, "quickstart & <friends>");

        XDocument svg = XDocument.Load(run.LossSvgPath);
        string[] texts = [.. svg.Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value)];
        string text = string.Join('\n', texts);
        Assert.Contains("quickstart & <friends>", text);
        Assert.Contains("loss (nats per token)", text);
        Assert.Contains("training, running mean", text);
        Assert.Contains("validation (best 4.000 at step 200)", text);
        Assert.All(svg.Descendants().Attributes("font-family"), family => Assert.EndsWith("sans-serif", family.Value));

        using SKBitmap png = SKBitmap.Decode(run.LossPngPath);
        Assert.Equal((1000, 560), (png.Width, png.Height));
        Assert.True(HasDarkPixel(png, top: 0, bottom: 30), "the title left no mark"); // only the title is in this area
        Assert.Equal(["loss.png", "loss.svg", "metrics.jsonl"], Files(directory));
    }

    [Fact]
    public void OfAFineTuningRunTheTasksLossesShareAPanelAndTheLanguageModelHasItsOwn()
    {
        StepMetrics[] steps = [.. Enumerable.Range(1, 3).Select(step => new StepMetrics(step, 3.5, 1e-3, 1, 1000) { TaskLoss = 1.5 / step, LmLoss = 4 })];
        ValidationMetrics[] evals = [new(3, 0.75, new Dictionary<string, double> { ["accuracy"] = 1 })];
        LossPanel[] panels = [.. LossPanel.Of(new RunMetrics(steps, evals), "nats per example")];
        Assert.Equal(["task loss (nats per example)", "LM loss (nats per token)"], panels.Select(panel => panel.Axis));
        Assert.Equal([(1, 1.5), (2, 0.75), (3, 0.5)], panels[0].Training);
        Assert.Equal([(3, 0.75)], panels[0].Validation);
        Assert.Equal([4, 4, 4], panels[1].Training.Select(point => point.Y));

        LossPanel older = Assert.Single(LossPanel.Of(new RunMetrics([.. steps.Select(step => step with { TaskLoss = null, LmLoss = null })], evals), "nats per example"));
        Assert.Equal(("loss (nats)", "training, task and language model together"), (older.Axis, older.TrainingName));

        using TemporaryDirectory directory = Fixtures.NewDirectory();
        RunDirectory run = RunDirectory.Create(directory.Path);
        using (RunLog log = RunLog.Start(run))
        {
            foreach (StepMetrics step in steps)
                log.Write(step);
            log.Write(evals[0]);
        }

        LossPlot.Write(run, "a task");
        string text = string.Join('\n', XDocument.Load(run.LossSvgPath).Descendants().Where(element => element.Name.LocalName == "text").Select(element => element.Value));
        Assert.All(["a task", "task loss (nats per example)", "LM loss (nats per token)", "validation (lowest 0.750 at step 3)", "training, running mean (last 0.500)", "training, running mean (last 4.000)", "step"],
            expected => Assert.Contains(expected, text));
        using SKBitmap png = SKBitmap.Decode(run.LossPngPath);
        Assert.Equal((1000, 560), (png.Width, png.Height));
        Assert.True(HasDarkPixel(png, top: 0, bottom: 30) && HasDarkPixel(png, top: 540, bottom: 560), "a panel left no mark");
    }

    [Fact]
    public void ARunThatHasLoggedNothingHasNoPicture()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        RunDirectory run = RunDirectory.Create(directory.Path);
        LossPlot.Write(run, "empty");
        directory.Write("metrics.jsonl", """{"step":1,"loss":null,"learning_rate":1,"grad_norm":1,"tokens_per_second":1}""" + "\n");
        LossPlot.Write(run, "only a NaN");
        Assert.Equal(["metrics.jsonl"], Files(directory));
    }

    [Theory]
    [InlineData("""{"step":1,"loss":5,"learning_rate":1,"grad_norm":1,"tokens_per_second":1}""")]
    [InlineData("""{"step":0,"eval_loss":0.0001}""")]
    public void ASinglePointIsEnough(string line)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        RunDirectory run = RunDirectory.Create(directory.Path);
        directory.Write("metrics.jsonl", line + "\n");
        LossPlot.Write(run, "one");
        Assert.True(File.Exists(run.LossPngPath));
    }

    [Fact]
    public void ALongRunMakesNoLargePicture()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        RunDirectory run = RunWithLosses(directory.Path, 20_000);
        LossPlot.Write(run, "long");
        Assert.InRange(new FileInfo(run.LossSvgPath).Length, 1, 1_000_000);
    }

    [Fact]
    public void TheRunningMeanKeepsAConstantAndALineAndAveragesNoise()
    {
        Assert.All(LossPlot.Smoothed([.. Enumerable.Repeat(2.5, 500)]), mean => Assert.Equal(2.5, mean, 12));
        Assert.All(LossPlot.Smoothed([.. Enumerable.Range(0, 500).Select(i => (double)i)])[..480].Index(), mean => Assert.Equal(mean.Index, mean.Item, 9));
        double[] noise = LossPlot.Smoothed([.. Enumerable.Range(0, 500).Select(i => i % 2 == 0 ? 1.0 : -1.0)]);
        Assert.All(noise[50..], mean => Assert.InRange(mean, -0.1, 0.1));
    }

    [Theory]
    [InlineData(3.31, 3.35)]
    [InlineData(2, 5.5)]
    [InlineData(3, 10.9)]
    [InlineData(0.01, 9)]
    [InlineData(0.0001, 9)]
    [InlineData(4, 4)]
    public void AnyRangeOfLossesHasAHandfulOfTicks(double low, double high)
    {
        double margin = Math.Pow(10, Math.Max(0.04 * Math.Log10(high / low), 0.002));
        Assert.InRange(LossPlot.LossTicks(low, high).Count(tick => tick >= low / margin && tick <= high * margin), low == high ? 1 : 3, 12);
    }

    private static RunDirectory RunWithLosses(string path, int steps)
    {
        RunDirectory run = RunDirectory.Create(path);
        Random random = new(1);
        using RunLog log = RunLog.Start(run);
        for (int step = 1; step <= steps; step++)
        {
            log.Write(new StepMetrics(step, 4 + 5 * Math.Exp(-5.0 * step / steps) + 0.2 * random.NextDouble(), 1e-3, 1, 1000));
            if (step % (steps / 4) == 0)
                log.Write(new ValidationMetrics(step, 8 - 4.0 * step / steps));
        }

        foreach (string events in Directory.GetFiles(path, "events.out.tfevents.*"))
            File.Delete(events);
        return run;
    }

    private static bool HasDarkPixel(SKBitmap picture, int top, int bottom) =>
        Enumerable.Range(top, bottom - top).Any(y => Enumerable.Range(0, picture.Width).Any(x => picture.GetPixel(x, y).Red < 100));

    private static IEnumerable<string?> Files(TemporaryDirectory directory) => Directory.GetFiles(directory.Path).Select(Path.GetFileName).Order(StringComparer.Ordinal);
}
