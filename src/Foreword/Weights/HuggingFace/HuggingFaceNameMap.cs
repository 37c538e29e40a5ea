using System.Globalization;
using Foreword.Models;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// Maps between the tensor names of Hugging Face's <c>GPT2LMHeadModel</c> and <c>OpenAIGPTLMHeadModel</c> and Foreword's parameter names. Foreword's
/// names are GPT-2's keys without their prefix. GPT-1's <c>tokens_embed</c> is <c>wte</c>, and its <c>positions_embed</c> is <c>wpe</c>. The files of
/// an LSTM call these parameters <c>embed</c> and <c>decoder</c>.
/// </summary>
internal static class HuggingFaceNameMap
{
    private const string Prefix = "transformer.";
    private const string Gpt1Tokens = "tokens_embed.weight";
    private const string Gpt1Positions = "positions_embed.weight";
    private const string LstmTokens = "embed.weight";
    private const string LstmHead = "decoder.weight";
    private const string LstmHeadBias = "decoder.bias";

    /// <summary>Returns the key that <c>transformers</c> writes for a parameter.</summary>
    /// <param name="name">The name in Foreword.</param>
    /// <param name="architecture">The architecture. Each one uses its own keys.</param>
    public static string FileName(string name, ModelArchitecture architecture) => (architecture, name) switch
    {
        (ModelArchitecture.Lstm, GptParameter.TokenEmbedding) => LstmTokens,
        (ModelArchitecture.Lstm, GptParameter.SeparateHead) => LstmHead,
        (ModelArchitecture.Lstm, GptParameter.HeadBias) => LstmHeadBias,
        (ModelArchitecture.Lstm, _) or (_, GptParameter.SeparateHead) => name,
        (ModelArchitecture.Gpt2, _) => Prefix + name,
        (_, GptParameter.TokenEmbedding) => Gpt1Tokens,
        (_, GptParameter.PositionEmbedding) => Gpt1Positions,
        _ => name,
    };

    /// <summary>Finds every parameter among the tensors of a file or directory.</summary>
    /// <param name="path">The file or directory, for messages.</param>
    /// <param name="tensors">Its tensors.</param>
    /// <param name="config">The architecture.</param>
    /// <returns>
    /// The architecture, with an untied output layer if the file has one, and the parameters. Tensors of a task's head follow the parameters.
    /// </returns>
    /// <remarks>
    /// <para>The names can have the prefix <c>transformer.</c>, no prefix, or prefixes of wrappers such as <c>module.</c> and <c>_orig_mod.</c>.
    /// Matrices that are [out, in], as in <c>nn.Linear</c> (nanoGPT), are transposed. Buffers that are not parameters are ignored:
    /// <c>h.N.attn.bias</c> [1, 1, T, T], <c>h.N.attn.masked_bias</c> and GPT-1's <c>position_ids</c>.</para>
    /// <para>Three rules apply to <c>lm_head.weight</c> if the configuration ties the output layer. It is ignored if it has the same bytes as the
    /// token embedding. It is used as the token embedding if the file has no other token embedding. Otherwise, it is a separate output layer despite
    /// the configuration, as in transformers since version 5.</para>
    /// </remarks>
    /// <exception cref="InvalidDataException">
    /// Tensors are missing, unexpected or of the wrong shape (the message lists all of them), or two tensors have the same name without their
    /// prefixes.
    /// </exception>
    public static (ModelConfig Config, IReadOnlyList<StoredTensor> Tensors) Match(string path, IReadOnlyCollection<StoredTensor> tensors, ModelConfig config)
    {
        ArgumentNullException.ThrowIfNull(tensors);
        ArgumentNullException.ThrowIfNull(config);
        List<(string Name, StoredTensor Tensor)> parameters = [];
        foreach (StoredTensor tensor in tensors)
        {
            string name = OurName(tensor.FileName, config.Architecture);
            if (!IsBuffer(name, tensor.Shape, config))
                parameters.Add((name, tensor));
        }

        CheckNames(path, parameters);
        TransposeLinear(parameters, config.NEmbd);
        if (config.TieWordEmbeddings && parameters.Find(pair => pair.Name == GptParameter.SeparateHead) is { Tensor: { } head } separate)
        {
            StoredTensor? embedding = parameters.Find(pair => pair.Name == GptParameter.TokenEmbedding).Tensor;
            if (embedding is null)
                parameters[parameters.IndexOf(separate)] = (GptParameter.TokenEmbedding, head); // some writers store a tied tensor under this name only
            else if (embedding.ShapeText == head.ShapeText && embedding.HasBytesOf(head))
                parameters.Remove(separate);
            else
                config = config with { TieWordEmbeddings = false };
        }

        // The tensors of a task's head are not parameters, so they are listed after them. A model with such a head and no output layer counts as
        // tied.
        StoredTensor[] heads = [.. parameters.Where(pair => TaskHeadNames.Contains(pair.Name)).Select(pair => pair.Tensor.As(pair.Name, pair.Tensor.Shape))];
        parameters.RemoveAll(pair => TaskHeadNames.Contains(pair.Name));
        if (heads.Length > 0 && !parameters.Exists(pair => pair.Name == GptParameter.SeparateHead))
            config = config with { TieWordEmbeddings = true };
        return (config, [.. ParameterMatch.Of(path, config, parameters, name => FileName(name, config.Architecture)), .. heads]);
    }

