using Foreword.Models;
using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>
/// The <c>model</c> section of a pre-training recipe. It describes a new model with random weights, or an existing model to continue with.
/// </summary>
/// <remarks>
/// For random weights, set a preset, and numbers that replace those of the preset. Without a preset, the other numbers are those of GPT-2 124M, or of
/// GPT-1 with <c>architecture: gpt1</c>. For existing weights, set <see cref="Path"/>. The architecture is then that of the existing model.
/// </remarks>
public sealed record ModelSection : IRecipe
{
    /// <summary>
    /// Gets an existing model to train: a model in any format, a checkpoint, a run, or the name of a downloaded model. It supplies weights,
    /// architecture and tokenizer. Its vocabulary grows if the tokenizer or <see cref="VocabSize"/> has more ids.
    /// </summary>
    [AlsoCalled("base", "checkpoint", "init_from", "pretrained", "model_name_or_path", "name", "directory")]
    public string? Path { get; init; }

    /// <summary>
    /// Gets the number of first blocks that do not change in training; the embeddings do not change either. 0 trains everything. Used with a path.
    /// </summary>
    [AlsoCalled("freeze_layers", "n_freeze")]
    public int Freeze { get; init; }

    /// <summary>
    /// Gets the rank of low-rank adapters (Hu et al. 2022) on <see cref="LoraTargets"/>. The weights themselves then do not change. 0 trains the
    /// weights without adapters. Used with a path.
    /// </summary>
    [AlsoCalled("lora", "lora_r", "rank")]
    public int LoraRank { get; init; }

    /// <summary>Gets alpha, above 0. The product of the adapter matrices is scaled by alpha / rank.</summary>
    [AlsoCalled("alpha")]
    public double LoraAlpha { get; init; } = TrainedPart.All.LoraAlpha;

    /// <summary>
    /// Gets the projections that get adapters: <c>c_attn</c> (queries, keys, values), <c>attn.c_proj</c>, <c>c_fc</c>, <c>mlp.c_proj</c>.
    /// </summary>
    [AlsoCalled("target_modules", "lora_modules")]
    public IReadOnlyList<string> LoraTargets { get; init; } = TrainedPart.AdapterTargets;

    /// <summary>Gets the name of one of the <see cref="ModelPresets"/>.</summary>
    public string? Preset { get; init; }

    /// <summary>
    /// Gets the architecture: post-LN blocks (<c>gpt1</c>), pre-LN blocks with a final LayerNorm (<c>gpt2</c>), or a single-layer LSTM (<c>lstm</c>).
    /// </summary>
    [AlsoCalled("arch", "type")]
    public ModelArchitecture? Architecture { get; init; }

    /// <summary>Gets the number of blocks.</summary>
    [AlsoCalled("layers", "num_layers", "num_hidden_layers", "depth")]
    public int? NLayer { get; init; }

    /// <summary>Gets the number of attention heads of a block. It must divide the width.</summary>
    [AlsoCalled("heads", "num_heads", "num_attention_heads")]
    public int? NHead { get; init; }

    /// <summary>Gets the width of the token embedding, C, which in a GPT is also that of the residual stream.</summary>
    [AlsoCalled("width", "d_model", "hidden_size", "n_embed", "dim")]
    public int? NEmbd { get; init; }

    /// <summary>Gets the number of units of an LSTM.</summary>
    [AlsoCalled("units", "n_units", "lstm_units")]
    public int? NHidden { get; init; }

    /// <summary>
    /// Gets the context length in tokens. With a path, it is at most the context length of that model, and the positions after it are removed.
    /// </summary>
    [AlsoCalled("block_size", "n_ctx", "n_positions", "max_position_embeddings", "seq_len")]
    public int? ContextLength { get; init; }

    /// <summary>Gets the number of token ids; null means that of the tokenizer. It must not be less than that of the tokenizer.</summary>
    public int? VocabSize { get; init; }

    /// <summary>Gets the value for all dropout rates. Each of them may replace it.</summary>
    public double? Dropout { get; init; }

