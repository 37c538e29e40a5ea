namespace Foreword.Recipes;

/// <summary>How the weights are drawn before training.</summary>
public enum WeightInit
{
    /// <summary>N(0, initializer_range) for every weight (Radford et al. 2018, section 4.1).</summary>
    Gpt1,

    /// <summary>
    /// As <see cref="Gpt1"/>, with the projections into the residual stream scaled by 1/sqrt(2 n_layer)
    /// (Radford et al. 2019, section 2.3).
    /// </summary>
    Gpt2,
}

/// <summary>
/// The <c>model</c> section: a preset, and numbers that win over the preset's. Without a preset the rest is
/// GPT-2 124M, or GPT-1 where <c>architecture: gpt1</c>.
/// </summary>
public sealed record ModelSection : IRecipe
{
    /// <summary>A name of <see cref="GptConfig.Presets"/>.</summary>
    public string? Preset { get; init; }

    /// <summary>Post-LN blocks (<c>gpt1</c>) or pre-LN blocks with a final LayerNorm (<c>gpt2</c>).</summary>
    [AlsoCalled("arch", "type")]
    public GptArchitecture? Architecture { get; init; }

    /// <summary>Number of blocks.</summary>
    [AlsoCalled("layers", "num_layers", "num_hidden_layers", "depth")]
    public int? NLayer { get; init; }

    /// <summary>Attention heads of a block; divides the width.</summary>
    [AlsoCalled("heads", "num_heads", "num_attention_heads")]
    public int? NHead { get; init; }

    /// <summary>Width of the residual stream.</summary>
    [AlsoCalled("width", "d_model", "hidden_size", "n_embed", "dim")]
    public int? NEmbd { get; init; }

    /// <summary>Longest sequence in tokens.</summary>
    [AlsoCalled("block_size", "n_ctx", "n_positions", "max_position_embeddings", "seq_len")]
    public int? ContextLength { get; init; }

    /// <summary>Number of token ids; the tokenizer's where absent, and never less than the tokenizer's.</summary>
    public int? VocabSize { get; init; }

    /// <summary>Shorthand for all three dropout rates; each of them wins over it.</summary>
    public double? Dropout { get; init; }

    /// <summary>Dropout after the embeddings, 0 to below 1.</summary>
    [AlsoCalled("embd_pdrop")]
    public double? EmbdDropout { get; init; }

    /// <summary>Dropout on the attention probabilities, 0 to below 1.</summary>
    [AlsoCalled("attn_pdrop")]
    public double? AttnDropout { get; init; }

    /// <summary>Dropout on both residual branches, 0 to below 1.</summary>
    [AlsoCalled("resid_pdrop")]
    public double? ResidDropout { get; init; }

    /// <summary>LayerNorm epsilon, inside the root.</summary>
    [AlsoCalled("layer_norm_eps", "norm_eps")]
    public double? LayerNormEpsilon { get; init; }

    /// <summary>Standard deviation of the initial weights.</summary>
    [AlsoCalled("init_std")]
    public double? InitializerRange { get; init; }

    /// <summary>Whether the token embedding is the output layer, too; <c>false</c> trains a separate one.</summary>
    [AlsoCalled("tied", "tie_weights", "tie_embeddings")]
    public bool? TieWordEmbeddings { get; init; }

    /// <summary>The function of the feed-forward network: <c>gelu_new</c> as published, <c>gelu</c>, <c>relu</c>, <c>silu</c>, <c>quick_gelu</c>.</summary>
    [AlsoCalled("activation_function", "afn", "hidden_act", "act")]
    public Activation? Activation { get; init; }

    /// <summary>Width of the feed-forward network; 4 n_embd where absent.</summary>
    [AlsoCalled("feed_forward_width", "intermediate_size", "d_ff", "ffn_dim")]
    public int? NInner { get; init; }

    /// <summary>Whether attention scores are divided by the root of the head size.</summary>
    [AlsoCalled("scale_attn_weights")]
    public bool? ScaleAttention { get; init; }

    /// <summary>Whether attention scores are divided by the layer's number, too.</summary>
    [AlsoCalled("scale_attn_by_inverse_layer_idx")]
    public bool? ScaleAttentionByInverseLayer { get; init; }

    /// <summary>How the weights are drawn; the architecture's own way where absent.</summary>
    [AlsoCalled("initialization", "initializer")]
    public WeightInit? Init { get; init; }

    /// <summary>Vectors of words (word2vec, GloVe) that the token embedding starts from, for a tokenizer of words.</summary>
    [AlsoCalled("embeddings", "pretrained_embeddings")]
    public string? InitEmbeddings { get; init; }

