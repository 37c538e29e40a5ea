using Foreword.Data.Recipes;
using Foreword.Torch.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Optimizers;

/// <summary>Creates an optimizer of the program's own for a run.</summary>
/// <param name="parameters">The parameters to update, by name.</param>
/// <param name="options">The betas, the epsilon and the decay of the recipe.</param>
/// <param name="precision">The number format of the model's matrix products.</param>
/// <returns>The optimizer. The run disposes it.</returns>
public delegate Optimizer OptimizerFactory(IReadOnlyList<(string Name, Parameter Value)> parameters, AdamWOptions options, Precision precision);

/// <summary>Updates a model's parameters from their gradients, and clips the gradients by their global norm.</summary>
public abstract class Optimizer : IDisposable
{
    private readonly (string Name, Parameter Value)[] _parameters;

    /// <summary>Initializes an optimizer.</summary>
    /// <param name="parameters">The parameters to update, by name.</param>
    protected Optimizer(IEnumerable<(string Name, Parameter Value)> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = [.. parameters];
    }

    /// <summary>Creates the optimizer that a recipe specifies.</summary>
    /// <param name="kind">The update rule.</param>
    /// <param name="parameters">The parameters to update, by name.</param>
    /// <param name="options">Betas, epsilon and decay. <see cref="OptimizerKind.Adam"/> ignores the decay.</param>
    /// <param name="precision">The number format of Muon's products.</param>
    /// <returns>The optimizer; the caller disposes it. The parameters are not disposed with it.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="kind"/> is not a defined rule.</exception>
    public static Optimizer Create(OptimizerKind kind, IEnumerable<(string Name, Parameter Value)> parameters, AdamWOptions options, Precision precision) => kind switch
    {
        OptimizerKind.AdamW => new AdamW(parameters, options),
        OptimizerKind.Adam => new AdamW(parameters, options with { WeightDecay = 0 }),
        OptimizerKind.OpenAiAdam => new AdamW(parameters, options with { OpenAiRule = true }),
        OptimizerKind.Muon => new Muon(parameters, options, precision),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Gets or sets the number of updates made so far. Set it after the parameters and the optimizer's state have been restored.</summary>
    public int StepCount { get; set; }

    /// <summary>Gets or sets a function that receives the name of each parameter and the sum of squares of its gradient, before an update; null for none.</summary>
    internal Action<string, double>? GradientMeasured { get; set; }

    /// <summary>Gets the tensors that a checkpoint stores, by name: <c>wte.weight.exp_avg</c> and so on. The tensors may be overwritten in place.</summary>
    public abstract IEnumerable<(string Name, Tensor Value)> State { get; }

    /// <summary>
    /// Makes one update and releases the gradients. A parameter without a gradient is not changed. If the norm of the gradients is not finite, no
    /// parameter is changed and the update is not counted.
    /// </summary>
    /// <param name="rate">The learning rate.</param>
    /// <param name="clipNorm">Gradients are multiplied by min(1, clipNorm / (norm + 1e-6)); 0 disables clipping.</param>
    /// <returns>The global L2 norm of the gradients before clipping.</returns>
    public double Step(double rate, double clipNorm)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        double norm = Math.Sqrt(_parameters.Sum(Squares));
        if (double.IsFinite(norm))
        {
            StepCount++;
            Update(rate, clipNorm > 0 ? Math.Min(1, clipNorm / (norm + 1e-6)) : 1);
        }

        foreach (var (_, value) in _parameters)
            value.grad = null;
        return norm;
    }

    /// <inheritdoc/>
    public abstract void Dispose();

    /// <summary>
    /// Changes the parameters, outside of autograd. <see cref="StepCount"/> already includes this update. A parameter without a gradient keeps its value.
    /// </summary>
    /// <param name="rate">The learning rate.</param>
    /// <param name="gradientScale">Factor of every gradient (clipping).</param>
    protected abstract void Update(double rate, double gradientScale);

    private double Squares((string Name, Parameter Value) parameter)
    {
        if (parameter.Value.grad is not { } gradient)
            return 0;
        double squares = SumOfSquares(gradient);
        GradientMeasured?.Invoke(parameter.Name, squares);
        return squares;
    }

    private static unsafe double SumOfSquares(Tensor gradient) => gradient.device_type == DeviceType.CPU && gradient.is_contiguous()
        ? AdamWKernel.SumOfSquares(TensorMemory.Float32(gradient), gradient.NumberOfElements)
        : gradient.to(ScalarType.Float64).square().sum().ToDouble();
}
