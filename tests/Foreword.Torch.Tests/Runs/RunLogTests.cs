using System.Text.Json;
using Foreword.Torch.Runs;

namespace Foreword.Torch.Tests.Runs;

public class RunLogTests
{
    [Fact]
    public void EachLineIsOneJsonObjectWithTheNamesOfTheContract()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        RunDirectory run = RunDirectory.Create(directory.Path);
        using (RunLog log = RunLog.Start(run))
        {
            log.Write(new StepMetrics(10, 8.25, 1e-3, 0.5, 1234.5));
            log.Write(new ValidationMetrics(10, 8));
            log.Write(new StepMetrics(20, 7.25, 1e-3, double.PositiveInfinity, 1234.5, 0.25));
            log.Write(new StepMetrics(30, 2.5, 1e-3, 0.5, 1234.5) { TaskLoss = 0.5, LmLoss = 4 });
        }

        Assert.Equal(
            [
                """{"step":10,"loss":8.25,"learning_rate":0.001,"grad_norm":0.5,"tokens_per_second":1234.5}""",
                """{"step":10,"eval_loss":8}""",
                """{"step":20,"loss":7.25,"learning_rate":0.001,"grad_norm":null,"tokens_per_second":1234.5,"share_of_peak":0.25}""",
                """{"step":30,"loss":2.5,"learning_rate":0.001,"grad_norm":0.5,"tokens_per_second":1234.5,"task_loss":0.5,"lm_loss":4}""",
            ],
            File.ReadAllLines(run.MetricsPath));
    }

    [Fact]
    public void TensorBoardGetsTheSameNumbersUnderItsTags()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        using (RunLog log = RunLog.Start(RunDirectory.Create(directory.Path)))
        {
            log.Write(new StepMetrics(10, 8.25, 1e-3, 0.5, 1234.5, 0.25));
            log.Write(new ValidationMetrics(10, 8));
            log.Write(new StepMetrics(11, 2.5, 1e-3, 0.5, 1000) { TaskLoss = 0.5, LmLoss = 4 });
        }

        List<EventFile.Entry> entries = EventFile.Read(Assert.Single(EventFile.In(directory.Path)));
        Assert.Equal(
            new Dictionary<string, float> { ["train/loss"] = 8.25f, ["train/learning_rate"] = 1e-3f, ["train/grad_norm"] = 0.5f, ["train/tokens_per_second"] = 1234.5f },
            entries[1].Scalars);
        Assert.Equal(new Dictionary<string, float> { ["eval/loss"] = 8 }, entries[2].Scalars);
        Assert.Equal((0.5f, 4f), (entries[3].Scalars["train/task_loss"], entries[3].Scalars["train/lm_loss"]));
        Assert.Equal([0, 10, 10, 11], entries.Select(entry => entry.Step));
    }

    [Fact]
    public void ALineIsOnDiskBeforeTheNextStep()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        RunDirectory run = RunDirectory.Create(directory.Path);
        using RunLog log = RunLog.Start(run);
        log.Write(Step(1));
        Assert.Equal([Step(1)], RunMetrics.Read(run.MetricsPath).Steps);
    }

    [Fact]
    public void LossesAreReadBackToTheLastBit()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        RunDirectory run = RunDirectory.Create(directory.Path);
        double loss = 1.0 / 3;
        using (RunLog log = RunLog.Start(run))
            log.Write(new StepMetrics(1, loss, float.Epsilon, double.NaN, 1e9));
        StepMetrics read = Assert.Single(RunMetrics.Read(run.MetricsPath).Steps);
        Assert.Equal((loss, (double)float.Epsilon, double.NaN, 1e9, null), (read.Loss, read.LearningRate, read.GradNorm, read.TokensPerSecond, read.ShareOfPeak));
    }

    [Theory]
    [InlineData("")]
    [InlineData("""{"step":4,"lo""")]
    [InlineData("""{"step":4,"eval_loss":3}""")] // complete, except for its line feed
    public void AResumedLogIsThatOfAnUninterruptedRun(string torn)
    {
        using TemporaryDirectory whole = Fixtures.NewDirectory();
        using TemporaryDirectory broken = Fixtures.NewDirectory();
        RunDirectory uninterrupted = RunDirectory.Create(whole.Path), interrupted = RunDirectory.Create(broken.Path);
        using (RunLog log = RunLog.Start(uninterrupted))
            Log(log, 1, 5);

        using (RunLog log = RunLog.Start(interrupted))
            Log(log, 1, 4);
        File.AppendAllText(interrupted.MetricsPath, torn);
        using (RunLog log = RunLog.Resume(interrupted, step: 2))
            Log(log, 3, 5);

        Assert.Equal(File.ReadAllText(uninterrupted.MetricsPath), File.ReadAllText(interrupted.MetricsPath));
        Assert.DoesNotContain(Directory.GetFiles(broken.Path), path => Path.GetFileName(path).StartsWith(".tmp-", StringComparison.Ordinal));
        EventFile.Entry restart = EventFile.Read(EventFile.In(broken.Path)[1])[1];
        Assert.Equal((true, 3L), (restart.SessionStart, restart.Step));

        static void Log(RunLog log, int first, int last)
        {
            for (int step = first; step <= last; step++)
            {
                log.Write(Step(step));
                if (step % 2 == 0)
                    log.Write(new ValidationMetrics(step, 3.0 / step));
            }
        }
    }

    [Fact]
    public void ALogWithoutMetricsYetCanBeResumed()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        RunDirectory run = RunDirectory.Create(directory.Path);
        using (RunLog log = RunLog.Resume(run, step: 0))
            log.Write(Step(1));
        Assert.Single(RunMetrics.Read(run.MetricsPath).Steps);
    }

    [Theory]
    [InlineData("hello", "2: the line is not a JSON object")]
    [InlineData("[1]", "2: the line is not a JSON object")]
    [InlineData("", "2: the line is not a JSON object")]
    [InlineData("""{"loss":1}""", "2: 'step' is missing or not a whole number")]
    [InlineData("""{"step":"4","loss":1}""", "2: 'step' is missing or not a whole number")]
    [InlineData("""{"step":4,"eval_loss":"low"}""", "2: 'eval_loss' is missing or not a number")]
    [InlineData("""{"step":4,"loss":1}""", "2: 'learning_rate' is missing or not a number")]
    public void ABrokenLineIsReportedWithFileAndLineAndTheLogStaysAsItWas(string line, string message)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        RunDirectory run = RunDirectory.Create(directory.Path);
        using (RunLog log = RunLog.Start(run))
            log.Write(Step(1));
        File.AppendAllText(run.MetricsPath, line + "\n");
        string before = File.ReadAllText(run.MetricsPath);
        Assert.Equal($"{run.MetricsPath}:{message}", Assert.Throws<InvalidDataException>(() => RunMetrics.Read(run.MetricsPath)).Message);
        if (!line.Contains("\"step\":4", StringComparison.Ordinal)) // the resumed log checks only the step
            Assert.Throws<InvalidDataException>(() => RunLog.Resume(run, step: 1));
        Assert.Equal(before, File.ReadAllText(run.MetricsPath));
    }

    [Fact]
    public void EveryLineIsJsonForAnyReader()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        RunDirectory run = RunDirectory.Create(directory.Path);
        using (RunLog log = RunLog.Start(run))
            log.Write(new StepMetrics(1, double.NaN, double.NegativeInfinity, double.NaN, double.NaN, double.NaN));
        JsonElement line = JsonDocument.Parse(Assert.Single(File.ReadAllLines(run.MetricsPath))).RootElement;
        Assert.Equal(JsonValueKind.Null, line.GetProperty("loss").ValueKind);
    }

    private static StepMetrics Step(int step) => new(step, 9.0 / step, 1e-3 / step, 0.1 * step, 1000 + step);
}
