using Foreword.Data.Recipes;
using Foreword.Torch.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Optimizers;

/// <summary>Turns the gradients of a model's parameters into an update, and clips them by their global norm.</summary>
public abstract class Optimizer : IDisposable
{
    private readonly (string Name, Parameter Value)[] _parameters;

    private protected Optimizer(IEnumerable<(string Name, Parameter Value)> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        _parameters = [.. parameters];
    }

    /// <summary>The optimizer that a recipe names.</summary>
    /// <param name="kind">Its rule.</param>
    /// <param name="parameters">What it updates, by name.</param>
    /// <param name="options">Betas, epsilon and decay; <see cref="OptimizerKind.Adam"/> has no decay.</param>
    /// <param name="precision">Number format of Muon's products.</param>
    public static Optimizer Of(OptimizerKind kind, IEnumerable<(string Name, Parameter Value)> parameters, AdamWOptions options, Precision precision) => kind switch
    {
        OptimizerKind.AdamW => new AdamW(parameters, options),
        OptimizerKind.Adam => new AdamW(parameters, options with { WeightDecay = 0 }),
        OptimizerKind.OpenAiAdam => new AdamW(parameters, options with { OpenAiRule = true }),
        OptimizerKind.Muon => new Muon(parameters, options, precision),
        _ => throw new ArgumentOutOfRangeException(nameof(kind)),
    };

    /// <summary>Updates made so far.</summary>
    public int StepCount { get; set; }

    /// <summary>
    /// What a checkpoint keeps, by name: <c>wte.weight.exp_avg</c> and so on. The tensors may be overwritten in place.
    /// </summary>
    public abstract IEnumerable<(string Name, Tensor Value)> State { get; }

    /// <summary>
    /// One update with learning rate <paramref name="rate"/>, then the gradients are released. A parameter without a gradient
    /// is left alone. Returns the gradients' global L2 norm before clipping; where that is not finite, nothing is changed.
    /// </summary>
    /// <param name="rate">Learning rate.</param>
    /// <param name="clipNorm">Gradients are scaled by min(1, clipNorm / (norm + 1e-6)); 0 switches clipping off.</param>
    public double Step(double rate, double clipNorm)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        double norm = Math.Sqrt(_parameters.Sum(p => p.Value.grad is { } gradient ? SumOfSquares(gradient) : 0));
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

    /// <summary>Changes the parameters. <see cref="StepCount"/> counts this update already.</summary>
    /// <param name="rate">Learning rate.</param>
    /// <param name="gradientScale">Factor on every gradient (clipping).</param>
    private protected abstract void Update(double rate, double gradientScale);

    private static unsafe double SumOfSquares(Tensor gradient) => gradient.device_type == DeviceType.CPU && gradient.is_contiguous()
        ? AdamWKernel.SumOfSquares(TensorMemory.Float32(gradient), gradient.NumberOfElements)
        : gradient.to(ScalarType.Float64).square().sum().ToDouble();
}
