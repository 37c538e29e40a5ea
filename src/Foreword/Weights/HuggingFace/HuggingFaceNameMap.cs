using System.Globalization;
using Foreword.Models;

namespace Foreword.Weights.HuggingFace;

/// <summary>
/// The tensor names of Hugging Face's <c>GPT2LMHeadModel</c> and <c>OpenAIGPTLMHeadModel</c> beside ours, which are GPT-2's keys
/// without their prefix; GPT-1's <c>tokens_embed</c> is <c>wte</c> and its <c>positions_embed</c> <c>wpe</c>.
/// </summary>
public static class HuggingFaceNameMap
{
    private const string Prefix = "transformer.";
    private const string Gpt1Tokens = "tokens_embed.weight";
    private const string Gpt1Positions = "positions_embed.weight";

    /// <summary>The key that <c>transformers</c> writes for the parameter of our name.</summary>
    public static string FileName(string name, GptArchitecture architecture) => (architecture, name) switch
    {
        (_, GptParameter.SeparateHead) => name,
        (GptArchitecture.Gpt2, _) => Prefix + name,
        (_, GptParameter.TokenEmbedding) => Gpt1Tokens,
        (_, GptParameter.PositionEmbedding) => Gpt1Positions,
        _ => name,
    };

    /// <summary>
    /// Finds every parameter among tensors that were written with or without the prefix <c>transformer.</c>, or with those of wrappers
    /// such as <c>module.</c> and <c>_orig_mod.</c>. Matrices that are [out, in] as in <c>nn.Linear</c> (nanoGPT) are transposed. Buffers that are no
    /// parameters (<c>h.N.attn.bias</c> [1, 1, T, T], <c>h.N.attn.masked_bias</c>, GPT-1's <c>position_ids</c>) are passed over. Where
    /// the configuration ties the output layer, an <c>lm_head.weight</c> with the token embedding's bytes is passed over, too, and one without
    /// a token embedding beside it is the token embedding; another one is a separate output layer whatever the configuration says, as it is for
    /// transformers since version 5.
    /// </summary>
    /// <param name="path">The file or directory, for messages.</param>
    /// <param name="tensors">Its tensors.</param>
    /// <param name="config">The architecture.</param>
    /// <returns>The architecture, with a separate output layer where the file has one, and its parameters.</returns>
    /// <exception cref="InvalidDataException">Tensors are missing, too many or misshapen, and all are listed; or two have the same name without their prefixes.</exception>
    public static (GptConfig Config, IReadOnlyList<StoredTensor> Tensors) Match(string path, IReadOnlyCollection<StoredTensor> tensors, GptConfig config)
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
                parameters[parameters.IndexOf(separate)] = (GptParameter.TokenEmbedding, head); // of two names for one tensor, some writers keep this one
            else if (embedding.ShapeText == head.ShapeText && embedding.HasBytesOf(head))
                parameters.Remove(separate);
            else
                config = config with { TieWordEmbeddings = false };
        }

        // A task's head is no parameter: its tensors come after them. The output layer that such a model lacks counts as tied.
        StoredTensor[] heads = [.. parameters.Where(pair => TaskHeadNames.Contains(pair.Name)).Select(pair => pair.Tensor.As(pair.Name, pair.Tensor.Shape))];
        parameters.RemoveAll(pair => TaskHeadNames.Contains(pair.Name));
        if (heads.Length > 0 && !parameters.Exists(pair => pair.Name == GptParameter.SeparateHead))
            config = config with { TieWordEmbeddings = true };
        return (config, [.. ParameterMatch.Of(path, config, parameters, name => FileName(name, config.Architecture)), .. heads]);
    }

    private static string OurName(string fileName, GptArchitecture architecture)
    {
        string name = WrapperNames.Remove(fileName);
        return (architecture, name) switch
        {
            (GptArchitecture.Gpt1, Gpt1Tokens) => GptParameter.TokenEmbedding,
            (GptArchitecture.Gpt1, Gpt1Positions) => GptParameter.PositionEmbedding,
            (GptArchitecture.Gpt1, GptParameter.TokenEmbedding or GptParameter.PositionEmbedding) => $"{name} (GPT-2's)", // no name of GPT-1's
            _ => name,
        };
    }

    /// <summary>Of two tensors that differ in their prefix only, nobody can say which one is meant.</summary>
    private static void CheckNames(string path, List<(string Name, StoredTensor Tensor)> parameters)
    {
        Dictionary<string, StoredTensor> byName = new(StringComparer.Ordinal);
        foreach ((string name, StoredTensor tensor) in parameters)
        {
            if (!byName.TryAdd(name, tensor))
                throw new InvalidDataException($"{path}: the tensors '{byName[name].FileName}' and '{tensor.FileName}' are both {name}");
        }
    }

    /// <summary>nanoGPT's projections are <c>nn.Linear</c>, [out, in]; <c>c_attn</c>, which is never square, tells.</summary>
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

    /// <summary>Constants that older versions of transformers stored among the weights.</summary>
    private static bool IsBuffer(string name, long[] shape, GptConfig config)
    {
        if (name == "position_ids")
            return config.Architecture == GptArchitecture.Gpt1 && shape.Length <= 2;
        return name.Split('.') is ["h", var layer, "attn", var buffer]
            && int.TryParse(layer, NumberStyles.None, CultureInfo.InvariantCulture, out int index) && index < config.NLayer
            && buffer switch
            {
                "bias" => shape is [1, 1, var rows, var columns] && rows == columns,
                "masked_bias" => shape.Length == 0,
                _ => false,
            };
    }
}
