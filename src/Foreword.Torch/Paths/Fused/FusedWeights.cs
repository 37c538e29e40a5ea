using Foreword.Torch.Kernels;
using TorchSharp.Modules;

namespace Foreword.Torch.Paths.Fused;

/// <summary>Where a gradient of the loss by a parameter goes.</summary>
/// <param name="address">float32, in the parameter's shape; null where the parameter does not learn.</param>
/// <param name="adds">Whether there is a gradient already, which is added to; otherwise the memory holds arbitrary numbers.</param>
internal readonly unsafe struct Gradient(float* address, bool adds)
{
    public readonly float* Address = address;
    public readonly bool Adds = adds;
}

/// <summary>A LayerNorm's weight and bias in memory, and where their gradients go.</summary>
internal unsafe struct Norm
{
    public float* Weight, Bias;
    public float Epsilon;
    public Gradient WeightGradient, BiasGradient;
}

/// <summary>A parameter pair of a linear layer or a norm.</summary>
/// <param name="Weight">[in, out], or [C].</param>
/// <param name="Bias">[out], or [C].</param>
internal sealed record WeightPair(Parameter Weight, Parameter Bias)
{
    /// <summary>The pair of a module by its name, such as <c>h.0.attn.c_attn</c>.</summary>
    public static WeightPair Of(IReadOnlyDictionary<string, Parameter> parameters, string module) => new(parameters[module + ".weight"], parameters[module + ".bias"]);

    /// <summary>As a norm; with places for the gradients where <paramref name="gradients"/> has them.</summary>
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
/// <param name="parameters">The model's, by their names in the checkpoints.</param>
/// <param name="layer">The block's number.</param>
internal sealed class BlockWeights(IReadOnlyDictionary<string, Parameter> parameters, int layer)
{
    /// <summary><c>ln_1</c>.</summary>
    public WeightPair Norm1 { get; } = WeightPair.Of(parameters, $"h.{layer}.ln_1");

    /// <summary><c>attn.c_attn</c> [C, 3 C].</summary>
    public WeightPair Attention { get; } = WeightPair.Of(parameters, $"h.{layer}.attn.c_attn");

    /// <summary><c>attn.c_proj</c> [C, C].</summary>
    public WeightPair AttentionOutput { get; } = WeightPair.Of(parameters, $"h.{layer}.attn.c_proj");

    /// <summary><c>ln_2</c>.</summary>
    public WeightPair Norm2 { get; } = WeightPair.Of(parameters, $"h.{layer}.ln_2");

    /// <summary><c>mlp.c_fc</c> [C, 4 C].</summary>
    public WeightPair FeedForward { get; } = WeightPair.Of(parameters, $"h.{layer}.mlp.c_fc");

    /// <summary><c>mlp.c_proj</c> [4 C, C].</summary>
    public WeightPair FeedForwardOutput { get; } = WeightPair.Of(parameters, $"h.{layer}.mlp.c_proj");
}
