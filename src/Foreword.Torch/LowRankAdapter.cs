using TorchSharp.Modules;
using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>
/// A low-rank change of a linear layer (Hu et al. 2022, "LoRA: low-rank adaptation of large language models", section 4.1):
/// y = x W + scale (x A) B. A [in, r] is drawn from N(0, 0.02), B [r, out] is 0 at the start. W is [in, out], as in Conv1D.
/// </summary>
internal sealed class LowRankAdapter : IDisposable
{
    private const double Deviation = 0.02;

    private readonly Parameter _a;
    private readonly Parameter _b;
    private readonly double _scale;

    /// <summary>Creates an adapter on the device of the weight. Its product is 0.</summary>
    public LowRankAdapter(Tensor weight, int rank, double scale, Generator generator)
    {
        using var noGradient = no_grad();
        _a = Kept(empty(weight.shape[0], rank).normal_(0, Deviation, generator).to(weight.device));
        _b = Kept(zeros(rank, weight.shape[1], device: weight.device));
        _scale = scale;
    }

    /// <summary>Returns the two matrices, named after the layer.</summary>
    public IEnumerable<(string Name, Parameter Value)> Parameters(string layer) => [($"{layer}.lora_a", _a), ($"{layer}.lora_b", _b)];

    /// <summary>Computes what the adapter adds to the layer's output: [M, in] -> [M, out], in the number format of <paramref name="x"/>.</summary>
    public Tensor Forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        return x.matmul(_a.to(x.dtype)).matmul(_b.to(x.dtype)).mul(_scale).MoveToOuterDisposeScope();
    }

    /// <summary>Returns the weight plus the adapter's scaled product.</summary>
    public Tensor AddedTo(Tensor weight)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        return weight.add(_a.matmul(_b), _scale).MoveToOuterDisposeScope();
    }

    public void Dispose()
    {
        _a.Dispose();
        _b.Dispose();
    }

    private static Parameter Kept(Tensor values)
    {
        Parameter parameter = new(values);
        _ = parameter.DetachFromDisposeScope();
        return parameter;
    }
}
