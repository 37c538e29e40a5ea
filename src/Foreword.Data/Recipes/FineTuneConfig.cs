using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>The positions that count in the auxiliary language modeling loss.</summary>
[ChoiceName(nameof(LanguageModelOn.TaskTokens), "task-tokens")]
public enum LanguageModelOn
{
    /// <summary>Every token of a sequence except the first, including the task tokens, as in the original code.</summary>
    All,

    /// <summary>Only the task tokens.</summary>
    TaskTokens,
}

/// <summary>
/// The <c>train</c> section of a fine-tuning recipe. The defaults are those of the GPT-1 paper, section 4.1, and of openai/finetune-transformer-lm
/// (train.py).
/// </summary>
[AlsoCalled("n_batch", Property = nameof(FineTuneConfig.BatchSize)), AlsoCalled("e", Property = nameof(FineTuneConfig.Eps))]
public sealed record FineTuneConfig : TrainSection
{
    /// <summary>Creates the section with its defaults.</summary>
    public FineTuneConfig()
    {
        BatchSize = 32;
        Lr = 6.25e-5;
        Schedule = LearningRateSchedule.Linear;
        Optimizer = OptimizerKind.OpenAiAdam;
        Beta2 = 0.999;
        WeightDecay = 0.01;
        Keep = 1;
    }

    /// <summary>Gets the number of passes over the training set, 1 or more.</summary>
    [AlsoCalled("n_iter", "num_train_epochs", "num_epochs")]
    public int Epochs { get; init; } = 3;

    /// <summary>Gets the share of the updates that are warmup, from 0 to below 1.</summary>
    [AlsoCalled("lr_warmup", "warmup_ratio", "warmup_share"), KeyAfter(nameof(Lr))]
    public double Warmup { get; init; } = 0.002;

    /// <summary>Gets the weight of the auxiliary language modeling loss, lambda of equation 5 in the GPT-1 paper. 0 turns the loss off.</summary>
    [AlsoCalled("lambda", "lm_coef", "lm_weight", "lm_lambda"), KeyAfter(nameof(ClipNorm))]
    public double LmCoefficient { get; init; } = 0.5;

    /// <summary>Gets the positions that count in the auxiliary loss.</summary>
    public LanguageModelOn LmOn { get; init; } = LanguageModelOn.All;

    /// <summary>
    /// Gets the metric on the validation set that selects the best epoch, and that <see cref="Patience"/> observes. For classes: <c>accuracy</c>,
    /// <c>macro_f1</c>, <c>f1</c>, <c>f1:LABEL</c> or <c>matthews</c>. For scores: <c>pearson</c>, <c>spearman</c> or <c>rmse</c>. For sets of classes:
    /// <c>micro_f1</c>, <c>macro_f1</c>, <c>f1:LABEL</c>, <c>exact_match</c>, <c>hamming_loss</c> or <c>mean_average_precision</c>. For all tasks:
    /// <c>loss</c>. An empty text means the task's first metric.
    /// </summary>
    [AlsoCalled("metric", "metric_for_best_model", "best_by")]
    public string BestMetric { get; init; } = "";

    /// <summary>Gets the number of consecutive epochs without a better validation metric after which the run ends. 0 never ends it early.</summary>
    [AlsoCalled("early_stopping_patience", "early_stopping")]
    public int Patience { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        problems.AtLeast(1, Epochs);
        CheckBatch(problems);
        problems.Above(0, Lr);
        problems.Within(0, 1, Warmup);
        if (Optimizer == OptimizerKind.Muon)
            problems.Add(nameof(Optimizer), "is muon, which is for pre-training; expected openai_adam | adamw | adam");
        CheckOptimizer(problems);
        problems.AtLeast(0, LmCoefficient);
        problems.AtLeast(0, Patience);
        CheckMachine(problems);
        problems.AtLeast(0, Keep);
        return problems;
    }
}
