using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;

namespace Foreword.Torch.Optimizers;

/// <summary>
/// Computes the learning rate as a function of the number of updates already made, t = 0 for the first update. The shapes are those of Radford et al.
/// 2018 (section 4.1), openai/finetune-transformer-lm's opt.py, and nanoGPT's train.py.
/// </summary>
/// <param name="Schedule">The shape.</param>
/// <param name="Peak">The largest rate.</param>
/// <param name="Minimum">The final rate of the shapes that do not end at 0.</param>
/// <param name="WarmupSteps">Number of updates of the warmup. It need not be a whole number, because opt.py specifies it as a share of the run.</param>
/// <param name="Steps">Number of updates of the whole run.</param>
internal sealed record LearningRate(LearningRateSchedule Schedule, double Peak, double Minimum, double WarmupSteps, int Steps)
{
    /// <summary>Creates the schedule of a recipe.</summary>
    /// <param name="config">The recipe's <c>train</c> section.</param>
    public LearningRate(TrainingConfig config)
        : this(config.Schedule, config.Lr, config.MinLr, config.WarmupSteps, config.Steps)
    {
    }

    /// <summary>Creates the schedule of a training on dialogues or the like, which ends with its last update.</summary>
    /// <param name="config">The recipe's <c>train</c> section.</param>
    /// <param name="steps">Number of updates of the whole run.</param>
    public LearningRate(SupervisedConfig config, int steps)
        : this(config.Schedule, config.Lr, 0, config.Warmup * steps, steps)
    {
    }

    /// <summary>Returns the rate of the update that follows <paramref name="t"/> updates.</summary>
    /// <param name="t">Number of updates already made, 0 or more. After the end of the run, the last value is returned.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="t"/> is negative.</exception>
    public double At(int t)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(t);
        return Schedule switch
        {
            LearningRateSchedule.Cosine => CosineAt(t + 1.0),
            LearningRateSchedule.Gpt1 => t < WarmupSteps ? Peak * t / WarmupSteps : Peak * HalfCosine((t - WarmupSteps) / (Steps - WarmupSteps)),
            LearningRateSchedule.Gpt1OptPy => InWarmup(t) ? Peak * t / WarmupSteps : Peak * HalfCosine((double)t / Steps),
            LearningRateSchedule.Gpt2Nanogpt => NanogptAt(t),
            LearningRateSchedule.Linear => (InWarmup(t) ? Peak * t / WarmupSteps : Peak) * Math.Max(0, 1 - (double)t / Steps),
            LearningRateSchedule.Constant => InWarmup(t) ? Peak * t / WarmupSteps : Peak,
            _ => throw new InvalidOperationException($"schedule {Schedule} is unknown"),
        };
    }

    /// <summary>
    /// Returns the rate of update n = 1 .. Steps. Update WarmupSteps has the peak rate, the last update has the minimum, and the first update does not
    /// have rate 0.
    /// </summary>
    private double CosineAt(double n) => n <= WarmupSteps
        ? Peak * n / WarmupSteps
        : Minimum + (Peak - Minimum) * HalfCosine((n - WarmupSteps) / (Steps - WarmupSteps));

    /// <summary>Computes nanoGPT's get_lr with lr_decay_iters = Steps.</summary>
    private double NanogptAt(int t) =>
        t < WarmupSteps ? Peak * (t + 1) / (WarmupSteps + 1)
        : t > Steps ? Minimum
        : Minimum + (Peak - Minimum) * HalfCosine((t - WarmupSteps) / (Steps - WarmupSteps));

    /// <summary>
    /// Returns whether update t is part of the warmup. opt.py includes the end of the warmup. If there is no warmup, no update is part of it.
    /// </summary>
    private bool InWarmup(int t) => WarmupSteps > 0 && t <= WarmupSteps;

    /// <summary>Returns half a cosine: 1 at 0, and 0 at 1 and above. If the whole run is warmup, progress is not finite and the result is 0.</summary>
    private static double HalfCosine(double progress) =>
        0.5 * (1 + Math.Cos(Math.PI * (double.IsFinite(progress) ? Math.Clamp(progress, 0, 1) : 1)));
}
