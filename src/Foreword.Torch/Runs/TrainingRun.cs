using System.Diagnostics;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Progress;
using Foreword.Torch.Runtime;
using Foreword.Torch.Training;
using static TorchSharp.torch;

namespace Foreword.Torch.Runs;

/// <summary>
/// A training with its directory: steps, log, validation, the best model, checkpoints and early stopping. A run that was stopped or killed
/// continues from its newest checkpoint, with the same results as an uninterrupted run.
/// </summary>
public abstract class TrainingRun : IDisposable
{
    private readonly TrainSection _train;
    private double? _peak;

    private protected TrainingRun(RunDirectory directory, TrainSection train)
    {
        (Directory, _train) = (directory, train);
        set_num_threads(train.Threads == 0 ? Environment.ProcessorCount : train.Threads);
        Device = Compute.Device(train.Device);
        Precision = Compute.Precision(train.Precision, Device);
        State = new TrainerState { Step = 0, Seed = train.Seed };
    }

    /// <summary>Gets the number of steps made, including those of earlier processes.</summary>
    public int StepsMade => State.Step;

    private protected RunDirectory Directory { get; }

    private protected Device Device { get; }

    private protected Precision Precision { get; }

    /// <summary>Gets or sets the progress of the run, which a checkpoint stores.</summary>
    private protected TrainerState State { get; set; }

    /// <summary>Gets the measured peak of the machine, in floating-point operations per second. The first use measures it.</summary>
    private protected double Peak => _peak ??= MachinePeak.Measure(Precision, Device);

    private protected abstract ModelConfig Config { get; }

    /// <summary>Gets the number of steps of the whole run.</summary>
    private protected abstract int Steps { get; }

    /// <summary>Gets the number of consecutive validations without a new best one after which the run ends; 0 never ends it early.</summary>
    private protected abstract int Patience { get; }

    private bool PatienceIsOver => Patience > 0 && State.ValidationsWithoutBest >= Patience;

    /// <summary>Trains to the last step, or until the patience is over. See <see cref="Run(StopRequest, CancellationToken)"/>.</summary>
    /// <param name="cancellationToken">Ends the run after the current step. Nothing more is saved; earlier checkpoints are intact.</param>
    /// <exception cref="OperationCanceledException">The run was canceled.</exception>
    /// <exception cref="DivergenceException">Loss or gradient norm is infinite or not a number.</exception>
    /// <exception cref="IOException">A file cannot be written. Earlier checkpoints are intact.</exception>
    public RunOutcome Run(CancellationToken cancellationToken = default) => Run(new StopRequest(), cancellationToken);

