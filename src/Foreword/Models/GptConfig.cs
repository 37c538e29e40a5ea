using System.Globalization;
using Foreword.Settings;

namespace Foreword.Models;

/// <summary>
/// Describes the architecture of a GPT. The defaults are those of the released GPT-2 124M. The default dropout rates are the papers' 0.1. Evaluation
/// and generation never apply dropout.
/// </summary>
public sealed record GptConfig : ModelConfig
{
    /// <summary>Gets the number of blocks, 1 or more.</summary>
    public int NLayer { get; init; } = 12;

    /// <summary>Gets the number of attention heads in a block, 1 or more. It must divide <see cref="ModelConfig.NEmbd"/>.</summary>
    public int NHead { get; init; } = 12;

    /// <summary>Gets the dropout rate of the attention probabilities, from 0 to less than 1.</summary>
    public double AttnDropout { get; init; } = 0.1;

    /// <summary>Gets the dropout rate of both residual branches, from 0 to less than 1.</summary>
    public double ResidDropout { get; init; } = 0.1;

    /// <summary>Gets the epsilon of the LayerNorms. It is greater than 0 and is added to the variance, inside the square root.</summary>
    public double LayerNormEpsilon { get; init; } = 1e-5;

    /// <summary>
    /// Gets the activation function between the two layers of the feed-forward network. GPT-1 does not support <see cref="Activation.Gelu"/> and
    /// <see cref="Activation.QuickGelu"/>.
    /// </summary>
    public Activation Activation { get; init; } = Activation.GeluTanh;

    /// <summary>Gets the width of the feed-forward network (n_inner of GPT-2), or null for 4 C.</summary>
    public int? FeedForwardWidth { get; init; }

    /// <summary>Gets whether attention scores are divided by sqrt(hs) (scale_attn_weights of GPT-2).</summary>
    public bool ScaleAttention { get; init; } = true;

    /// <summary>
    /// Gets whether attention scores are divided by the layer number, which is 1 for the first layer (scale_attn_by_inverse_layer_idx of GPT-2).
    /// </summary>
    public bool ScaleAttentionByInverseLayer { get; init; }

    /// <summary>
    /// Gets whether the LayerNorm after the last block of a GPT-2, <c>ln_f</c>, is left out. The published models have it. It is left out to see what it
    /// brings.
    /// </summary>
    public bool WithoutFinalNorm { get; init; }

    /// <summary>Gets whether a LayerNorm follows the last block: <c>ln_f</c> of a GPT-2, see <see cref="WithoutFinalNorm"/>.</summary>
    public bool HasFinalNorm => Architecture == ModelArchitecture.Gpt2 && !WithoutFinalNorm;

    /// <summary>Gets the width of the feed-forward network (F): <see cref="FeedForwardWidth"/>, or 4 C if that is null.</summary>
    public int FeedForward => FeedForwardWidth ?? checked(4 * NEmbd);

    /// <summary>
    /// Returns the factor by which a layer's attention scores are multiplied in addition to 1 / sqrt(hs). It is 1 in the published models.
    /// </summary>
    /// <param name="layer">The index of the layer, from 0.</param>
    internal double AttentionFactor(int layer) => (ScaleAttention ? 1 : Math.Sqrt(HeadSize)) / (ScaleAttentionByInverseLayer ? layer + 1 : 1);

    /// <summary>
    /// Gets the fields that make the computation differ from that of the published models. Each one is a text with its key in a recipe and its value.
    /// Code that supports only the published models checks that there are none.
    /// </summary>
    public IEnumerable<string> Deviations
    {
        get
        {
            if (Activation != Activation.GeluTanh)
                yield return $"activation is {Activation.Name()}";
            if (FeedForwardWidth is { } width && width != 4L * NEmbd)
                yield return $"n_inner is {width}, not 4 n_embd = {4L * NEmbd}";
            if (!ScaleAttention)
                yield return "scale_attention is false";
            if (ScaleAttentionByInverseLayer)
                yield return "scale_attention_by_inverse_layer is true";
            if (WithoutFinalNorm)
                yield return FinalNormDeviation;
        }
    }

    /// <summary>The deviation of <see cref="WithoutFinalNorm"/>.</summary>
    internal const string FinalNormDeviation = "final_norm is false";

    /// <summary>Gets the width of a head (hs).</summary>
    public int HeadSize => NEmbd / NHead;

    /// <summary>Gets the number of trained parameters. Position embeddings count. A tied output layer adds none.</summary>
    public override long ParameterCount
    {
        get
        {
            long c = NEmbd;
            long f = FeedForwardWidth ?? 4 * c;
            long block = 4 * c * c + 2 * c * f + f + 9 * c; // c_attn 3C²+3C, c_proj C²+C, c_fc CF+F, c_proj FC+C, two LayerNorms 4C
            long finalNorm = HasFinalNorm ? 2 * c : 0;
            long tokens = (TieWordEmbeddings ? 1L : 2L) * VocabSize;
            return (tokens + ContextLength) * c + NLayer * block + finalNorm;
        }
    }

