using Foreword.Torch.Training;

namespace Foreword.Torch.Supervised;

/// <summary>
/// Makes the steps of a training that predicts some tokens of each example. A step depends only on the weights, the optimizer's moments and the number of
/// steps made.
/// </summary>
internal interface ISupervisedTrainer : IDisposable
{
    /// <summary>Gets the weights that change, their optimizer and the number of updates made.</summary>
    WeightUpdates Updates { get; }

    /// <summary>Gets the number of updates in an epoch. A validation and a checkpoint follow each epoch.</summary>
    int StepsPerEpoch { get; }

    /// <summary>Gets the number of updates in the whole run. The learning-rate schedule ends with the last one.</summary>
    int Steps { get; }

    /// <summary>Gets the number of inputs of an epoch, and of a validation.</summary>
    (long Train, long Validation) Tokens { get; }

    /// <summary>Prepares a training whose model still has the weights that it starts with, before its first step.</summary>
    /// <param name="directory">The run's directory, which may receive what a resumed run needs.</param>
    /// <param name="cancellationToken">Cancels the work.</param>
    void Start(string directory, CancellationToken cancellationToken);

    /// <summary>Prepares a training that goes on, whose weights are restored afterwards.</summary>
    /// <param name="directory">The run's directory.</param>
    /// <exception cref="InvalidDataException">A file of the run is missing or broken.</exception>
    void Resume(string directory);

    /// <summary>Updates the weights once.</summary>
    /// <exception cref="DivergenceException">Loss or gradient norm is not finite. The weights are those before the step.</exception>
    StepResult Step();

    /// <summary>Measures the held-out examples.</summary>
    /// <returns>The loss, whose lowest value is the best, and the metrics by name.</returns>
    (double Loss, Dictionary<string, double> Metrics) Validate(CancellationToken cancellationToken = default);
}
