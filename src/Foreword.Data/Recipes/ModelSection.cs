using Foreword.Models;
using Foreword.Settings;

namespace Foreword.Data.Recipes;

/// <summary>
/// The <c>model</c> section. Random weights: a preset, and numbers that win over the preset's; without a preset the rest is
/// GPT-2 124M, or GPT-1 where <c>architecture: gpt1</c>. Existing weights: <see cref="Path"/>, whose architecture is then given.
/// </summary>
public sealed record ModelSection : IRecipe
{
    /// <summary>
    /// A model to train on: a model in any format, a checkpoint, a run, or the name of a downloaded model. It gives weights, architecture
    /// and tokenizer; its vocabulary grows where the tokenizer or <see cref="VocabSize"/> has more ids.
    /// </summary>
    [AlsoCalled("base", "checkpoint", "init_from", "pretrained", "model_name_or_path", "name", "directory")]
    public string? Path { get; init; }

    /// <summary>With a path: keeps the embeddings and the first N blocks unchanged; 0 trains everything.</summary>
    [AlsoCalled("freeze_layers", "n_freeze")]
    public int Freeze { get; init; }

    /// <summary>With a path: the rank of low-rank adapters (Hu et al. 2022) on <see cref="LoraTargets"/>, the weights staying as they are; 0 trains the weights.</summary>
    [AlsoCalled("lora", "lora_r", "rank")]
    public int LoraRank { get; init; }

    /// <summary>The adapters' product is scaled by alpha / rank; above 0.</summary>
    [AlsoCalled("alpha")]
    public double LoraAlpha { get; init; } = TrainedPart.All.LoraAlpha;

    /// <summary>Which projections get adapters: <c>c_attn</c> (queries, keys, values), <c>attn.c_proj</c>, <c>c_fc</c>, <c>mlp.c_proj</c>.</summary>
    [AlsoCalled("target_modules", "lora_modules")]
    public IReadOnlyList<string> LoraTargets { get; init; } = TrainedPart.AdapterTargets;

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

    /// <summary>Longest sequence in tokens; with a path at most the model's, whose further positions are left out.</summary>
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

    /// <summary>The context length after preset and defaults; null where only the model at <see cref="Path"/> knows it.</summary>
    internal int? ContextLengthInUse => ContextLength ?? (Path is null ? Base().ContextLength : null);

    /// <summary>What of the model at <see cref="Path"/> trains.</summary>
    internal TrainedPart Trained => new(Freeze, LoraRank, LoraAlpha, LoraTargets);

