using Foreword.Torch.Kernels;
using TorchSharp.Modules;

namespace Foreword.Torch.Paths.Fused;

/// <summary>The destination of a parameter's gradient.</summary>
/// <param name="address">The gradient, float32, in the parameter's shape; null if the parameter is not trained.</param>
/// <param name="adds">True if there is a gradient already, which must be added to. False if the memory is uninitialized and must be overwritten.</param>
internal readonly unsafe struct Gradient(float* address, bool adds)
{
    public readonly float* Address = address;
    public readonly bool Adds = adds;
}

/// <summary>The weight and bias of a LayerNorm in memory, and the destinations of their gradients.</summary>
internal unsafe struct Norm
{
    public float* Weight, Bias;
    public float Epsilon;
    public Gradient WeightGradient, BiasGradient;
}

/// <summary>The two parameters of a linear layer or a norm.</summary>
/// <param name="Weight">The weight, [in, out] or [C].</param>
/// <param name="Bias">The bias, [out] or [C].</param>
internal sealed record WeightPair(Parameter Weight, Parameter Bias)
{
    /// <summary>Returns the parameters of a module by its name, such as <c>h.0.attn.c_attn</c>.</summary>
    public static WeightPair Create(IReadOnlyDictionary<string, Parameter> parameters, string module) => new(parameters[module + ".weight"], parameters[module + ".bias"]);

    /// <summary>Returns the pair as a norm. If <paramref name="gradients"/> is not null, it supplies the destinations of the gradients.</summary>
    public unsafe Norm Norm(double epsilon, Workspace? gradients = null) => new()
    {
        Weight = TensorMemory.Float32(Weight),
        Bias = TensorMemory.Float32(Bias),
        Epsilon = (float)epsilon,
        WeightGradient = gradients?.GradientOf(Weight) ?? default,
        BiasGradient = gradients?.GradientOf(Bias) ?? default,
    };
}

/// <summary>The parameters of a block.</summary>
/// <param name="parameters">The model's parameters, by their names in checkpoints.</param>
/// <param name="layer">The block's number.</param>
internal sealed class BlockWeights(IReadOnlyDictionary<string, Parameter> parameters, int layer)
{
    /// <summary>Gets <c>ln_1</c>.</summary>
    public WeightPair Norm1 { get; } = WeightPair.Create(parameters, $"h.{layer}.ln_1");

    /// <summary>Gets <c>attn.c_attn</c>, [C, 3 C].</summary>
    public WeightPair Attention { get; } = WeightPair.Create(parameters, $"h.{layer}.attn.c_attn");

    /// <summary>Gets <c>attn.c_proj</c>, [C, C].</summary>
    public WeightPair AttentionOutput { get; } = WeightPair.Create(parameters, $"h.{layer}.attn.c_proj");

    /// <summary>Gets <c>ln_2</c>.</summary>
    public WeightPair Norm2 { get; } = WeightPair.Create(parameters, $"h.{layer}.ln_2");

    /// <summary>Gets <c>mlp.c_fc</c>, [C, 4 C].</summary>
    public WeightPair FeedForward { get; } = WeightPair.Create(parameters, $"h.{layer}.mlp.c_fc");

    /// <summary>Gets <c>mlp.c_proj</c>, [4 C, C].</summary>
    public WeightPair FeedForwardOutput { get; } = WeightPair.Create(parameters, $"h.{layer}.mlp.c_proj");
}