    /// <summary>
    /// Trains to the last step, or until a stop is requested or the patience is over. In every case, the newest checkpoint is the state at the
    /// end. If there is validation data, <c>best/</c> is the model of the best validation.
    /// </summary>
    /// <param name="stop">Requests a graceful stop: the run finishes its step, saves a checkpoint and returns.</param>
    /// <param name="cancellationToken">Ends the run after the current step. Nothing more is saved; earlier checkpoints are intact.</param>
    /// <exception cref="OperationCanceledException">The run was canceled.</exception>
    /// <exception cref="DivergenceException">Loss or gradient norm is infinite or not a number.</exception>
    /// <exception cref="IOException">A file cannot be written. Earlier checkpoints are intact.</exception>
    public RunOutcome Run(StopRequest stop, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(stop);
        cancellationToken.ThrowIfCancellationRequested();
        using RunLog log = OpenLog();
        double windowSeconds = 0;
        long windowTokens = 0;
        if (StepsMade == 0 && ValidatesAfter(0))
            ValidateAndLog(log, cancellationToken);
        while (StepsMade < Steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (PatienceIsOver)
                return Ended(RunOutcome.StoppedEarly);
            long begin = Stopwatch.GetTimestamp();
            StepResult step = StepOrExplain();
            double seconds = Stopwatch.GetElapsedTime(begin).TotalSeconds;
            (windowSeconds, windowTokens) = (windowSeconds + seconds, windowTokens + step.Tokens);
            State = State.After(step, seconds);
            double tokensPerSecond = windowTokens / windowSeconds;
            TellStepped(Metrics(step, tokensPerSecond));

            bool isLast = step.Step == Steps;
            if (isLast || step.Step % _train.LogEvery == 0)
            {
                log.Write(Metrics(State.MeanOf(step), tokensPerSecond));
                State = State.AfterLine();
                (windowSeconds, windowTokens) = (0, 0);
            }

            if (ValidatesAfter(step.Step))
                ValidateAndLog(log, cancellationToken);
            Sample(log);
            bool stopping = stop.IsRequested && !isLast;
            if (isLast || stopping || PatienceIsOver || SavesAfter(step.Step))
                Save(isLast || PatienceIsOver);
            if (stopping)
                return RunOutcome.Stopped;
        }

        return Ended(RunOutcome.Finished);
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>Updates the weights once.</summary>
    private protected abstract StepResult Step();

    /// <summary>Returns whether a validation follows a step. Step 0 stands for the model before the first step.</summary>
    private protected abstract bool ValidatesAfter(int step);

    /// <summary>Returns whether a checkpoint follows a step that is not the last one.</summary>
    private protected abstract bool SavesAfter(int step);

    /// <summary>Computes loss and metrics on the validation data.</summary>
    private protected abstract Validation Validate(CancellationToken cancellationToken);

    /// <summary>Writes text with the model if a sample is due, and logs it.</summary>
    private protected virtual void Sample(RunLog log)
    {
    }

    /// <summary>Writes the model directory <c>best/</c>.</summary>
    private protected abstract void SaveModel(string directory);

    /// <summary>Writes a complete checkpoint with <see cref="State"/>.</summary>
    private protected abstract void SaveCheckpoint(string directory);

    private protected abstract void TellStepped(StepMetrics metrics);

    private protected abstract void TellValidated(ValidationMetrics metrics, bool isBest);

    private protected abstract void TellSaved(string checkpoint);

    /// <summary>Reports on the best model at the end of a run that was not stopped.</summary>
    private protected virtual void TellEnded()
    {
    }

    /// <summary>Returns whether something that is done every N steps follows a step; N = 0 means never.</summary>
    private protected static bool IsDue(int every, int step) => every > 0 && step % every == 0;

    /// <summary>Opens the log. A run that was killed before its first checkpoint begins a new one.</summary>
    private RunLog OpenLog()
    {
        bool isNew = StepsMade == 0 && !File.Exists(Directory.MetricsPath);
        if (StepsMade == 0)
            File.Delete(Directory.MetricsPath);
        return isNew ? RunLog.Start(Directory) : RunLog.Resume(Directory, StepsMade);
    }

    private StepMetrics Metrics(StepResult step, double tokensPerSecond) =>
        new(step.Step, step.Loss, step.LearningRate, step.GradNorm, tokensPerSecond, tokensPerSecond * Config.TrainingFlopsPerToken / Peak)
        {
            TaskLoss = step.TaskLoss,
            LmLoss = step.LmLoss,
            Metrics = step.Metrics,
        };

    /// <summary>Makes a step. If it diverges, the message names the last good checkpoint.</summary>
    private StepResult StepOrExplain()
    {
        try
        {
            return Step();
        }
        catch (DivergenceException problem)
        {
            throw new DivergenceException(problem, Directory.LastGood);
        }
    }

    private void ValidateAndLog(RunLog log, CancellationToken cancellationToken)
    {
        Validation validation = Validate(cancellationToken);
        log.Write(validation.Metrics);
        State = validation.Best is { } best
            ? best with { BestValidationLoss = validation.Metrics.Loss, ValidationsWithoutBest = 0 }
            : State with { ValidationsWithoutBest = State.ValidationsWithoutBest + 1 };
        bool isBest = validation.Best is not null;
        if (isBest)
            Directory.Write("the best model", () => SaveModel(Directory.BestPath));
        TellValidated(validation.Metrics, isBest);
    }

    private void Save(bool isComplete)
    {
        string path = Directory.CheckpointPath(StepsMade);
        State = State with { Threads = get_num_threads(), IsComplete = isComplete };
        Directory.Write($"the checkpoint of step {StepsMade}", () => SaveCheckpoint(path));
        Directory.DeleteOldCheckpoints(_train.Keep, StepsMade);
        TellSaved(path);
    }

    private RunOutcome Ended(RunOutcome outcome)
    {
        TellEnded();
        return outcome;
    }
}

/// <summary>The result of a validation.</summary>
/// <param name="Metrics">The step, the loss and the metrics.</param>
/// <param name="Best">The state with what is known only about the best validation, if this one is the best so far; otherwise null.</param>
internal sealed record Validation(ValidationMetrics Metrics, TrainerState? Best);
