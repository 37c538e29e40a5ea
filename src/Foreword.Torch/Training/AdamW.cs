using Foreword.Torch.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Training;

/// <summary>
/// Adam with decoupled weight decay on tensors of two or more dimensions (Loshchilov and Hutter 2019; GPT-1 paper, section 4.1),
/// and clipping by the global norm of the gradients. On the CPU one pass over memory; elsewhere libtorch's operators.
/// </summary>
public sealed class AdamW : IDisposable
{
    private readonly (string Name, Parameter Value, Tensor Mean, Tensor Square)[] _parameters;

    /// <summary>An optimizer with zero moments over the model's parameters.</summary>
    public AdamW(IEnumerable<(string Name, Parameter Value)> parameters, AdamWOptions options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        Options = options;
        using var noGradient = no_grad();
        _parameters = [.. parameters.Select(p => (p.Name, p.Value, zeros_like(p.Value).DetachFromDisposeScope(), zeros_like(p.Value).DetachFromDisposeScope()))];
    }

    /// <summary>Betas, epsilon and weight decay.</summary>
    public AdamWOptions Options { get; }

    /// <summary>Updates made so far: t of the bias corrections.</summary>
    public long StepCount { get; set; }

    /// <summary>The moments by parameter name: "wte.weight" gives exp_avg and exp_avg_sq. They may be overwritten in place.</summary>
    public IEnumerable<(string Name, Tensor Mean, Tensor Square)> State => _parameters.Select(p => (p.Name, p.Mean, p.Square));

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
            double factor = clipNorm > 0 ? Math.Min(1, clipNorm / (norm + 1e-6)) : 1;
            foreach (var parameter in _parameters)
            {
                if (parameter.Value.grad is { } gradient)
                    Update(parameter.Value, gradient, parameter.Mean, parameter.Square, rate, factor);
            }
        }

        foreach (var parameter in _parameters)
            parameter.Value.grad = null;
        return norm;
    }

    private static unsafe double SumOfSquares(Tensor gradient) => OnCpu(gradient)
        ? AdamWKernel.SumOfSquares(TensorMemory.Float32(gradient), gradient.NumberOfElements)
        : gradient.to(ScalarType.Float64).square().sum().ToDouble();

    private unsafe void Update(Parameter value, Tensor gradient, Tensor mean, Tensor square, double rate, double factor)
    {
        double decay = value.dim() >= 2 ? Options.WeightDecay : 0;
        double correction1 = 1 - Math.Pow(Options.Beta1, StepCount), correction2 = 1 - Math.Pow(Options.Beta2, StepCount);
        AdamWStep step = new(
            (float)factor, (float)Options.Beta1, (float)Options.Beta2,
            (float)(rate / correction1), (float)(1 / Math.Sqrt(correction2)), (float)Options.Epsilon, (float)(1 - rate * decay));
        if (OnCpu(gradient))
        {
            AdamWKernel.Step(
                TensorMemory.Float32(value), TensorMemory.Float32(gradient), TensorMemory.Float32(mean), TensorMemory.Float32(square),
                value.NumberOfElements, step);
            return;
        }

        using var scope = NewDisposeScope();
        Tensor g = gradient * step.GradientScale;
        mean.mul_(step.Beta1).add_(g, 1 - step.Beta1);
        square.mul_(step.Beta2).addcmul_(g, g, 1 - step.Beta2);
        value.mul_(step.Keep).addcdiv_(mean, square.sqrt().mul_(step.RootScale).add_(step.Epsilon), -step.Rate);
    }

    private static bool OnCpu(Tensor gradient) => gradient.device_type == DeviceType.CPU && gradient.is_contiguous();

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var (_, _, mean, square) in _parameters)
        {
            mean.Dispose();
            square.Dispose();
        }
    }
}

/// <summary>What stays the same over all updates.</summary>
/// <param name="Beta1">Decay of the mean, 0 to below 1.</param>
/// <param name="Beta2">Decay of the mean square, 0 to below 1.</param>
/// <param name="Epsilon">Added to the root of the corrected mean square.</param>
/// <param name="WeightDecay">Decoupled decay of tensors with two or more dimensions, as a share of the learning rate.</param>
public sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0.1);
