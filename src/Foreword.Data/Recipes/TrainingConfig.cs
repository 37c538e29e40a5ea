using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>The shape of the learning rate over the run; Foreword.Torch's <c>LearningRate</c> computes it.</summary>
public enum LearningRateSchedule
{
    /// <summary>Linear from 0, reaching the peak with update <c>warmup_steps</c>; then a cosine that reaches <c>min_lr</c> with the last update.</summary>
    Cosine,

    /// <summary>GPT-1's paper: linear from 0 over the warm-up, then a cosine to 0 over the rest. The first update has rate 0.</summary>
    Gpt1,

    /// <summary>OpenAI's opt.py <c>warmup_cosine</c> taken literally: the cosine counts from the start of the run, so the rate steps down after the warm-up.</summary>
    Gpt1OptPy,

    /// <summary>nanoGPT's rule: warm-up by (t + 1) / (warmup + 1), then a cosine from the peak to <c>min_lr</c>.</summary>
    Gpt2Nanogpt,

    /// <summary>opt.py's <c>warmup_linear</c>: linear from 0, times 1 - t / steps throughout, as GPT-1 was fine-tuned.</summary>
    Linear,

    /// <summary>opt.py's <c>warmup_constant</c>: linear from 0 over the warm-up, then the peak.</summary>
    Constant,
}

/// <summary>The rule that turns gradients into updates.</summary>
[ChoiceName(nameof(OptimizerKind.AdamW), "adamw"), ChoiceName(nameof(OptimizerKind.OpenAiAdam), "openai_adam")]
public enum OptimizerKind
{
    /// <summary>Adam with decoupled weight decay (Loshchilov and Hutter 2019) on the tensors of two or more dimensions.</summary>
    AdamW,

    /// <summary>Adam (Kingma and Ba 2015) without any decay: <c>weight_decay</c> is not used.</summary>
    Adam,

    /// <summary>Muon (Jordan et al. 2024) on the matrices of the blocks, AdamW on the rest.</summary>
    Muon,

    /// <summary>
    /// Adam as openai/finetune-transformer-lm has it (opt.py): epsilon is added before the bias correction, and the decay takes the
    /// corrected rate. GPT-1's own rule.
    /// </summary>
    OpenAiAdam,
}

/// <summary>In which number format the products of a training step are computed; master weights, norms, softmax and loss are fp32 in each.</summary>
public enum PrecisionChoice
{
    /// <summary>bf16 where the processor or the GPU computes with it, else fp32.</summary>
    Auto,

    /// <summary>32-bit floats throughout.</summary>
    Fp32,

    /// <summary>bfloat16 products with fp32 master weights.</summary>
    Bf16,
}

/// <summary>Where a run computes.</summary>
public enum DeviceChoice
{
    /// <summary>A CUDA GPU, else Apple's, else the CPU.</summary>
    Auto,

    /// <summary>The processor.</summary>
    Cpu,

    /// <summary>An NVIDIA GPU.</summary>
    Cuda,

    /// <summary>An Apple GPU.</summary>
    Mps,
}

/// <summary>Whether training uses the fused kernels for the processor.</summary>
public enum FusedChoice
{
    /// <summary>Where processor, libtorch and model allow it; otherwise libtorch's operators.</summary>
    Auto,

    /// <summary>libtorch's operators on autograd.</summary>
    Off,
}

/// <summary>
/// The <c>train</c> section. The optimizer's and the schedule's defaults are nanoGPT's for GPT-2 124M
/// (train.py, config/train_gpt2.py; betas, decay and clipping as in GPT-3, Brown et al. 2020, appendix B), except that
/// its 40 accumulated micro-batches are one here. A step is one update of the weights.
/// </summary>
public sealed record TrainingConfig : IRecipe
{
    /// <summary>Updates of the whole run, at least 1; the schedule ends with them.</summary>
    [AlsoCalled("max_iters", "max_steps", "iterations", "total_steps", "num_iterations")]
    public int Steps { get; init; } = 600_000;

    /// <summary>Sequences of a micro-batch, at least 1.</summary>
    [AlsoCalled("micro_batch_size", "batch")]
    public int BatchSize { get; init; } = 12;

    /// <summary>Micro-batches whose gradients are averaged for one update, at least 1.</summary>
    [AlsoCalled("gradient_accumulation_steps", "grad_accum", "accumulation")]
    public int GradientAccumulation { get; init; } = 1;

    /// <summary>Tokens of a sequence; 0 is the model's context length, which is also the most.</summary>
    [AlsoCalled("block_size", "seq_len", "sequence_len")]
    public int SequenceLength { get; init; }

    /// <summary>Peak of the learning rate, above 0.</summary>
    [AlsoCalled("learning_rate", "max_lr", "peak_lr")]
    public double Lr { get; init; } = 6e-4;

    /// <summary>Where the schedules <c>cosine</c> and <c>gpt2_nanogpt</c> end, 0 to the peak; the others do not use it.</summary>
    [AlsoCalled("min_learning_rate", "lr_min", "final_lr")]
    public double MinLr { get; init; } = 6e-5;

    /// <summary>Updates over which the rate rises, at least 0. A run shorter than that never leaves the warm-up.</summary>
    [AlsoCalled("warmup", "warmup_iters")]
    public int WarmupSteps { get; init; } = 2000;

    /// <summary>The shape of the learning rate.</summary>
    [AlsoCalled("lr_schedule", "scheduler", "lr_scheduler", "decay_lr")]
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Cosine;