    /// <summary>
    /// Gets the number of floating-point operations per token of a training step (forward and backward), counted as 6 N. N is the number of
    /// parameters that take part in matrix products, that is, all except rows that are only looked up. The attention scores are not counted, as is
    /// usual when the utilization of a device is reported.
    /// </summary>
    public override double TrainingFlopsPerToken => 6.0 * (ParameterCount - (ContextLength + (TieWordEmbeddings ? 0L : VocabSize)) * NEmbd);

    /// <inheritdoc/>
    public override int LayerCount => NLayer;

    /// <inheritdoc/>
    internal override string Summary => $"{(Architecture == ModelArchitecture.Gpt1 ? "GPT-1" : "GPT-2")}, {NLayer} layers, {NHead} heads, width {NEmbd}, context {ContextLength}";

    /// <inheritdoc/>
    internal override int? LayerOf(string parameter) => parameter.Split('.') is ["h", var layer, ..] ? int.Parse(layer, CultureInfo.InvariantCulture) : null;

    /// <inheritdoc/>
    internal override ModelConfig WithDropout(double rate) => this with { EmbdDropout = rate, AttnDropout = rate, ResidDropout = rate };

    /// <summary>Gets the configurations of the published GPT models by name, and of small models for experiments.</summary>
    public static IReadOnlyDictionary<string, GptConfig> Presets { get; } = new Dictionary<string, GptConfig>(StringComparer.Ordinal)
    {
        ["gpt1"] = new() { Architecture = ModelArchitecture.Gpt1, ContextLength = 512, VocabSize = 40_478 },
        ["gpt2"] = new(),
        ["gpt2-medium"] = new() { NLayer = 24, NHead = 16, NEmbd = 1024 },
        ["gpt2-large"] = new() { NLayer = 36, NHead = 20, NEmbd = 1280 },
        ["gpt2-xl"] = new() { NLayer = 48, NHead = 25, NEmbd = 1600 },
        ["gpt2-small-14m"] = new() { NLayer = 6, NHead = 6, NEmbd = 384, ContextLength = 256, VocabSize = 8192 },
        ["gpt2-tiny-5m"] = new() { NLayer = 5, NHead = 4, NEmbd = 256, ContextLength = 256, VocabSize = 4096 },
    };

    /// <summary>Returns a preset by its name.</summary>
    /// <param name="name">A key of <see cref="Presets"/>.</param>
    /// <exception cref="ArgumentException">There is no preset with that name. The message suggests the nearest name.</exception>
    public static GptConfig Preset(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Presets.TryGetValue(name, out GptConfig? config)
            ? config
            : throw new ArgumentException($"unknown preset '{name}'{NearestName.Suggestion(name, Presets.Keys)}", nameof(name));
    }

    /// <inheritdoc/>
    public override GptConfig Validate()
    {
        if (Architecture == ModelArchitecture.Lstm)
            throw new ArgumentException("architecture is lstm; a GPT's is gpt1 or gpt2");
        Positive(NLayer, "n_layer");
        Positive(NHead, "n_head");
        CheckSizes();
        if (NEmbd % NHead != 0)
            throw new ArgumentException($"n_embd is {NEmbd}, which is not a multiple of n_head {NHead}");
        CheckComputation();
        CheckSharedRates();
        Rate(AttnDropout, "attn_dropout");
        Rate(ResidDropout, "resid_dropout");
        if (!(LayerNormEpsilon > 0 && double.IsFinite(LayerNormEpsilon)))
            throw new ArgumentException($"layer_norm_epsilon is {Text(LayerNormEpsilon)}; it must be above 0");
        return this;

        void CheckComputation()
        {
            if (!Enum.IsDefined(Activation))
                throw new ArgumentException($"activation is {(int)Activation}; this activation function is unknown");
            if (FeedForwardWidth is { } width)
                Positive(width, "n_inner");
            else if (NEmbd > int.MaxValue / 4)
                throw new ArgumentException($"n_embd is {NEmbd}; the feed-forward network is 4 times as wide, and its width can be at most {int.MaxValue}");
            if (Architecture == ModelArchitecture.Gpt1 && Activations.NameOf(Architecture, Activation) is null)
                throw new ArgumentException($"activation is {Activation.Name()}; a GPT-1 supports gelu_new, relu and silu");
            if (Architecture == ModelArchitecture.Gpt1 && (this with { Activation = default }).Deviations.FirstOrDefault() is { } deviation)
                throw new ArgumentException($"{deviation}; a GPT-1 does not support this");
        }
    }
}
