using Foreword.Torch.Kernels;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch.Optimizers;

/// <summary>
/// Updates parameters with AdamW: Adam with decoupled weight decay on tensors of two or more dimensions (Loshchilov and Hutter 2019; GPT-1 paper,
/// section 4.1). On the CPU an update is one pass over memory; on other devices it uses libtorch's operators.
/// </summary>
public sealed class AdamW : Optimizer
{
    private readonly AdamWMoments[] _moments;
    private readonly AdamWOptions _options;

    /// <summary>Creates an optimizer with zero moments.</summary>
    /// <param name="parameters">The parameters to update, by name.</param>
    /// <param name="options">The constants of the update rule.</param>
    public AdamW(IEnumerable<(string Name, Parameter Value)> parameters, AdamWOptions options) : base(parameters = [.. parameters])
    {
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _moments = [.. parameters.Select(p => new AdamWMoments(p.Name, p.Value))];
    }

    /// <inheritdoc/>
    public override IEnumerable<(string Name, Tensor Value)> State => _moments.SelectMany(m => m.State);

    /// <inheritdoc/>
    public override void Dispose()
    {
        foreach (AdamWMoments moments in _moments)
            moments.Dispose();
    }

    /// <inheritdoc/>
    protected override void Update(double rate, double gradientScale)
    {
        foreach (AdamWMoments moments in _moments)
            moments.Update(_options, rate, gradientScale, StepCount);
    }
}

/// <summary>
/// The constants of <see cref="AdamW"/>, which are the same in all updates. The defaults are those of GPT-3 (Brown et al. 2020, appendix B).
/// </summary>
/// <param name="Beta1">Decay of the running mean of the gradient, 0 to below 1.</param>
/// <param name="Beta2">Decay of the running mean of the squared gradient, 0 to below 1.</param>
/// <param name="Epsilon">Number that is added to the root of the corrected mean square.</param>
/// <param name="WeightDecay">Decoupled decay of tensors with two or more dimensions, as a share of the learning rate.</param>
/// <param name="OpenAiRule">
/// Whether to use the rule of openai/finetune-transformer-lm (opt.py). There, the bias corrections are part of the learning rate. Epsilon is therefore
/// added to the uncorrected root, and the decay uses the corrected rate.
/// </param>
public sealed record AdamWOptions(double Beta1 = 0.9, double Beta2 = 0.95, double Epsilon = 1e-8, double WeightDecay = 0.1, bool OpenAiRule = false);

/// <summary>One parameter with its running means.</summary>
internal sealed class AdamWMoments : IDisposable
{
    private readonly string _name;
    private readonly Parameter _value;
    private readonly Tensor _mean;
    private readonly Tensor _square;

    public AdamWMoments(string name, Parameter value)
    {
        using var noGradient = no_grad();
        (_name, _value) = (name, value);
        _mean = zeros_like(value).DetachFromDisposeScope();
        _square = zeros_like(value).DetachFromDisposeScope();
        TensorMemory.AdviseHugePages(_mean);
        TensorMemory.AdviseHugePages(_square);
    }

    public IEnumerable<(string Name, Tensor Value)> State => [(_name + ".exp_avg", _mean), (_name + ".exp_avg_sq", _square)];

    /// <summary>Updates the parameter, unless it has no gradient.</summary>
    /// <param name="options">Betas, epsilon and decay.</param>
    /// <param name="rate">Learning rate.</param>
    /// <param name="gradientScale">Factor of the gradient (clipping).</param>
    /// <param name="step">t of the bias corrections, 1 for the first update.</param>
    public unsafe void Update(AdamWOptions options, double rate, double gradientScale, int step)
    {
        using var scope = NewDisposeScope();
        if (_value.grad is not { } gradient)
            return;
        double decay = _value.dim() >= 2 ? options.WeightDecay : 0;
        double correction1 = 1 - Math.Pow(options.Beta1, step), correction2 = 1 - Math.Pow(options.Beta2, step);
        double corrected = rate * Math.Sqrt(correction2) / correction1;
        AdamWStep numbers = options.OpenAiRule
            ? new((float)gradientScale, (float)options.Beta1, (float)options.Beta2, (float)corrected, 1, (float)options.Epsilon, (float)(1 - corrected * decay))
            : new(
                (float)gradientScale, (float)options.Beta1, (float)options.Beta2,
                (float)(rate / correction1), (float)(1 / Math.Sqrt(correction2)), (float)options.Epsilon, (float)(1 - rate * decay));
        if (gradient.device_type == DeviceType.CPU && gradient.is_contiguous())
        {
            AdamWKernel.Step(
                TensorMemory.Float32(_value), TensorMemory.Float32(gradient), TensorMemory.Float32(_mean), TensorMemory.Float32(_square),
                _value.NumberOfElements, numbers);
            return;
        }

        Tensor g = gradient * numbers.GradientScale;
        _mean.mul_(numbers.Beta1).add_(g, 1 - numbers.Beta1);
        _square.mul_(numbers.Beta2).addcmul_(g, g, 1 - numbers.Beta2);
        _value.mul_(numbers.Keep).addcdiv_(_mean, _square.sqrt().mul_(numbers.RootScale).add_(numbers.Epsilon), -numbers.Rate);
    }

    public void Dispose()
    {
        _mean.Dispose();
        _square.Dispose();
    }
}
