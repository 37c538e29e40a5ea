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
public sealed record FineTuneConfig : IRecipe
{
    /// <summary>Gets the number of passes over the training set, 1 or more.</summary>
    [AlsoCalled("n_iter", "num_train_epochs", "num_epochs")]
    public int Epochs { get; init; } = 3;

    /// <summary>Gets the number of examples in a micro-batch, 1 or more.</summary>
    [AlsoCalled("micro_batch_size", "batch", "n_batch")]
    public int BatchSize { get; init; } = 32;

    /// <summary>Gets the number of micro-batches whose gradients make one update, 1 or more.</summary>
    [AlsoCalled("gradient_accumulation_steps", "grad_accum", "accumulation")]
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Gets the peak of the learning rate, above 0.</summary>
    [AlsoCalled("learning_rate", "max_lr", "peak_lr")]
    public double Lr { get; init; } = 6.25e-5;

    /// <summary>Gets the share of the updates that are warmup, from 0 to below 1.</summary>
    [AlsoCalled("lr_warmup", "warmup_ratio", "warmup_share")]
    public double Warmup { get; init; } = 0.002;

    /// <summary>Gets the learning rate schedule.</summary>
    [AlsoCalled("lr_schedule", "scheduler", "lr_scheduler")]
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Linear;

    /// <summary>Gets the optimizer. Muon is only for pre-training.</summary>
    [AlsoCalled("optim", "optimiser")]
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.OpenAiAdam;

    /// <summary>Gets the decay of the running mean of the gradient, from 0 to below 1.</summary>
    [AlsoCalled("b1", "adam_beta1")]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Gets the decay of the running mean of the squared gradient, from 0 to below 1.</summary>
    [AlsoCalled("b2", "adam_beta2")]
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Gets the number that is added to the root of the second moment, above 0.</summary>
    [AlsoCalled("epsilon", "adam_eps", "e")]
    public double Eps { get; init; } = 1e-8;

    /// <summary>Gets the decoupled weight decay of tensors with two or more dimensions, at least 0.</summary>
    [AlsoCalled("wd", "l2", "decay")]
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Gets the maximum global norm of the gradient. A larger gradient is scaled down to it. 0 turns clipping off.</summary>
    [AlsoCalled("grad_clip", "clip", "max_grad_norm", "gradient_clip")]
    public double ClipNorm { get; init; } = 1.0;

    /// <summary>Gets the weight of the auxiliary language modeling loss, lambda of equation 5 in the GPT-1 paper. 0 turns the loss off.</summary>
    [AlsoCalled("lambda", "lm_coef", "lm_weight", "lm_lambda")]
    public double LmCoefficient { get; init; } = 0.5;

    /// <summary>Gets the positions that count in the auxiliary loss.</summary>
    public LanguageModelOn LmOn { get; init; } = LanguageModelOn.All;

    /// <summary>
    /// Gets the metric on the validation set that selects the best epoch, and that <see cref="Patience"/> observes. For classes: <c>accuracy</c>,
    /// <c>macro_f1</c>, <c>f1</c>, <c>f1:LABEL</c> or <c>matthews</c>. For scores: <c>pearson</c>, <c>spearman</c> or <c>rmse</c>. For all tasks:
    /// <c>loss</c>. An empty text means the task's first metric, which is accuracy or pearson.
    /// </summary>
    [AlsoCalled("metric", "metric_for_best_model", "best_by")]
    public string BestMetric { get; init; } = "";

    /// <summary>Gets the number of consecutive epochs without a better validation metric after which the run ends. 0 never ends it early.</summary>
    [AlsoCalled("early_stopping_patience", "early_stopping")]
    public int Patience { get; init; }

    /// <summary>Gets the number format of matrix products.</summary>
    [AlsoCalled("dtype")]
    public PrecisionChoice Precision { get; init; } = PrecisionChoice.Auto;

    /// <summary>Gets whether fused kernels are used on the CPU.</summary>
    [AlsoCalled("fused_kernels", "fast_path")]
    public FusedChoice Fused { get; init; } = FusedChoice.Auto;

    /// <summary>Gets the device that computes.</summary>
    public DeviceChoice Device { get; init; } = DeviceChoice.Auto;

    /// <summary>Gets the number of CPU threads; 0 uses all cores. The last bits of the losses depend on it.</summary>
    [AlsoCalled("num_threads", "workers")]
    public int Threads { get; init; }

    /// <summary>Gets the seed of the new weights, the dropout, the order of the examples and the validation split, at least 0.</summary>
    public int Seed { get; init; } = 1337;

    /// <summary>Gets the number of updates between log lines, 1 or more.</summary>
    [AlsoCalled("log_interval")]
    public int LogEvery { get; init; } = 10;

    /// <summary>Gets the number of newest checkpoints to keep on disk, in addition to the best model. 0 keeps all.</summary>
    [AlsoCalled("keep_checkpoints", "save_total_limit")]
    public int Keep { get; init; } = 1;

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        problems.AtLeast(1, Epochs);
        problems.AtLeast(1, BatchSize);
        problems.AtLeast(1, GradientAccumulation);
        problems.Above(0, Lr);
        problems.Within(0, 1, Warmup);
        if (Optimizer == OptimizerKind.Muon)
            problems.Add(nameof(Optimizer), "is muon, which is for pre-training; expected openai_adam | adamw | adam");
        problems.Within(0, 1, Beta1);
        problems.Within(0, 1, Beta2);
        problems.Above(0, Eps);
        problems.AtLeast(0, WeightDecay);
        problems.AtLeast(0, ClipNorm);
        problems.AtLeast(0, LmCoefficient);
        problems.AtLeast(0, Patience);
        problems.AtLeast(0, Threads);
        problems.AtLeast(0, Seed);
        problems.AtLeast(1, LogEvery);
        problems.AtLeast(0, Keep);
        return problems;
    }
}
