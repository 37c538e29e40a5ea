using Foreword.Settings;

namespace Foreword.Data.Recipes.Supervised;

/// <summary>The <c>train</c> section of a recipe that trains on dialogues. An epoch is one pass over all of them.</summary>
[AlsoCalled("n_batch", Property = nameof(SupervisedConfig.BatchSize)), AlsoCalled("e", Property = nameof(SupervisedConfig.Eps))]
public sealed record SupervisedConfig : TrainSection
{
    /// <summary>Creates the section with its defaults.</summary>
    public SupervisedConfig()
    {
        BatchSize = 8;
        Lr = 5e-5;
        Schedule = LearningRateSchedule.Cosine;
        Optimizer = OptimizerKind.AdamW;
        Beta2 = 0.999;
        WeightDecay = 0.01;
        Keep = 1;
    }

    /// <summary>Gets the number of passes over the training set, 1 or more.</summary>
    [AlsoCalled("n_iter", "num_train_epochs", "num_epochs")]
    public int Epochs { get; init; } = 3;

    /// <summary>Gets the length of a row in tokens, at most the model's context length; 0 means the context length. Longer texts lose their beginning.</summary>
    [AlsoCalled("block_size", "seq_len", "max_len", "max_length"), KeyAfter(nameof(GradientAccumulation))]
    public int SequenceLength { get; init; }

    /// <summary>Gets the share of the updates that are warmup, from 0 to below 1.</summary>
    [AlsoCalled("lr_warmup", "warmup_ratio", "warmup_share"), KeyAfter(nameof(Lr))]
    public double Warmup { get; init; } = 0.03;

    /// <summary>Gets whether the backward pass computes activations again instead of storing them. This halves the memory and takes a third more time.</summary>
    [AlsoCalled("gradient_checkpointing", "activation_checkpointing", "checkpointing"), KeyAfter(nameof(Fused))]
    public bool Recompute { get; init; }

    /// <summary>Gets the number of consecutive epochs without a lower validation loss after which the run ends. 0 never ends it early.</summary>
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
        if (SequenceLength != 0)
            problems.AtLeast(2, SequenceLength);
        CheckOptimizer(problems);
        problems.AtLeast(0, Patience);
        CheckMachine(problems);
        problems.AtLeast(0, Keep);
        return problems;
    }
}