    /// <summary>The context length after preset and defaults.</summary>
    internal int ContextLengthInUse => ContextLength ?? Base().ContextLength;

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        if (Preset is not null && !GptConfig.Presets.ContainsKey(Preset))
        {
            problems.Add(nameof(Preset), $"is '{Preset}'; expected {string.Join(" | ", GptConfig.Presets.Keys)}{NearestName.Suggestion(Preset, GptConfig.Presets.Keys)}");
            return problems;
        }

        if (Dropout is { } dropout)
            problems.Within(0, 1, dropout, nameof(Dropout));
        if (problems.Count > 0)
            return problems;
        try
        {
            _ = ToGptConfig(VocabSize ?? 1);
        }
        catch (ArgumentException problem)
        {
            // GptConfig's messages begin with the field, which is also our key.
            string[] words = problem.Message.Split(' ', 2);
            problems.AddTo(words[0], words[1]);
        }

        return problems;
    }

    /// <summary>The architecture, checked.</summary>
    /// <param name="tokenizerVocabSize">Number of ids of the tokenizer; the vocabulary of the model where the section gives none.</param>
    /// <exception cref="ArgumentException">The preset is unknown, a number is impossible, or the tokenizer has more ids than the section's vocabulary.</exception>
    public GptConfig ToGptConfig(int tokenizerVocabSize)
    {
        if (VocabSize < tokenizerVocabSize)
            throw new ArgumentException($"model.vocab_size is {VocabSize}; the tokenizer has {tokenizerVocabSize} ids");
        GptConfig start = Base();
        return new GptConfig
        {
            Architecture = Architecture ?? start.Architecture,
            NLayer = NLayer ?? start.NLayer,
            NHead = NHead ?? start.NHead,
            NEmbd = NEmbd ?? start.NEmbd,
            ContextLength = ContextLength ?? start.ContextLength,
            VocabSize = VocabSize ?? tokenizerVocabSize,
            EmbdDropout = EmbdDropout ?? Dropout ?? start.EmbdDropout,
            AttnDropout = AttnDropout ?? Dropout ?? start.AttnDropout,
            ResidDropout = ResidDropout ?? Dropout ?? start.ResidDropout,
            LayerNormEpsilon = LayerNormEpsilon ?? start.LayerNormEpsilon,
            InitializerRange = InitializerRange ?? start.InitializerRange,
            TieWordEmbeddings = TieWordEmbeddings ?? start.TieWordEmbeddings,
            Activation = Activation ?? start.Activation,
            FeedForwardWidth = (NInner ?? start.FeedForwardWidth) is { } inner && inner != 4L * (NEmbd ?? start.NEmbd) ? inner : null,
            ScaleAttention = ScaleAttention ?? start.ScaleAttention,
            ScaleAttentionByInverseLayer = ScaleAttentionByInverseLayer ?? start.ScaleAttentionByInverseLayer,
        }.Validate();
    }

    /// <summary>The way to draw the weights: the section's, or the architecture's own.</summary>
    public WeightInit WeightInit => Init ?? ((Architecture ?? Base().Architecture) == GptArchitecture.Gpt1 ? WeightInit.Gpt1 : WeightInit.Gpt2);

    /// <summary>The section with every number spelt out; the preset's name stays for the reader.</summary>
    /// <param name="tokenizerVocabSize">As for <see cref="ToGptConfig"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="ToGptConfig"/>.</exception>
    public ModelSection Resolve(int tokenizerVocabSize)
    {
        GptConfig config = ToGptConfig(tokenizerVocabSize);
        return new ModelSection
        {
            Preset = Preset,
            Architecture = config.Architecture,
            NLayer = config.NLayer,
            NHead = config.NHead,
            NEmbd = config.NEmbd,
            ContextLength = config.ContextLength,
            VocabSize = config.VocabSize,
            EmbdDropout = config.EmbdDropout,
            AttnDropout = config.AttnDropout,
            ResidDropout = config.ResidDropout,
            LayerNormEpsilon = config.LayerNormEpsilon,
            InitializerRange = config.InitializerRange,
            TieWordEmbeddings = config.TieWordEmbeddings,
            Activation = config.Activation == Foreword.Activation.GeluTanh ? Activation : config.Activation, // the published computation need not be spelt out
            NInner = config.FeedForwardWidth ?? NInner,
            ScaleAttention = config.ScaleAttention ? ScaleAttention : false,
            ScaleAttentionByInverseLayer = config.ScaleAttentionByInverseLayer ? true : ScaleAttentionByInverseLayer,
            Init = WeightInit,
            InitEmbeddings = InitEmbeddings,
        };
    }

    private GptConfig Base() => GptConfig.Preset(Preset ?? (Architecture == GptArchitecture.Gpt1 ? "gpt1" : "gpt2"));
}