    /// <summary>Gets the dropout rate after the embeddings, from 0 to below 1.</summary>
    [AlsoCalled("embd_pdrop")]
    public double? EmbdDropout { get; init; }

    /// <summary>Gets the dropout rate on the attention probabilities, from 0 to below 1.</summary>
    [AlsoCalled("attn_pdrop")]
    public double? AttnDropout { get; init; }

    /// <summary>Gets the dropout rate on both residual branches, from 0 to below 1.</summary>
    [AlsoCalled("resid_pdrop")]
    public double? ResidDropout { get; init; }

    /// <summary>Gets the dropout rate on the outputs of an LSTM, from 0 to below 1.</summary>
    [AlsoCalled("hidden_pdrop")]
    public double? HiddenDropout { get; init; }

    /// <summary>Gets the epsilon of LayerNorm, which is added inside the root.</summary>
    [AlsoCalled("layer_norm_eps", "norm_eps")]
    public double? LayerNormEpsilon { get; init; }

    /// <summary>Gets the standard deviation of the initial weights.</summary>
    [AlsoCalled("init_std")]
    public double? InitializerRange { get; init; }

    /// <summary>Gets whether the output layer shares the weights of the token embedding; <c>false</c> trains a separate output layer.</summary>
    [AlsoCalled("tied", "tie_weights", "tie_embeddings")]
    public bool? TieWordEmbeddings { get; init; }

    /// <summary>
    /// Gets the activation function of the feed-forward network: <c>gelu_new</c> (as published), <c>gelu</c>, <c>relu</c>, <c>silu</c> or
    /// <c>quick_gelu</c>.
    /// </summary>
    [AlsoCalled("activation_function", "afn", "hidden_act", "act")]
    public Activation? Activation { get; init; }

    /// <summary>Gets the width of the feed-forward network; null means 4 n_embd.</summary>
    [AlsoCalled("feed_forward_width", "intermediate_size", "d_ff", "ffn_dim")]
    public int? NInner { get; init; }

    /// <summary>Gets whether attention scores are divided by the root of the head size.</summary>
    [AlsoCalled("scale_attn_weights")]
    public bool? ScaleAttention { get; init; }

    /// <summary>Gets whether attention scores are also divided by the number of the layer.</summary>
    [AlsoCalled("scale_attn_by_inverse_layer_idx")]
    public bool? ScaleAttentionByInverseLayer { get; init; }

    /// <summary>Gets whether a LayerNorm follows the last block of a GPT-2; null means that one does, as in the published models.</summary>
    [AlsoCalled("ln_f", "final_layer_norm")]
    public bool? FinalNorm { get; init; }

    /// <summary>Gets the initialization of the weights; null means that of the architecture.</summary>
    [AlsoCalled("initialization", "initializer")]
    public WeightInit? Init { get; init; }

    /// <summary>Gets the file of word vectors (word2vec, GloVe) that initialize the token embedding, for a tokenizer of words.</summary>
    [AlsoCalled("embeddings", "pretrained_embeddings")]
    public string? InitEmbeddings { get; init; }

    /// <summary>Gets the context length after preset and defaults; null if only the model at <see cref="Path"/> determines it.</summary>
    internal int? ContextLengthInUse => ContextLength ?? (Path is null ? Base().ContextLength : null);

    /// <summary>Gets the part of the model at <see cref="Path"/> that is trained.</summary>
    internal TrainedPart Trained => new(Freeze, LoraRank, LoraAlpha, LoraTargets);

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        Trained.Check(problems);
        if (Path is not null)
            CheckForPath(problems);
        else if (Freeze > 0)
            problems.Add(nameof(Freeze), $"is {Freeze}; without model.path, the frozen blocks would stay random");
        else if (LoraRank > 0)
            problems.Add(nameof(LoraRank), $"is {LoraRank}; without model.path, the adapted weights would stay random");
        if (Preset is not null && !ModelPresets.All.ContainsKey(Preset))
        {
            problems.Add(nameof(Preset), $"is '{Preset}'; expected {string.Join(" | ", ModelPresets.All.Keys)}{NearestName.Suggestion(Preset, ModelPresets.All.Keys)}");
            return problems;
        }

