using System.Globalization;
using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>The learning rate schedule of a run. <c>LearningRate</c> in Foreword.Torch computes it.</summary>
public enum LearningRateSchedule
{
    /// <summary>
    /// The rate rises linearly from 0 and reaches the peak at update <c>warmup_steps</c>. Then a cosine decreases it to <c>min_lr</c> at the last
    /// update.
    /// </summary>
    Cosine,

    /// <summary>
    /// The schedule of the GPT-1 paper: linear from 0 during the warmup, then a cosine to 0 over the remaining updates. The first update has rate 0.
    /// </summary>
    Gpt1,

    /// <summary>
    /// The literal <c>warmup_cosine</c> of OpenAI's opt.py: the cosine is computed from the start of the run, so the rate drops suddenly after the
    /// warmup.
    /// </summary>
    Gpt1OptPy,

    /// <summary>The rule of nanoGPT: warmup by (t + 1) / (warmup + 1), then a cosine from the peak to <c>min_lr</c>.</summary>
    Gpt2Nanogpt,

    /// <summary>
    /// The <c>warmup_linear</c> of opt.py, with which GPT-1 was fine-tuned: linear from 0 during the warmup, multiplied by 1 - t / steps in the whole
    /// run.
    /// </summary>
    Linear,

    /// <summary>The <c>warmup_constant</c> of opt.py: linear from 0 during the warmup, then constant at the peak.</summary>
    Constant,
}

/// <summary>The rule that turns gradients into updates.</summary>
[ChoiceName(nameof(OptimizerKind.AdamW), "adamw"), ChoiceName(nameof(OptimizerKind.OpenAiAdam), "openai_adam")]
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019) on tensors with two or more dimensions.</summary>
    AdamW,

    /// <summary>Adam (Kingma and Ba 2015) without decay. <c>weight_decay</c> is not used.</summary>
    Adam,

    /// <summary>Muon (Jordan et al. 2024) on the matrices of the blocks, and AdamW on the other tensors.</summary>
    Muon,

    /// <summary>
    /// Adam as in openai/finetune-transformer-lm (opt.py), which GPT-1 used. Epsilon is added before the bias correction, and the weight decay uses
    /// the corrected rate.
    /// </summary>
    OpenAiAdam,
}

/// <summary>The number format of the matrix products in a training step. Master weights, norms, softmax and loss are fp32 in every format.</summary>
public enum PrecisionChoice
{
    /// <summary>bf16 if the CPU or the GPU supports it, otherwise fp32.</summary>
    Auto,

    /// <summary>32-bit floats everywhere.</summary>
    Fp32,

    /// <summary>bfloat16 products with fp32 master weights.</summary>
    Bf16,
}

/// <summary>The device on which a run computes.</summary>
public enum DeviceChoice
{
    /// <summary>A CUDA GPU if there is one, otherwise an Apple GPU, otherwise the CPU.</summary>
    Auto,

    /// <summary>The CPU.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda,

    /// <summary>An Apple GPU.</summary>
    Mps,
}

/// <summary>The choice whether training uses the fused CPU kernels.</summary>
public enum FusedChoice
{
    /// <summary>Uses them if CPU, libtorch and model allow it, and otherwise the operators of libtorch.</summary>
    Auto,

    /// <summary>Uses the operators of libtorch with autograd.</summary>
    Off,
}

/// <summary>The <c>train</c> section of a pre-training recipe. A step is one update of the weights.</summary>
/// <remarks>
/// The defaults of optimizer and schedule are those of nanoGPT for GPT-2 124M (train.py, config/train_gpt2.py). Betas, decay and clipping are as in
/// GPT-3 (Brown et al. 2020, appendix B). One value differs: nanoGPT accumulates 40 micro-batches, and the default here is 1.
/// </remarks>
[AlsoCalled("decay_lr", Property = nameof(TrainingConfig.Schedule))]
public sealed record TrainingConfig : TrainSection
{
    /// <summary>Creates the section with its defaults.</summary>
    public TrainingConfig()
    {
        BatchSize = 12;
        Lr = 6e-4;
        Schedule = LearningRateSchedule.Cosine;
        Optimizer = OptimizerKind.AdamW;
        Beta2 = 0.95;
        WeightDecay = 0.1;
        Keep = 3;
    }

    /// <summary>Gets the number of updates of the whole run, 1 or more. The schedule ends at the last one.</summary>
    [AlsoCalled("max_iters", "max_steps", "iterations", "total_steps", "num_iterations")]
    public int Steps { get; init; } = 600_000;

