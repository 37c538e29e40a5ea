using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>
/// The keys that the <c>train</c> sections of pre-training and fine-tuning share: batch, optimizer, machine, log and checkpoints. The derived
/// sections set the defaults and place their own keys between these.
/// </summary>
public abstract record TrainSection : IRecipe
{
    /// <summary>Gets the number of sequences or examples in a micro-batch, 1 or more.</summary>
    [AlsoCalled("micro_batch_size", "batch")]
    public int BatchSize { get; init; }

    /// <summary>Gets the number of micro-batches whose gradients make one update, 1 or more.</summary>
    [AlsoCalled("gradient_accumulation_steps", "grad_accum", "accumulation")]
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Gets the peak of the learning rate, above 0.</summary>
    [AlsoCalled("learning_rate", "max_lr", "peak_lr")]
    public double Lr { get; init; }

    /// <summary>Gets the learning rate schedule.</summary>
    [AlsoCalled("lr_schedule", "scheduler", "lr_scheduler")]
    public LearningRateSchedule Schedule { get; init; }

    /// <summary>Gets the optimizer. Muon is only for pre-training.</summary>
    [AlsoCalled("optim", "optimiser")]
    public OptimizerKind Optimizer { get; init; }

    /// <summary>Gets the decay of the running mean of the gradient, from 0 to below 1.</summary>
    [AlsoCalled("b1", "adam_beta1")]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Gets the decay of the running mean of the squared gradient, from 0 to below 1.</summary>
    [AlsoCalled("b2", "adam_beta2")]
    public double Beta2 { get; init; }

    /// <summary>Gets the number that is added to the root of the second moment, above 0.</summary>
    [AlsoCalled("epsilon", "adam_eps")]
    public double Eps { get; init; } = 1e-8;

    /// <summary>Gets the decoupled weight decay of tensors with two or more dimensions (p -= lr * decay * p), at least 0.</summary>
    [AlsoCalled("wd", "l2", "decay")]
    public double WeightDecay { get; init; }

    /// <summary>Gets the maximum global norm of the gradient. A larger gradient is scaled down to it. 0 turns clipping off.</summary>
    [AlsoCalled("grad_clip", "clip", "max_grad_norm", "gradient_clip")]
    public double ClipNorm { get; init; } = 1.0;

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

    /// <summary>Gets the seed of new weights, the dropout, the order of the data and the validation split, at least 0.</summary>
    public int Seed { get; init; } = 1337;

    /// <summary>Gets the number of updates between log lines, 1 or more.</summary>
    [AlsoCalled("log_interval")]
    public int LogEvery { get; init; } = 10;

    /// <summary>Gets the number of newest checkpoints to keep on disk, in addition to the best model. 0 keeps all.</summary>
    [AlsoCalled("keep_checkpoints", "save_total_limit")]
    public int Keep { get; init; }

    /// <inheritdoc/>
    public abstract IReadOnlyList<RecipeProblem> Problems();

    /// <summary>Checks the batch.</summary>
    private protected void CheckBatch(RecipeProblems problems)
    {
        problems.AtLeast(1, BatchSize);
        problems.AtLeast(1, GradientAccumulation);
    }

    /// <summary>Checks the numbers of the optimizer.</summary>
    private protected void CheckOptimizer(RecipeProblems problems)
    {
        problems.Within(0, 1, Beta1);
        problems.Within(0, 1, Beta2);
        problems.Above(0, Eps);
        problems.AtLeast(0, WeightDecay);
        problems.AtLeast(0, ClipNorm);
    }

    /// <summary>Checks threads, seed and the interval of the log.</summary>
    private protected void CheckMachine(RecipeProblems problems)
    {
        problems.AtLeast(0, Threads);
        problems.AtLeast(0, Seed);
        problems.AtLeast(1, LogEvery);
    }
}
