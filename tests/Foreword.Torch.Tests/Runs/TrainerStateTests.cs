using Foreword.Torch.Runs;

namespace Foreword.Torch.Tests.Runs;

public sealed class TrainerStateTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AStateThatFineTuningOfAnEarlierVersionWroteIsRead()
    {
        TrainerState state = Read("""
            {
              "step": 12, "best_epoch": 1, "best_metric": "accuracy", "best_same_answer": null, "best_eval_loss": 0.25,
              "best_metrics": { "accuracy": 0.75, "f1": "NaN" }, "epochs_without_best": 2, "loss_sum": 1.5, "task_loss_sum": 0.5, "lm_loss_sum": null, "loss_count": 3
            }
            """);
        Assert.Equal((12, 1, "accuracy", 0.25, 2), (state.Step, state.BestEpoch, state.BestMetric, state.BestValidationLoss, state.ValidationsWithoutBest));
        Assert.Equal((1.5, 0.5, null, 3), (state.LossSum, state.TaskLossSum, state.LmLossSum, state.LossCount));
        Assert.Equal([0.75, double.NaN], state.BestMetrics!.Values);
    }

    [Fact]
    public void AStateThatPretrainingOfAnEarlierVersionWroteIsRead()
    {
        TrainerState state = Read("""
            {
              "step": 40, "windows_drawn": 160, "seed": 7, "threads": 2, "best_eval_loss": null, "evaluations_without_best": 3,
              "loss_sum": 2.5, "loss_count": 1, "training_seconds": 9.5, "first_new_id": 300
            }
            """);
        Assert.Equal(
            new TrainerState { Step = 40, WindowsDrawn = 160, Seed = 7, Threads = 2, ValidationsWithoutBest = 3, LossSum = 2.5, LossCount = 1, TrainingSeconds = 9.5, FirstNewId = 300 },
            state);
    }

    [Fact]
    public void AStateWithoutItsStepIsRefused() => Assert.Contains("broken JSON", Assert.Throws<InvalidDataException>(() => Read("""{ "seed": 7 }""")).Message);

    [Fact]
    public void ABrokenStateIsNamedWithItsLine()
    {
        string message = Assert.Throws<InvalidDataException>(() => Read("{\n\"step\": tru\n}")).Message;
        Assert.StartsWith($"{_directory.File("trainer_state.json")}:2: broken JSON (", message, StringComparison.Ordinal);
        Assert.DoesNotContain("LineNumber", message, StringComparison.Ordinal);
    }

    /// <summary>The names in the file are those of earlier versions.</summary>
    [Fact]
    public void TheKeysOfTheFileStay()
    {
        Checkpoint.WriteState(_directory.Path, new TrainerState { Step = 1, BestValidationLoss = 0.5, StartValidationLoss = 0.75, ValidationsWithoutBest = 2 });
        string json = File.ReadAllText(_directory.File("trainer_state.json"));
        Assert.All(["\"best_eval_loss\": 0.5", "\"start_eval_loss\": 0.75", "\"evaluations_without_best\": 2"], field => Assert.Contains(field, json, StringComparison.Ordinal));
    }

    private TrainerState Read(string json)
    {
        _directory.Write("trainer_state.json", json);
        return Checkpoint.ReadState(_directory.Path);
    }
}
