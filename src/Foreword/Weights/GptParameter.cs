using Foreword.Models;

namespace Foreword.Weights;

/// <summary>Represents one trained parameter of a model.</summary>
/// <param name="Name">
/// The name in Foreword: GPT-2's key without <c>transformer.</c>, such as <c>h.0.attn.c_attn.weight</c>. GPT-1 uses the same names.
/// An LSTM uses the names of PyTorch's <c>nn.LSTM</c>.
/// </param>
/// <param name="Shape">The shape. The weights of a <c>Conv1D</c> (c_attn, c_proj, c_fc) are [in, out].</param>
public sealed record GptParameter(string Name, long[] Shape)
{
    /// <summary>The name of the token embedding [V, C]. It is also the output layer, unless the model has a separate one.</summary>
    public const string TokenEmbedding = "wte.weight";

    /// <summary>The name of the position embedding [T, C].</summary>
    public const string PositionEmbedding = "wpe.weight";

    /// <summary>The name of a separate (untied) output layer [V, C].</summary>
    public const string SeparateHead = "lm_head.weight";

    /// <summary>The name of the bias [V] of a separate output layer, which only an LSTM can have.</summary>
    public const string HeadBias = "lm_head.bias";

    /// <summary>Returns the name of the parameter that is the output layer.</summary>
    /// <param name="config">The architecture.</param>
    /// <returns><see cref="TokenEmbedding"/> if the embeddings are tied; otherwise, <see cref="SeparateHead"/>.</returns>
    public static string Head(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config.TieWordEmbeddings ? TokenEmbedding : SeparateHead;
    }

    /// <summary>
    /// Returns every trained parameter in the order of the modules. For a GPT: embeddings, blocks, final LayerNorm (GPT-2 only) and separate output
    /// layer. For an LSTM: embedding, LSTM, projection and separate output layer.
    /// </summary>
    /// <param name="config">The architecture.</param>
    /// <returns>The parameters. A tied output layer is not listed, because it is the token embedding.</returns>
    public static IReadOnlyList<GptParameter> Of(ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return config is LstmConfig lstm ? OfLstm(lstm) : OfGpt((GptConfig)config);
    }

    private static List<GptParameter> OfGpt(GptConfig config)
    {
        long c = config.NEmbd, f = config.FeedForward;
        List<GptParameter> parameters = [];
        Add(TokenEmbedding, config.VocabSize, c);
        Add(PositionEmbedding, config.ContextLength, c);
        for (int i = 0; i < config.NLayer; i++)
        {
            Add($"h.{i}.ln_1.weight", c);
            Add($"h.{i}.ln_1.bias", c);
            Add($"h.{i}.attn.c_attn.weight", c, 3 * c);
            Add($"h.{i}.attn.c_attn.bias", 3 * c);
            Add($"h.{i}.attn.c_proj.weight", c, c);
            Add($"h.{i}.attn.c_proj.bias", c);
            Add($"h.{i}.ln_2.weight", c);
            Add($"h.{i}.ln_2.bias", c);
            Add($"h.{i}.mlp.c_fc.weight", c, f);
            Add($"h.{i}.mlp.c_fc.bias", f);
            Add($"h.{i}.mlp.c_proj.weight", f, c);
            Add($"h.{i}.mlp.c_proj.bias", c);
        }

        if (config.HasFinalNorm)
        {
            Add("ln_f.weight", c);
            Add("ln_f.bias", c);
        }

        if (!config.TieWordEmbeddings)
            Add(SeparateHead, config.VocabSize, c);

        return parameters;

        void Add(string name, params long[] shape) => parameters.Add(new GptParameter(name, shape));
    }

    /// <summary>Returns the parameters of an LSTM. The LSTM's own have the names and shapes of PyTorch's <c>nn.LSTM</c>.</summary>
    private static List<GptParameter> OfLstm(LstmConfig config)
    {
        long c = config.NEmbd, h = config.NHidden;
        List<GptParameter> parameters =
        [
            new(TokenEmbedding, [config.VocabSize, c]),
            new("lstm.weight_ih_l0", [4 * h, c]),
            new("lstm.weight_hh_l0", [4 * h, h]),
            new("lstm.bias_ih_l0", [4 * h]),
            new("lstm.bias_hh_l0", [4 * h]),
        ];
        if (config.HasProjection)
            parameters.Add(new("proj.weight", [c, h]));
        if (!config.TieWordEmbeddings)
            parameters.Add(new(SeparateHead, [config.VocabSize, h]));
        if (config.DecoderBias)
            parameters.Add(new(HeadBias, [config.VocabSize]));
        return parameters;
    }
}
