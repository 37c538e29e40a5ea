namespace Foreword.Models;

/// <summary>
/// Describes the architecture of an LSTM language model. The defaults are those of the GPT-1 paper's comparison: "a single layer 2048 unit LSTM using
/// the same framework" (Radford et al. 2018, section 5). The paper does not state the other sizes. Foreword uses those of GPT-1: an embedding of width
/// 768, a projection from the 2,048 units to that width, an output layer that is tied to the embedding, and 512 tokens of context.
/// </summary>
public sealed record LstmConfig : ModelConfig
{
    /// <summary>
    /// Creates the configuration of the GPT-1 paper's LSTM. The initial embedding has a standard deviation of 0.1. With GPT's 0.02 and without a
    /// LayerNorm, the gates would hardly react to the tokens at first.
    /// </summary>
    public LstmConfig()
    {
        Architecture = ModelArchitecture.Lstm;
        InitializerRange = 0.1;
        ContextLength = 512;
        VocabSize = 40_478;
    }

    /// <summary>Gets the number of units (H), which is the width of the state, 1 or more.</summary>
    public int NHidden { get; init; } = 2048;

    /// <summary>Gets the dropout rate of the LSTM's outputs, from 0 to less than 1. The recurrent connections have no dropout (Zaremba et al. 2014).</summary>
    public double HiddenDropout { get; init; } = 0.1;

    /// <summary>Gets whether the output layer has a bias. Only a separate output layer can have one.</summary>
    public bool DecoderBias { get; init; }

    /// <summary>
    /// Gets whether a projection [C, H] maps the units to the width of the embedding. An output layer that is tied to the embedding needs it, unless
    /// the two widths are equal. A separate output layer [V, H] reads the units directly.
    /// </summary>
    public bool HasProjection => TieWordEmbeddings && NHidden != NEmbd;

    /// <inheritdoc/>
    public override int LayerCount => 1;

    /// <inheritdoc/>
    public override int HiddenWidth => TieWordEmbeddings ? NEmbd : NHidden;

    /// <inheritdoc/>
    public override long ParameterCount => (long)VocabSize * NEmbd + Weights + 8L * NHidden + (TieWordEmbeddings ? 0 : (long)VocabSize * NHidden) + (DecoderBias ? VocabSize : 0);

    /// <inheritdoc/>
    public override double TrainingFlopsPerToken => 6.0 * (Weights + (double)VocabSize * HiddenWidth);

    /// <summary>Gets the configuration of the GPT-1 paper's LSTM by name, and LSTMs with as many parameters as the small GPT-2 presets.</summary>
    public static IReadOnlyDictionary<string, LstmConfig> Presets { get; } = new Dictionary<string, LstmConfig>(StringComparer.Ordinal)
    {
        ["lstm-2048"] = new(),
        ["lstm-small-14m"] = new() { NHidden = 1408, NEmbd = 384, ContextLength = 256, VocabSize = 8192 },
        ["lstm-tiny-5m"] = new() { NHidden = 864, NEmbd = 256, ContextLength = 256, VocabSize = 4096 },
    };

    /// <inheritdoc/>
    internal override string Summary => $"LSTM, {NHidden} units, width {NEmbd}, context {ContextLength}";

    /// <summary>Gets the number of weights of the input, recurrent and projection products: 4 gates [H, C + H], and [C, H].</summary>
    private long Weights => 4L * NHidden * ((long)NEmbd + NHidden) + (HasProjection ? (long)NEmbd * NHidden : 0);

    /// <inheritdoc/>
    public override LstmConfig Validate()
    {
        if (Architecture != ModelArchitecture.Lstm)
            throw new ArgumentException($"architecture is {Architecture.ToString().ToLowerInvariant()}; an LSTM's is lstm");
        Positive(NHidden, "n_hidden");
        CheckSizes();
        if (NHidden > int.MaxValue / 4)
            throw new ArgumentException($"n_hidden is {NHidden}; it must be at most {int.MaxValue / 4}");
        CheckSharedRates();
        Rate(HiddenDropout, "hidden_dropout");
        if (DecoderBias && TieWordEmbeddings)
            throw new ArgumentException("decoder_bias is true; an output layer that is tied to the embedding has no bias");
        return this;
    }

    /// <inheritdoc/>
    internal override int? LayerOf(string parameter) => parameter.StartsWith("lstm.", StringComparison.Ordinal) ? 0 : null;

    /// <inheritdoc/>
    internal override ModelConfig WithDropout(double rate) => this with { EmbdDropout = rate, HiddenDropout = rate };
}