        if (Dropout is { } dropout)
            problems.Within(0, 1, dropout, nameof(Dropout));
        if (problems.Count > 0 || Path is not null)
            return problems;
        try
        {
            ModelConfig config = ToModelConfig(VocabSize ?? 1);
            if (Init is { } init && init == WeightInit.Uniform != config is LstmConfig)
                problems.Add(nameof(Init), $"is {RecipeKey.ChoiceOf(init)}; the architecture is {RecipeKey.ChoiceOf(config.Architecture)}, which has no such initialization");
        }
        catch (ArgumentException problem)
        {
            // The messages of the configurations begin with the name of the field, which is also the key.
            string[] words = ArgumentSentence.Of(problem).Split(' ', 2);
            problems.AddTo(words[0], words[1]);
        }

        return problems;
    }

    /// <summary>Creates the architecture and checks it.</summary>
    /// <param name="tokenizerVocabSize">
    /// The number of ids of the tokenizer. It is the vocabulary size of the model if the section does not set one.
    /// </param>
    /// <param name="source">The architecture of the model at <see cref="Path"/>; null if there is no path.</param>
    /// <exception cref="ArgumentException">
    /// The preset is unknown, a number is not valid or differs from that of the model at <see cref="Path"/>, or the tokenizer has more ids than the
    /// section's vocabulary.
    /// </exception>
    public ModelConfig ToModelConfig(int tokenizerVocabSize, ModelConfig? source = null)
    {
        if (Path is not null)
            ArgumentNullException.ThrowIfNull(source);
        if (VocabSize < tokenizerVocabSize)
            throw new ArgumentException($"model.vocab_size is {VocabSize}; the tokenizer has {tokenizerVocabSize} ids", nameof(tokenizerVocabSize));
        if (Path is not null)
            CheckAgainst(source!);
        ModelConfig start = source ?? Base();
        CheckKeys(start);
        ModelConfig shared = start with
        {
            Architecture = Architecture ?? start.Architecture,
            NEmbd = NEmbd ?? start.NEmbd,
            ContextLength = ContextLength ?? start.ContextLength,
            VocabSize = VocabSize ?? (Path is null ? tokenizerVocabSize : Math.Max(start.VocabSize, tokenizerVocabSize)),
            EmbdDropout = EmbdDropout ?? Dropout ?? start.EmbdDropout,
            InitializerRange = InitializerRange ?? start.InitializerRange,
            TieWordEmbeddings = TieWordEmbeddings ?? start.TieWordEmbeddings,
        };
        return shared is LstmConfig lstm ? WithNumbers(lstm).Validate() : WithNumbers((GptConfig)shared).Validate();
    }

    /// <summary>Gets the initialization of the weights: that of the section, or that of the architecture.</summary>
    public WeightInit WeightInit => Init ?? InitOf(Base() with { Architecture = Architecture ?? Base().Architecture });

    /// <summary>Returns the section with a value for every number. The names of preset and path are kept for the reader.</summary>
    /// <param name="tokenizerVocabSize">The number of ids of the tokenizer, as for <see cref="ToModelConfig"/>.</param>
    /// <param name="source">The architecture of the model at <see cref="Path"/>; null if there is no path.</param>
    /// <exception cref="ArgumentException">A value is not valid, as for <see cref="ToModelConfig"/>.</exception>
    public ModelSection Resolve(int tokenizerVocabSize, ModelConfig? source = null)
    {
        ModelConfig config = ToModelConfig(tokenizerVocabSize, source);
        ModelSection shared = this with
        {
            Architecture = config.Architecture,
            NEmbd = config.NEmbd,
            ContextLength = config.ContextLength,
            VocabSize = config.VocabSize,
            Dropout = null,
            EmbdDropout = config.EmbdDropout,
            InitializerRange = config.InitializerRange,
            TieWordEmbeddings = config.TieWordEmbeddings,
            Init = Path is null ? WeightInit : null,
        };
        return config switch
        {
            LstmConfig lstm => shared with { NHidden = lstm.NHidden, HiddenDropout = lstm.HiddenDropout },
            GptConfig gpt => shared with
            {
                NLayer = gpt.NLayer,
                NHead = gpt.NHead,
                AttnDropout = gpt.AttnDropout,
                ResidDropout = gpt.ResidDropout,
                LayerNormEpsilon = gpt.LayerNormEpsilon,
                Activation = gpt.Activation == Models.Activation.GeluTanh ? Activation : gpt.Activation, // the published activation does not need to be written
                NInner = gpt.FeedForwardWidth ?? NInner,
                ScaleAttention = gpt.ScaleAttention ? ScaleAttention : false,
                ScaleAttentionByInverseLayer = gpt.ScaleAttentionByInverseLayer ? true : ScaleAttentionByInverseLayer,
                FinalNorm = gpt.WithoutFinalNorm ? false : FinalNorm,
            },
            _ => shared,
        };
    }

    /// <summary>Returns the configuration that the numbers of the section change: the preset, or that of the architecture.</summary>
    internal ModelConfig Base() => ModelPresets.Get(Preset ?? Architecture switch
    {
        ModelArchitecture.Gpt1 => "gpt1",
        ModelArchitecture.Lstm => "lstm-2048",
        _ => "gpt2",
    });

    private static WeightInit InitOf(ModelConfig config) => config.Architecture switch
    {
        ModelArchitecture.Gpt1 => WeightInit.Normal,
        ModelArchitecture.Lstm => WeightInit.Uniform,
        _ => WeightInit.ScaledResidual,
    };

    private LstmConfig WithNumbers(LstmConfig start) => start with
    {
        NHidden = NHidden ?? start.NHidden,
        HiddenDropout = HiddenDropout ?? Dropout ?? start.HiddenDropout,
    };

    private GptConfig WithNumbers(GptConfig start) => start with
    {
        NLayer = NLayer ?? start.NLayer,
        NHead = NHead ?? start.NHead,
        AttnDropout = AttnDropout ?? Dropout ?? start.AttnDropout,
        ResidDropout = ResidDropout ?? Dropout ?? start.ResidDropout,
        LayerNormEpsilon = LayerNormEpsilon ?? start.LayerNormEpsilon,
        Activation = Activation ?? start.Activation,
        FeedForwardWidth = (NInner ?? start.FeedForwardWidth) is { } inner && inner != 4L * start.NEmbd ? inner : null,
        ScaleAttention = ScaleAttention ?? start.ScaleAttention,
        ScaleAttentionByInverseLayer = ScaleAttentionByInverseLayer ?? start.ScaleAttentionByInverseLayer,
        WithoutFinalNorm = FinalNorm is { } norm ? !norm : start.WithoutFinalNorm,
    };

    /// <summary>Rejects keys that the architecture does not have.</summary>
    private void CheckKeys(ModelConfig start)
    {
        if (start is LstmConfig)
            Lacks("an LSTM", (nameof(NLayer), NLayer == 1 ? null : NLayer), (nameof(NHead), NHead), (nameof(AttnDropout), AttnDropout), (nameof(ResidDropout), ResidDropout), (nameof(LayerNormEpsilon), LayerNormEpsilon), (nameof(Activation), Activation), (nameof(NInner), NInner), (nameof(ScaleAttention), ScaleAttention), (nameof(ScaleAttentionByInverseLayer), ScaleAttentionByInverseLayer), (nameof(FinalNorm), FinalNorm));
        else
            Lacks("a GPT", (nameof(NHidden), NHidden), (nameof(HiddenDropout), HiddenDropout));
        if (start.Architecture == ModelArchitecture.Gpt1)
            Lacks("a GPT-1", (nameof(FinalNorm), FinalNorm));

        void Lacks(string model, params ReadOnlySpan<(string Property, object? Value)> keys)
        {
            foreach ((string property, object? value) in keys)
            {
                if (value is not null)
                    throw new ArgumentException(FormattableString.Invariant($"{(Path is null ? "" : "model.")}{RecipeKey.NameOf(property)} is {Text(value)}; {model} has no such setting"));
            }
        }
    }

    /// <summary>Rejects settings that only a model with random weights has.</summary>
    private void CheckForPath(RecipeProblems problems)
    {
        const string FromThere = "the weights and the architecture come from model.path";
        if (string.IsNullOrWhiteSpace(Path))
            problems.Add(nameof(Path), "is empty; set a model, a checkpoint or a run, or remove the key to start with random weights");
        if (Preset is not null)
            problems.Add(nameof(Preset), $"is '{Preset}' and model.path is '{Path}'; {FromThere}");
        if (Init is { } init)
            problems.Add(nameof(Init), $"is '{RecipeKey.ChoiceOf(init)}' and model.path is '{Path}'; {FromThere}");
        if (InitEmbeddings is not null)
            problems.Add(nameof(InitEmbeddings), $"is '{InitEmbeddings}' and model.path is '{Path}'; {FromThere}");
    }

    /// <summary>Rejects numbers that differ from those of the model at the path.</summary>
    private void CheckAgainst(ModelConfig source)
    {
        Same(Architecture, source.Architecture, nameof(Architecture));
        Same(NEmbd, source.NEmbd, nameof(NEmbd));
        Same(InitializerRange, source.InitializerRange, nameof(InitializerRange));
        Same(TieWordEmbeddings, source.TieWordEmbeddings, nameof(TieWordEmbeddings));
        if (source is LstmConfig lstm)
        {
            Same(NHidden, lstm.NHidden, nameof(NHidden));
            if (LoraRank > 0)
                throw new ArgumentException($"model.lora_rank is {LoraRank}; {Path} is an LSTM, and adapters need the projections of a GPT's blocks", nameof(source));
        }
        else if (source is GptConfig gpt)
        {
            Same(NLayer, gpt.NLayer, nameof(NLayer));
            Same(NHead, gpt.NHead, nameof(NHead));
            Same(LayerNormEpsilon, gpt.LayerNormEpsilon, nameof(LayerNormEpsilon));
            Same(Activation, gpt.Activation, nameof(Activation));
            Same(NInner, gpt.FeedForwardWidth ?? 4 * gpt.NEmbd, nameof(NInner));
            Same(ScaleAttention, gpt.ScaleAttention, nameof(ScaleAttention));
            Same(ScaleAttentionByInverseLayer, gpt.ScaleAttentionByInverseLayer, nameof(ScaleAttentionByInverseLayer));
            Same(FinalNorm, gpt.HasFinalNorm, nameof(FinalNorm));
        }

        if (ContextLength > source.ContextLength)
            throw new ArgumentException($"model.context_length is {ContextLength}; {Path} has positions for {source.ContextLength} tokens", nameof(source));
        if (VocabSize < source.VocabSize)
            throw new ArgumentException($"model.vocab_size is {VocabSize}; {Path} has {source.VocabSize} ids, and a vocabulary may only grow", nameof(source));
        if (Freeze > source.LayerCount)
            throw new ArgumentException($"model.freeze is {Freeze}; {Path} has {source.LayerCount} {(source is LstmConfig ? "layer" : "blocks")}", nameof(source));

        void Same<T>(T? given, T of, string property) where T : struct
        {
            if (given is { } value && !value.Equals(of))
                throw new ArgumentException(FormattableString.Invariant($"model.{RecipeKey.NameOf(property)} is {Text(value)}; {Path} has {Text(of)}"));
        }
    }

    private static object Text(object value) => value switch
    {
        Enum choice => RecipeKey.ChoiceOf(choice),
        bool flag => flag ? "true" : "false",
        _ => value,
    };
}
