using Foreword.Data.Recipes;
using Foreword.Torch.Optimizers;
using Foreword.Torch.Paths;
using TorchSharp.Modules;

namespace Foreword.Torch.Training;

/// <summary>
/// The part of a training step that is the same for every loss: after the gradients were computed, it clips them, updates the weights and counts the
/// step. It owns what a step needs: the path, the optimizer, the schedule and the trained weights.
/// </summary>
internal sealed class WeightUpdates : IDisposable
{
    private readonly TrainSection _config;
    private readonly LearningRate _learningRate;
    private readonly TrainedWeights _trained;

    /// <summary>Creates the updates at step 0. They dispose <paramref name="trained"/>.</summary>
    /// <param name="model">The model, on its device.</param>
    /// <param name="trained">The weights of the model that change.</param>
    /// <param name="config">The numbers of the optimizer.</param>
    /// <param name="learningRate">The schedule.</param>
    /// <param name="optimizer">Creates the optimizer; null for the one that <paramref name="config"/> names.</param>
    /// <param name="recompute">Whether the backward pass computes activations again.</param>
    /// <param name="further">Weights outside the model that change, too, by name.</param>
    public WeightUpdates(
        LanguageModule model, TrainedWeights trained, TrainSection config, LearningRate learningRate, OptimizerFactory? optimizer = null, bool recompute = false, IEnumerable<(string Name, Parameter Value)>? further = null)
    {
        (_config, _learningRate, _trained) = (config, learningRate, trained);
        Trained = [.. trained.Parameters, .. further ?? []];
        AdamWOptions options = new(config.Beta1, config.Beta2, config.Eps, config.WeightDecay);
        Optimizer = optimizer is null ? Optimizer.Create(config.Optimizer, Trained, options, model.Precision) : optimizer(Trained, options, model.Precision);
        try
        {
            Path = ModelPath.Create(model, config.Fused, recompute);
        }
        catch
        {
            Optimizer.Dispose();
            throw;
        }
    }

    /// <summary>Gets what computes the forward and backward passes.</summary>
    public IModelPath Path { get; }

    /// <summary>Gets the optimizer with its moments.</summary>
    public Optimizer Optimizer { get; }

    /// <summary>Gets the weights that change, by name.</summary>
    public IReadOnlyList<(string Name, Parameter Value)> Trained { get; }

    /// <summary>Gets the number of updates made.</summary>
    public int StepsMade { get; private set; }

    /// <summary>Sets the step counter after weights and optimizer state have been restored.</summary>
    public void ResumeAt(int stepsMade)
    {
        StepsMade = stepsMade;
        Optimizer.StepCount = stepsMade;
    }

    /// <summary>Updates the weights with the gradients that were computed.</summary>
    /// <param name="loss">The loss of the step.</param>
    /// <param name="tokens">The number of training tokens of the step.</param>
    /// <param name="batch">Describes the batch, for the message if the step diverges.</param>
    /// <exception cref="DivergenceException">Loss or gradient norm is not finite. The weights are those before the step.</exception>
    public StepResult Make(double loss, long tokens, Func<string> batch)
    {
        _trained.TakeRowGradients();
        double rate = _learningRate.At(StepsMade);
        double norm = double.IsFinite(loss) ? Optimizer.Step(rate, _config.ClipNorm) : double.NaN;
        if (!double.IsFinite(norm))
            throw new DivergenceException(StepsMade + 1, loss, norm, batch());
        StepsMade++;
        return new StepResult(StepsMade, loss, rate, norm, tokens);
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Optimizer.Dispose();
        Path.Dispose();
        _trained.Dispose();
    }
}
