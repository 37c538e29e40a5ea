using System.Text.Json;
using Foreword.Data.Recipes;
using Foreword.Torch.Optimizers;

namespace Foreword.Torch.Tests.Optimizers;

public class LearningRateTests
{
    private static readonly JsonElement Golden = JsonDocument.Parse(File.ReadAllText(Fixtures.Path("golden/schedules/schedules.json"))).RootElement;

    [Theory]
    [InlineData(LearningRateSchedule.Gpt1, "lr")]
    [InlineData(LearningRateSchedule.Gpt1OptPy, "lr_opt_py_warmup_cosine")]
    public void TheGpt1SchedulesEqualTheReference(LearningRateSchedule schedule, string column)
    {
        JsonElement reference = Golden.GetProperty("gpt1_pretrain");
        LearningRate rate = new(schedule, Double(reference, "max_lr"), 0, Double(reference, "warmup_steps"), Int(reference, "total_steps"));
        AssertRows(rate, reference, "t", column);
    }

    [Fact]
    public void TheNanogptScheduleEqualsTheReference()
    {
        JsonElement reference = Golden.GetProperty("gpt2_nanogpt");
        LearningRate rate = new(LearningRateSchedule.Gpt2Nanogpt, Double(reference, "learning_rate"), Double(reference, "min_lr"),
            Double(reference, "warmup_iters"), Int(reference, "lr_decay_iters"));
        AssertRows(rate, reference, "it", "lr");
    }

    [Theory]
    [InlineData(LearningRateSchedule.Linear, "warmup_linear")]
    [InlineData(LearningRateSchedule.Constant, "warmup_constant")]
    [InlineData(LearningRateSchedule.Gpt1OptPy, "warmup_cosine")]
    public void TheFineTuningSchedulesEqualTheReference(LearningRateSchedule schedule, string column)
    {
        foreach (JsonElement reference in Golden.GetProperty("finetune").EnumerateArray())
        {
            int steps = Int(reference, "t_total");
            AssertRows(new LearningRate(schedule, Double(reference, "max_lr"), 0, Double(reference, "warmup") * steps, steps), reference, "t", column);
        }
    }

    [Fact]
    public void TheCosineRisesFromZeroToThePeakAndEndsAtTheMinimumWithTheLastUpdate()
    {
        LearningRate rate = new(new TrainingConfig { Schedule = LearningRateSchedule.Cosine, Lr = 1e-3, MinLr = 1e-4, WarmupSteps = 10, Steps = 110 });
        Assert.Equal(1e-4, rate.At(0), 12);
        Assert.Equal(5e-4, rate.At(4), 12);
        Assert.Equal(1e-3, rate.At(9), 12);
        Assert.Equal((1e-3 + 1e-4) / 2, rate.At(59), 12); // the middle of the 100 updates after the warmup
        Assert.Equal(1e-4, rate.At(109), 12);
        Assert.Equal(1e-4, rate.At(500), 12);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)]
    [InlineData(5)]
    [InlineData(9)]
    public void NoScheduleLeavesItsRangeWhateverTheWarmup(int warmup)
    {
        foreach (LearningRateSchedule schedule in Enum.GetValues<LearningRateSchedule>())
        {
            LearningRate rate = new(schedule, 1e-3, 0, warmup, 5);
            for (int t = 0; t < 12; t++)
                Assert.InRange(rate.At(t), 0, 1e-3);
        }
    }

    [Fact]
    public void ANegativeUpdateIsRefused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => new LearningRate(new TrainingConfig()).At(-1));

    private static void AssertRows(LearningRate rate, JsonElement reference, string time, string column)
    {
        double tolerance = Double(Golden, "tolerance_rel");
        JsonElement[] rows = [.. reference.GetProperty("rows").EnumerateArray()];
        Assert.NotEmpty(rows);
        foreach (JsonElement row in rows)
        {
            double expected = Double(row, column);
            Assert.True(Math.Abs(rate.At(Int(row, time)) - expected) <= tolerance * Math.Abs(expected) + 1e-19,
                $"{rate.Schedule} at {Int(row, time)}: {rate.At(Int(row, time))}, expected {expected}");
        }
    }

    private static double Double(JsonElement element, string name) => element.GetProperty(name).GetDouble();

    private static int Int(JsonElement element, string name) => element.GetProperty(name).GetInt32();
}
