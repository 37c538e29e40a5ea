using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>Which positions the auxiliary language-modelling loss counts.</summary>
[ChoiceName(nameof(LanguageModelOn.TaskTokens), "task-tokens")]
public enum LanguageModelOn
{
    /// <summary>Every token of a sequence but the first, the task tokens included: the original code.</summary>
    All,

    /// <summary>The task tokens only.</summary>
    TaskTokens,
}

/// <summary>
/// The <c>train</c> section of a fine-tuning recipe. Defaults are those of GPT-1's paper, section 4.1, and of
/// openai/finetune-transformer-lm (train.py).
/// </summary>
public sealed record FineTuneConfig : IRecipe
{
    /// <summary>Passes over the training set, at least 1.</summary>
    [AlsoCalled("n_iter", "num_train_epochs", "num_epochs")]
    public int Epochs { get; init; } = 3;

    /// <summary>Examples of a micro-batch, at least 1.</summary>
    [AlsoCalled("micro_batch_size", "batch", "n_batch")]
    public int BatchSize { get; init; } = 32;

    /// <summary>Micro-batches whose gradients make one update, at least 1.</summary>
    [AlsoCalled("gradient_accumulation_steps", "grad_accum", "accumulation")]
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Peak of the learning rate, above 0.</summary>
    [AlsoCalled("learning_rate", "max_lr", "peak_lr")]
    public double Lr { get; init; } = 6.25e-5;

    /// <summary>Share of the updates over which the rate rises, 0 to below 1.</summary>
    [AlsoCalled("lr_warmup", "warmup_ratio", "warmup_share")]
    public double Warmup { get; init; } = 0.002;

    /// <summary>The shape of the learning rate.</summary>
    [AlsoCalled("lr_schedule", "scheduler", "lr_scheduler")]
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Linear;

    /// <summary>The optimizer's rule; Muon is for pre-training.</summary>
    [AlsoCalled("optim", "optimiser")]
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.OpenAiAdam;

    /// <summary>Decay of the gradient's running mean, 0 to below 1.</summary>
    [AlsoCalled("b1", "adam_beta1")]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the squared gradient's running mean, 0 to below 1.</summary>
    [AlsoCalled("b2", "adam_beta2")]
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the second moment, above 0.</summary>
    [AlsoCalled("epsilon", "adam_eps", "e")]
    public double Eps { get; init; } = 1e-8;

    /// <summary>Decoupled decay of tensors with two or more dimensions, at least 0.</summary>
    [AlsoCalled("wd", "l2", "decay")]
    public double WeightDecay { get; init; } = 0.01;

    /// <summary>Largest global norm of the gradient, beyond which it is scaled down; 0 turns clipping off.</summary>
    [AlsoCalled("grad_clip", "clip", "max_grad_norm", "gradient_clip")]
    public double ClipNorm { get; init; } = 1.0;

    /// <summary>Weight of the auxiliary language-modelling loss, lambda of equation 5; 0 switches it off.</summary>
    [AlsoCalled("lambda", "lm_coef", "lm_weight", "lm_lambda")]
    public double LmCoefficient { get; init; } = 0.5;

    /// <summary>Which positions that loss counts.</summary>
    public LanguageModelOn LmOn { get; init; } = LanguageModelOn.All;

    /// <summary>
    /// What chooses the best epoch on the validation set, and ends a run by <see cref="Patience"/>: <c>accuracy</c>, <c>macro_f1</c>, <c>f1</c>,
    /// <c>f1:LABEL</c> or <c>matthews</c> of classes, <c>pearson</c>, <c>spearman</c> or <c>rmse</c> of scores, or <c>loss</c>. Absent means the task's first metric:
    /// accuracy or pearson.
    /// </summary>
    [AlsoCalled("metric", "metric_for_best_model", "best_by")]
    public string BestMetric { get; init; } = "";

    /// <summary>Epochs in a row without a better validation metric after which the run ends; 0 never ends it early.</summary>
    [AlsoCalled("early_stopping_patience", "early_stopping")]
    public int Patience { get; init; }

    /// <summary>Number format of the products.</summary>
    [AlsoCalled("dtype")]
    public PrecisionChoice Precision { get; init; } = PrecisionChoice.Auto;

    /// <summary>Whether fused kernels compute on the processor.</summary>
    [AlsoCalled("fused_kernels", "fast_path")]
    public FusedChoice Fused { get; init; } = FusedChoice.Auto;

    /// <summary>Where to compute.</summary>
    public DeviceChoice Device { get; init; } = DeviceChoice.Auto;

    /// <summary>CPU threads; 0 is all cores. The last bits of the losses depend on it.</summary>
    [AlsoCalled("num_threads", "workers")]
    public int Threads { get; init; }

    /// <summary>Seed of the new weights, the dropout, the order of the examples and the validation split, at least 0.</summary>
    public int Seed { get; init; } = 1337;

    /// <summary>Updates between lines of the log, at least 1.</summary>
    [AlsoCalled("log_interval")]
    public int LogEvery { get; init; } = 10;

    /// <summary>Checkpoints that stay on disk, the newest ones (the best model stays besides); 0 keeps all.</summary>
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
