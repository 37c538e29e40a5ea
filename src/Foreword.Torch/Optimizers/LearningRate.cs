using Foreword.Data.Recipes;

namespace Foreword.Torch.Optimizers;

/// <summary>
/// The learning rate as a function of the updates already made, t = 0 for the first. The shapes are those of
/// Radford et al. 2018 (section 4.1), openai/finetune-transformer-lm's opt.py, and nanoGPT's train.py.
/// </summary>
/// <param name="Schedule">The shape.</param>
/// <param name="Peak">The largest rate.</param>
/// <param name="Minimum">Where the shapes end that do not end at 0.</param>
/// <param name="WarmupSteps">Updates of the warm-up; need not be whole (opt.py gives it as a share of the run).</param>
/// <param name="Steps">Updates of the whole run.</param>
public sealed record LearningRate(LearningRateSchedule Schedule, double Peak, double Minimum, double WarmupSteps, int Steps)
{
    /// <summary>The schedule of a recipe.</summary>
    public LearningRate(TrainingConfig config)
        : this(config.Schedule, config.Lr, config.MinLr, config.WarmupSteps, config.Steps)
    {
    }

    /// <summary>The rate of the update that follows <paramref name="t"/> others.</summary>
    /// <param name="t">Updates already made, at least 0; past the end of the run the last value holds.</param>
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
            _ => throw new InvalidOperationException($"schedule {Schedule} has no formula"),
        };
    }

    /// <summary>Update n = 1 .. Steps: the peak falls on update WarmupSteps, the minimum on the last one, and no update is spent at rate 0.</summary>
    private double CosineAt(double n) => n <= WarmupSteps
        ? Peak * n / WarmupSteps
        : Minimum + (Peak - Minimum) * HalfCosine((n - WarmupSteps) / (Steps - WarmupSteps));

    /// <summary>nanoGPT's get_lr with lr_decay_iters = Steps.</summary>
    private double NanogptAt(int t) =>
        t < WarmupSteps ? Peak * (t + 1) / (WarmupSteps + 1)
        : t > Steps ? Minimum
        : Minimum + (Peak - Minimum) * HalfCosine((t - WarmupSteps) / (Steps - WarmupSteps));

    /// <summary>opt.py counts the warm-up's end in; without a warm-up nothing is in it.</summary>
    private bool InWarmup(int t) => WarmupSteps > 0 && t <= WarmupSteps;

    /// <summary>1 at 0, 0 at 1 and after; a schedule whose warm-up is the whole run is at its end at once.</summary>
    private static double HalfCosine(double progress) =>
        0.5 * (1 + Math.Cos(Math.PI * (double.IsFinite(progress) ? Math.Clamp(progress, 0, 1) : 1)));
}