    private static string OurName(string fileName, ModelArchitecture architecture)
    {
        string name = WrapperNames.Remove(fileName);
        return (architecture, name) switch
        {
            (ModelArchitecture.Lstm, LstmTokens) => GptParameter.TokenEmbedding,
            (ModelArchitecture.Lstm, LstmHead) => GptParameter.SeparateHead,
            (ModelArchitecture.Lstm, LstmHeadBias) => GptParameter.HeadBias,
            (ModelArchitecture.Gpt1, Gpt1Tokens) => GptParameter.TokenEmbedding,
            (ModelArchitecture.Gpt1, Gpt1Positions) => GptParameter.PositionEmbedding,
            (ModelArchitecture.Gpt1, GptParameter.TokenEmbedding or GptParameter.PositionEmbedding) => $"{name} (GPT-2's)", // GPT-1 has no such name
            _ => name,
        };
    }

    /// <summary>Checks that no two tensors differ only in their prefix. It would be unclear which one belongs to the model.</summary>
    private static void CheckNames(string path, List<(string Name, StoredTensor Tensor)> parameters)
    {
        Dictionary<string, StoredTensor> byName = new(StringComparer.Ordinal);
        foreach ((string name, StoredTensor tensor) in parameters)
        {
            if (!byName.TryAdd(name, tensor))
                throw new InvalidDataException($"{path}: the tensors '{byName[name].FileName}' and '{tensor.FileName}' are both {name}");
        }
    }

    /// <summary>
    /// Transposes the projections of a nanoGPT model, which are <c>nn.Linear</c> and therefore [out, in]. The shape of <c>c_attn</c>, which is never
    /// square, shows whether this is needed.
    /// </summary>
    private static void TransposeLinear(List<(string Name, StoredTensor Tensor)> parameters, long c)
    {
        if (!parameters.Exists(pair => pair.Name == "h.0.attn.c_attn.weight" && pair.Tensor.Shape is [var rows, var columns] && rows == 3 * c && columns == c))
            return;
        for (int i = 0; i < parameters.Count; i++)
        {
            (string name, StoredTensor tensor) = parameters[i];
            if (tensor.Shape.Length == 2 && name.Split('.') is ["h", _, "attn" or "mlp", "c_attn" or "c_proj" or "c_fc", "weight"])
                parameters[i] = (name, tensor.Transposed());
        }
    }

    /// <summary>Returns whether a tensor is a constant that older versions of transformers stored with the weights.</summary>
    private static bool IsBuffer(string name, long[] shape, ModelConfig config)
    {
        if (name == "position_ids")
            return config.Architecture == ModelArchitecture.Gpt1 && shape.Length <= 2;
        return name.Split('.') is ["h", var layer, "attn", var buffer]
            && int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < config.LayerCount
            && buffer switch
            {
                "bias" => shape is [1, 1, var rows, var columns] && rows == columns,
                "masked_bias" => shape.Length == 0,
                _ => false,
            };
    }
}