    /// <summary>AdamW, Adam without decay, or Muon.</summary>
    [AlsoCalled("optim", "optimiser")]
    public OptimizerKind Optimizer { get; init; } = OptimizerKind.AdamW;

    /// <summary>Decay of the gradient's running mean, 0 to below 1.</summary>
    [AlsoCalled("b1", "adam_beta1")]
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the squared gradient's running mean, 0 to below 1.</summary>
    [AlsoCalled("b2", "adam_beta2")]
    public double Beta2 { get; init; } = 0.95;

    /// <summary>Added to the root of the second moment, above 0.</summary>
    [AlsoCalled("epsilon", "adam_eps")]
    public double Eps { get; init; } = 1e-8;

    /// <summary>Decoupled decay of tensors with two or more dimensions (p -= lr * decay * p), at least 0.</summary>
    [AlsoCalled("wd", "l2", "decay")]
    public double WeightDecay { get; init; } = 0.1;

    /// <summary>Largest global norm of the gradient, beyond which it is scaled down; 0 turns clipping off.</summary>
    [AlsoCalled("grad_clip", "clip", "max_grad_norm", "gradient_clip")]
    public double ClipNorm { get; init; } = 1.0;

    /// <summary>Number format of the products.</summary>
    [AlsoCalled("dtype")]
    public PrecisionChoice Precision { get; init; } = PrecisionChoice.Auto;

    /// <summary>Whether fused kernels compute on the processor.</summary>
    [AlsoCalled("fused_kernels", "fast_path")]
    public FusedChoice Fused { get; init; } = FusedChoice.Auto;

    /// <summary>Whether activations are computed a second time on the way back rather than kept: half the memory for a third more time.</summary>
    [AlsoCalled("gradient_checkpointing", "activation_checkpointing", "checkpointing")]
    public bool Recompute { get; init; }

    /// <summary>Where to compute.</summary>
    public DeviceChoice Device { get; init; } = DeviceChoice.Auto;

    /// <summary>CPU threads; 0 is all cores. The last bits of the losses depend on it.</summary>
    [AlsoCalled("num_threads", "workers")]
    public int Threads { get; init; }

    /// <summary>Seed of the weights, the dropout and the order of the data, at least 0.</summary>
    public int Seed { get; init; } = 1337;

    /// <summary>Steps between lines of the log, at least 1.</summary>
    [AlsoCalled("log_interval")]
    public int LogEvery { get; init; } = 10;

    /// <summary>Steps between validations; 0 validates at the end only.</summary>
    [AlsoCalled("eval_interval", "val_every")]
    public int EvalEvery { get; init; } = 2000;

    /// <summary>Micro-batches of a validation, always the same ones; 0 is the whole validation split.</summary>
    [AlsoCalled("eval_iters", "eval_steps", "val_batches")]
    public int EvalBatches { get; init; } = 200;

    /// <summary>Steps between samples of text; 0 samples never.</summary>
    [AlsoCalled("sample_interval")]
    public int SampleEvery { get; init; }

    /// <summary>What the samples begin with; each prompt gives one sample.</summary>
    [AlsoCalled("prompts", "sample_prompt", "prompt")]
    public IReadOnlyList<string> SamplePrompts { get; init; } = ["\n"];

    /// <summary>Longest sample in tokens, at least 1.</summary>
    [AlsoCalled("max_new_tokens")]
    public int SampleTokens { get; init; } = 64;

    /// <summary>Steps between checkpoints; 0 saves at the end only.</summary>
    [AlsoCalled("save_every", "checkpoint_interval", "save_interval")]
    public int CheckpointEvery { get; init; } = 2000;

    /// <summary>Checkpoints that stay on disk, the newest ones (the best stays besides); 0 keeps all.</summary>
    [AlsoCalled("keep_checkpoints", "save_total_limit")]
    public int Keep { get; init; } = 3;

    /// <summary>Validations in a row without a new best loss after which the run ends; 0 never ends it early.</summary>
    [AlsoCalled("patience", "early_stopping")]
    public int EarlyStoppingPatience { get; init; }

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        problems.AtLeast(1, Steps);
        problems.AtLeast(1, BatchSize);
        problems.AtLeast(1, GradientAccumulation);
        problems.AtLeast(0, SequenceLength);
        problems.Above(0, Lr);
        problems.AtLeast(0, MinLr);
        if (MinLr > Lr && Schedule is LearningRateSchedule.Cosine or LearningRateSchedule.Gpt2Nanogpt)
            problems.Add(nameof(MinLr), $"is {MinLr}; it must not be above lr, which is {Lr}");
        problems.AtLeast(0, WarmupSteps);
        problems.Within(0, 1, Beta1);
        problems.Within(0, 1, Beta2);
        problems.Above(0, Eps);
        problems.AtLeast(0, WeightDecay);
        problems.AtLeast(0, ClipNorm);
        problems.AtLeast(0, Threads);
        problems.AtLeast(0, Seed);
        problems.AtLeast(1, LogEvery);
        problems.AtLeast(0, EvalEvery);
        problems.AtLeast(0, EvalBatches);
        problems.AtLeast(0, SampleEvery);
        problems.AtLeast(1, SampleTokens);
        problems.AtLeast(0, CheckpointEvery);
        problems.AtLeast(0, Keep);
        problems.AtLeast(0, EarlyStoppingPatience);
        if (SampleEvery > 0 && SamplePrompts.Count == 0)
            problems.Add(nameof(SamplePrompts), "is empty; sampling needs a prompt (or train.sample_every 0)");
        return problems;
    }
}
