using System.Text.Json.Serialization;
using Foreword.Torch.Training;

namespace Foreword.Torch.Runs;

/// <summary>
/// The progress of a run, in addition to weights and moments. Pre-training and fine-tuning share it. A property that only one of them has
/// is null in the other.
/// </summary>
internal sealed record TrainerState
{
    /// <summary>Gets the number of steps made. It determines schedule, dropout seeds and data cursor.</summary>
    public required int Step { get; init; }

    /// <summary>
    /// Gets the number of windows drawn so far in pre-training, the data cursor. It is stored only as information for readers of the file.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? WindowsDrawn { get; init; }

    /// <summary>Gets the seed of the run; 0 in an older checkpoint of fine-tuning.</summary>
    public long Seed { get; init; }

    /// <summary>
    /// Gets the number of CPU threads that computed the losses; 0 in an older checkpoint of fine-tuning. A run resumes bit for bit only with
    /// the same number.
    /// </summary>
    public int Threads { get; init; }

    /// <summary>
    /// Gets the loss in nats of the best validation so far, or null before the first one. In pre-training, the best loss is the lowest. In
    /// fine-tuning, <see cref="BestMetric"/> selects the best validation.
    /// </summary>
    [JsonPropertyName("best_eval_loss")]
    public double? BestValidationLoss { get; init; }

    /// <summary>
    /// Gets whether the run has made its last step, or its patience is over; null in a checkpoint of an earlier version, which did not record it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? IsComplete { get; init; }

    /// <summary>Gets the number of validations since the best one, for early stopping.</summary>
    [JsonPropertyName("evaluations_without_best")]
    public int ValidationsWithoutBest { get; init; }

    /// <summary>Gets the sum of the losses since the last line of the log.</summary>
    public double LossSum { get; init; }

    /// <summary>Gets the number of steps since the last line of the log.</summary>
    public int LossCount { get; init; }

    /// <summary>Gets the time spent in training steps, in seconds.</summary>
    public double TrainingSeconds { get; init; }

    /// <summary>Gets the validation loss in nats before the first step; null if the weights were random at the start, and in fine-tuning.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    [JsonPropertyName("start_eval_loss")]
    public double? StartValidationLoss { get; init; }

    /// <summary>Gets the metrics before the first step of a training on dialogues or the like, by name; null in other trainings.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? StartMetrics { get; init; }

    /// <summary>Gets the <see cref="PretrainingData.Fingerprint"/> of the training tokens; null in an older checkpoint, and in fine-tuning.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Data { get; init; }

    /// <summary>Gets the first id that the starting model did not have; null if the weights were random at the start, and in fine-tuning.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? FirstNewId { get; init; }

    /// <summary>
    /// Gets the SHA-256, in lowercase hexadecimal, of the weights that the adapters of pre-training change; null if the weights themselves are
    /// trained.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? AdaptedWeights { get; init; }

    /// <summary>Gets the epoch of the best validation of fine-tuning, from 1; null or 0 before the first validation.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? BestEpoch { get; init; }

    /// <summary>Gets the criterion that selects the best validation of fine-tuning; null in the state of an older run.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? BestMetric { get; init; }

    /// <summary>Gets the single answer that the best model of fine-tuning gave to all validation examples; null if it gave several.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? BestSameAnswer { get; init; }

    /// <summary>Gets the metrics of the best validation of fine-tuning, by name; null before the first validation.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? BestMetrics { get; init; }

    /// <summary>
    /// Gets the sum of the task losses of fine-tuning since the last line of the log; null directly after a line, and in the state of an older
    /// run, which did not record it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TaskLossSum { get; init; }

    /// <summary>
    /// Gets the sum of the language-modeling losses of fine-tuning since the last line of the log; null directly after a line, or if there are
    /// none.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LmLossSum { get; init; }

    /// <summary>Gets the sums of a step's further metrics since the last line of the log, by name; null directly after a line, or if there are none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, double>? MetricSums { get; init; }

    /// <summary>Sets <see cref="ValidationsWithoutBest"/> from its name in fine-tuning states of earlier versions.</summary>
    [JsonInclude]
    internal int EpochsWithoutBest
    {
        init => ValidationsWithoutBest = value;
    }

    /// <summary>Returns the state after a step.</summary>
    internal TrainerState After(StepResult step, double seconds) => this with
    {
        Step = step.Step,
        LossSum = LossSum + step.Loss,
        TaskLossSum = (LossCount == 0 ? 0 : TaskLossSum) + step.TaskLoss,
        LmLossSum = (LossCount == 0 ? 0 : LmLossSum) + step.LmLoss,
        MetricSums = step.Metrics?.ToDictionary(metric => metric.Key, metric => metric.Value + (LossCount == 0 ? 0 : MetricSums?.GetValueOrDefault(metric.Key) ?? 0)),
        LossCount = LossCount + 1,
        TrainingSeconds = TrainingSeconds + seconds,
    };

    /// <summary>Returns the state after a line of the log was written.</summary>
    internal TrainerState AfterLine() => this with { LossSum = 0, TaskLossSum = null, LmLossSum = null, MetricSums = null, LossCount = 0 };

    /// <summary>Returns the last step with the mean losses of all steps since the last line of the log.</summary>
    internal StepResult MeanOf(StepResult last) => last with
    {
        Loss = LossSum / LossCount,
        TaskLoss = TaskLossSum / LossCount,
        LmLoss = LmLossSum / LossCount,
        Metrics = MetricSums?.ToDictionary(sum => sum.Key, sum => sum.Value / LossCount),
    };
}