    /// <summary>Gets the number of tokens in a sequence, at most the model's context length. 0 means the context length.</summary>
    [AlsoCalled("block_size", "seq_len", "sequence_len"), KeyAfter(nameof(GradientAccumulation))]
    public int SequenceLength { get; init; }

    /// <summary>
    /// Gets the distance between the beginnings of two sequences of an epoch in tokens, from 1 to the sequence length. Null means the sequence length.
    /// With a smaller stride, an epoch reads most tokens several times, as in GPT2-Chinese (1,024 tokens, stride 768).
    /// </summary>
    public int? Stride { get; init; }

    /// <summary>
    /// Gets the final learning rate of the schedules <c>cosine</c> and <c>gpt2_nanogpt</c>, from 0 to the peak. The other schedules do not use it.
    /// </summary>
    [AlsoCalled("min_learning_rate", "lr_min", "final_lr"), KeyAfter(nameof(Lr))]
    public double MinLr { get; init; } = 6e-5;

    /// <summary>Gets the number of warmup updates, at least 0. A run with fewer updates never leaves the warmup.</summary>
    [AlsoCalled("warmup", "warmup_iters")]
    public int WarmupSteps { get; init; } = 2000;

    /// <summary>
    /// Gets whether the backward pass computes activations again instead of storing them. This halves the memory and takes a third more time.
    /// </summary>
    [AlsoCalled("gradient_checkpointing", "activation_checkpointing", "checkpointing"), KeyAfter(nameof(Fused))]
    public bool Recompute { get; init; }

    /// <summary>Gets the number of steps between validations. 0 validates only at the end.</summary>
    [AlsoCalled("eval_interval", "val_every"), KeyAfter(nameof(LogEvery))]
    public int EvalEvery { get; init; } = 2000;

    /// <summary>Gets the number of micro-batches in a validation, which are always the same ones. 0 uses the whole validation split.</summary>
    [AlsoCalled("eval_iters", "eval_steps", "val_batches")]
    public int EvalBatches { get; init; } = 200;

    /// <summary>Gets the number of steps between text samples. 0 never samples.</summary>
    [AlsoCalled("sample_interval")]
    public int SampleEvery { get; init; }

    /// <summary>Gets the prompts of the samples. There is one sample for each prompt.</summary>
    [AlsoCalled("prompts", "sample_prompt", "prompt")]
    public IReadOnlyList<string> SamplePrompts { get; init; } = ["\n"];

    /// <summary>Gets the maximum number of tokens in a sample, 1 or more.</summary>
    [AlsoCalled("max_new_tokens")]
    public int SampleTokens { get; init; } = 64;

    /// <summary>Gets the number of steps between checkpoints. 0 saves only at the end.</summary>
    [AlsoCalled("save_every", "checkpoint_interval", "save_interval")]
    public int CheckpointEvery { get; init; } = 2000;

    /// <summary>Gets the number of consecutive validations without a new best loss after which the run ends. 0 never ends it early.</summary>
    [AlsoCalled("patience", "early_stopping"), KeyAfter(nameof(Keep))]
    public int EarlyStoppingPatience { get; init; }

    /// <inheritdoc/>
    public override IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        problems.AtLeast(1, Steps);
        CheckBatch(problems);
        problems.AtLeast(0, SequenceLength);
        if (Stride is { } stride)
        {
            problems.AtLeast(1, stride, nameof(Stride));
            if (SequenceLength > 0 && stride > SequenceLength)
                problems.Add(nameof(Stride), $"is {stride}; sequences of {SequenceLength} tokens would leave out the tokens between them");
        }

        problems.Above(0, Lr);
        problems.AtLeast(0, MinLr);
        if (MinLr > Lr && Schedule is LearningRateSchedule.Cosine or LearningRateSchedule.Gpt2Nanogpt)
            problems.Add(nameof(MinLr), string.Create(CultureInfo.InvariantCulture, $"is {MinLr}; it must not be above lr, which is {Lr}"));
        problems.AtLeast(0, WarmupSteps);
        CheckOptimizer(problems);
        CheckMachine(problems);
        problems.AtLeast(0, EvalEvery);
        problems.AtLeast(0, EvalBatches);
        problems.AtLeast(0, SampleEvery);
        problems.AtLeast(1, SampleTokens);
        problems.AtLeast(0, CheckpointEvery);
        problems.AtLeast(0, Keep);
        problems.AtLeast(0, EarlyStoppingPatience);
        if (SampleEvery > 0 && SamplePrompts.Count == 0)
            problems.Add(nameof(SamplePrompts), "is empty; sampling needs a prompt (or set train.sample_every to 0)");
        return problems;
    }
}