    /// <inheritdoc/>
    public IReadOnlyList<RecipeProblem> Problems()
    {
        RecipeProblems problems = new();
        Trained.Check(problems);
        if (Path is not null)
            CheckForPath(problems);
        else if (Freeze > 0)
            problems.Add(nameof(Freeze), $"is {Freeze}; without model.path the frozen blocks would stay random");
        else if (LoraRank > 0)
            problems.Add(nameof(LoraRank), $"is {LoraRank}; without model.path the adapted weights would stay random");
        if (Preset is not null && !GptConfig.Presets.ContainsKey(Preset))
        {
            problems.Add(nameof(Preset), $"is '{Preset}'; expected {string.Join(" | ", GptConfig.Presets.Keys)}{NearestName.Suggestion(Preset, GptConfig.Presets.Keys)}");
            return problems;
        }

        if (Dropout is { } dropout)
            problems.Within(0, 1, dropout, nameof(Dropout));
        if (problems.Count > 0 || Path is not null)
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
    /// <param name="source">The architecture of the model at <see cref="Path"/>; null where there is no path.</param>
    /// <exception cref="ArgumentException">
    /// The preset is unknown, a number is impossible or not that of the model at <see cref="Path"/>, or the tokenizer has more ids than the section's vocabulary.
    /// </exception>
    public GptConfig ToGptConfig(int tokenizerVocabSize, GptConfig? source = null)
    {
        if (Path is not null)
            ArgumentNullException.ThrowIfNull(source);
        if (VocabSize < tokenizerVocabSize)
            throw new ArgumentException($"model.vocab_size is {VocabSize}; the tokenizer has {tokenizerVocabSize} ids");
        if (Path is not null)
            CheckAgainst(source!);
        GptConfig start = source ?? Base();
        return (start with
        {
            Architecture = Architecture ?? start.Architecture,
            NLayer = NLayer ?? start.NLayer,
            NHead = NHead ?? start.NHead,
            NEmbd = NEmbd ?? start.NEmbd,
            ContextLength = ContextLength ?? start.ContextLength,
            VocabSize = VocabSize ?? (Path is null ? tokenizerVocabSize : Math.Max(start.VocabSize, tokenizerVocabSize)),
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
        }).Validate();
    }

    /// <summary>The way to draw the weights: the section's, or the architecture's own.</summary>
    public WeightInit WeightInit => Init ?? ((Architecture ?? Base().Architecture) == GptArchitecture.Gpt1 ? WeightInit.Normal : WeightInit.ScaledResidual);

    /// <summary>The section with every number spelt out; the names of preset and path stay for the reader.</summary>
    /// <param name="tokenizerVocabSize">As for <see cref="ToGptConfig"/>.</param>
    /// <param name="source">As for <see cref="ToGptConfig"/>.</param>
    /// <exception cref="ArgumentException">As for <see cref="ToGptConfig"/>.</exception>
    public ModelSection Resolve(int tokenizerVocabSize, GptConfig? source = null)
    {
        GptConfig config = ToGptConfig(tokenizerVocabSize, source);
        return this with
        {
            Architecture = config.Architecture,
            NLayer = config.NLayer,
            NHead = config.NHead,
            NEmbd = config.NEmbd,
            ContextLength = config.ContextLength,
            VocabSize = config.VocabSize,
            Dropout = null,
            EmbdDropout = config.EmbdDropout,
            AttnDropout = config.AttnDropout,
            ResidDropout = config.ResidDropout,
            LayerNormEpsilon = config.LayerNormEpsilon,
            InitializerRange = config.InitializerRange,
            TieWordEmbeddings = config.TieWordEmbeddings,
            Activation = config.Activation == Models.Activation.GeluTanh ? Activation : config.Activation, // the published computation need not be spelt out
            NInner = config.FeedForwardWidth ?? NInner,
            ScaleAttention = config.ScaleAttention ? ScaleAttention : false,
            ScaleAttentionByInverseLayer = config.ScaleAttentionByInverseLayer ? true : ScaleAttentionByInverseLayer,
            Init = Path is null ? WeightInit : null,
        };
    }

    private GptConfig Base() => GptConfig.Preset(Preset ?? (Architecture == GptArchitecture.Gpt1 ? "gpt1" : "gpt2"));

    /// <summary>Refuses what only random weights have.</summary>
    private void CheckForPath(RecipeProblems problems)
    {
        const string FromThere = "its weights and its architecture come from there";
        if (string.IsNullOrWhiteSpace(Path))
            problems.Add(nameof(Path), "is empty; give a model, a checkpoint or a run, or leave the key out to begin with random weights");
        if (Preset is not null)
            problems.Add(nameof(Preset), $"is '{Preset}' and model.path is '{Path}'; {FromThere}");
        if (Init is { } init)
            problems.Add(nameof(Init), $"is '{RecipeKey.ChoiceOf(init)}' and model.path is '{Path}'; {FromThere}");
        if (InitEmbeddings is not null)
            problems.Add(nameof(InitEmbeddings), $"is '{InitEmbeddings}' and model.path is '{Path}'; {FromThere}");
    }

    /// <summary>Refuses numbers that are not those of the model at the path.</summary>
    private void CheckAgainst(GptConfig source)
    {
        Same(Architecture, source.Architecture, nameof(Architecture));
        Same(NLayer, source.NLayer, nameof(NLayer));
        Same(NHead, source.NHead, nameof(NHead));
        Same(NEmbd, source.NEmbd, nameof(NEmbd));
        Same(LayerNormEpsilon, source.LayerNormEpsilon, nameof(LayerNormEpsilon));
        Same(InitializerRange, source.InitializerRange, nameof(InitializerRange));
        Same(TieWordEmbeddings, source.TieWordEmbeddings, nameof(TieWordEmbeddings));
        Same(Activation, source.Activation, nameof(Activation));
        Same(NInner, source.FeedForwardWidth ?? 4 * source.NEmbd, nameof(NInner));
        Same(ScaleAttention, source.ScaleAttention, nameof(ScaleAttention));
        Same(ScaleAttentionByInverseLayer, source.ScaleAttentionByInverseLayer, nameof(ScaleAttentionByInverseLayer));
        if (ContextLength > source.ContextLength)
            throw new ArgumentException($"model.context_length is {ContextLength}; {Path} has positions for {source.ContextLength} tokens");
        if (VocabSize < source.VocabSize)
            throw new ArgumentException($"model.vocab_size is {VocabSize}; {Path} has {source.VocabSize} ids, and a vocabulary may only grow");
        if (Freeze > source.NLayer)
            throw new ArgumentException($"model.freeze is {Freeze}; {Path} has {source.NLayer} blocks");

        void Same<T>(T? given, T of, string property) where T : struct
        {
            if (given is { } value && !value.Equals(of))
                throw new ArgumentException(FormattableString.Invariant($"model.{RecipeKey.NameOf(property)} is {Text(value)}; {Path} has {Text(of)}"));
        }

        static object Text<T>(T value) => value is Enum choice ? RecipeKey.ChoiceOf(choice) : value!;
    }
}
