using System.Globalization;

namespace Foreword.Weights;

/// <summary>One parameter of a GPT.</summary>
/// <param name="Name">Its name in this toolkit: GPT-2's key without <c>transformer.</c>, such as <c>h.0.attn.c_attn.weight</c>.</param>
/// <param name="FileName">Its key in a file that this toolkit writes.</param>
/// <param name="Shape">Its shape in the file; the weights of a <c>Conv1D</c> (c_attn, c_proj, c_fc) are [in, out].</param>
public sealed record GptParameter(string Name, string FileName, long[] Shape);

/// <summary>
/// The tensor names of Hugging Face's <c>GPT2LMHeadModel</c> and <c>OpenAIGPTLMHeadModel</c> beside ours. Ours are the
/// same for both: GPT-2's keys without their prefix, GPT-1's <c>tokens_embed</c> being <c>wte</c> and its
/// <c>positions_embed</c> <c>wpe</c>.
/// </summary>
public static class HuggingFaceNameMap
{
    private const string Prefix = "transformer.";
    private const string Head = "lm_head.weight";

    /// <summary>Our name of the token embedding.</summary>
    public const string TokenEmbedding = "wte.weight";

    /// <summary>Names listed in a message before "and N more".</summary>
    private const int MostListed = 10;

    /// <summary>Every trained parameter in the order of the modules, the embeddings first. The tied head is none of its own.</summary>
    public static IReadOnlyList<GptParameter> Parameters(GptConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        long c = config.NEmbd;
        List<GptParameter> parameters = [];
        Add(TokenEmbedding, config.VocabSize, c);
        Add("wpe.weight", config.ContextLength, c);
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
            Add($"h.{i}.mlp.c_fc.weight", c, 4 * c);
            Add($"h.{i}.mlp.c_fc.bias", 4 * c);
            Add($"h.{i}.mlp.c_proj.weight", 4 * c, c);
            Add($"h.{i}.mlp.c_proj.bias", c);
        }

        if (config.Architecture == GptArchitecture.Gpt2)
        {
            Add("ln_f.weight", c);
            Add("ln_f.bias", c);
        }

        return parameters;

        void Add(string name, params long[] shape) => parameters.Add(new GptParameter(name, WrittenName(name, config.Architecture), shape));
    }

    /// <summary>
    /// Finds every parameter in a file that was written with or without the prefix <c>transformer.</c>: our name to the
    /// file's. Buffers that are no parameters (<c>h.N.attn.bias</c> [1, 1, T, T], <c>h.N.attn.masked_bias</c>, GPT-1's
    /// <c>position_ids</c>) are passed over; an <c>lm_head.weight</c> must equal the token embedding bit for bit, for
    /// the head is tied.
    /// </summary>
    /// <exception cref="InvalidDataException">Tensors are missing, too many or misshapen (all are listed), or the head is not tied.</exception>
    public static IReadOnlyDictionary<string, string> CheckTensors(SafetensorsFile file, GptConfig config)
    {
        ArgumentNullException.ThrowIfNull(file);
        ArgumentNullException.ThrowIfNull(config);
        if (config.NLayer > file.Tensors.Count) // also keeps an absurd n_layer from filling the memory with names
            throw new InvalidDataException($"{file.Path}: the file holds {file.Tensors.Count} tensors, too few for the configuration's {config.NLayer} layers");
        Dictionary<string, GptParameter> expected = Parameters(config).ToDictionary(p => Unprefixed(p.FileName), StringComparer.Ordinal);
        Dictionary<string, string> found = new(StringComparer.Ordinal);
        List<string> extra = [];
        List<string> misshapen = [];
        foreach (TensorInfo tensor in file.Tensors.Values)
        {
            string name = Unprefixed(tensor.Name);
            if (expected.TryGetValue(name, out GptParameter? parameter) && found.TryAdd(parameter.Name, tensor.Name))
            {
                if (Misfit(tensor, parameter) is { } misfit)
                    misshapen.Add(misfit);
            }
            else if (name != Head && !IsBuffer(name, tensor.Shape, config))
            {
                extra.Add(tensor.Name);
            }
        }

        List<string> missing = [.. expected.Values.Where(p => !found.ContainsKey(p.Name)).Select(p => p.FileName)];
        if (missing.Count + extra.Count + misshapen.Count > 0)
        {
            string[] faults = [.. new[] { List("missing", missing), List("extra", extra), List("misshapen", misshapen) }.OfType<string>()];
            throw new InvalidDataException($"{file.Path}: the tensors do not fit the model's configuration: {string.Join("; ", faults)}");
        }

        CheckHead(file, found[TokenEmbedding]);
        return found;
    }

    private static string WrittenName(string name, GptArchitecture architecture) => (architecture, name) switch
    {
        (GptArchitecture.Gpt2, _) => Prefix + name,
        (_, TokenEmbedding) => "tokens_embed.weight",
        (_, "wpe.weight") => "positions_embed.weight",
        _ => name,
    };

    private static string Unprefixed(string name) => name.StartsWith(Prefix, StringComparison.Ordinal) ? name[Prefix.Length..] : name;

    private static string? Misfit(TensorInfo tensor, GptParameter parameter)
    {
        if (!tensor.Shape.AsSpan().SequenceEqual(parameter.Shape))
            return $"{tensor.Name} is {tensor.ShapeText}, not {TensorInfo.Format(parameter.Shape)}";
        return tensor.DType is TensorDType.F32 or TensorDType.F16 or TensorDType.BF16 or TensorDType.F64
            ? null
            : $"{tensor.Name} is {tensor.DType.HeaderName()}, not F32, F16, BF16 or F64";
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

    private static void CheckHead(SafetensorsFile file, string embedding)
    {
        TensorInfo wte = file.Tensor(embedding);
        foreach (TensorInfo head in file.Tensors.Values.Where(t => Unprefixed(t.Name) == Head))
        {
            if (head.DType != wte.DType || !head.Shape.AsSpan().SequenceEqual(wte.Shape))
                throw new InvalidDataException($"{file.Path}: {head.Name} is {head.DType.HeaderName()} {head.ShapeText} and {wte.Name} {wte.DType.HeaderName()} {wte.ShapeText}; the head is tied to the embedding, so both must be equal");
            const int piece = 1 << 26;
            for (long offset = 0; offset < wte.Length; offset += piece)
            {
                int count = (int)Math.Min(piece, wte.Length - offset);
                if (!file.Bytes(head.Name, offset, count).SequenceEqual(file.Bytes(wte.Name, offset, count)))
                    throw new InvalidDataException($"{file.Path}: {head.Name} differs from {wte.Name}; only a head tied to the embedding is supported");
            }
        }
    }

    private static string? List(string fault, List<string> items) => items.Count == 0
        ? null
        : $"{items.Count} {fault} ({string.Join(", ", items.Take(MostListed))}{(items.Count > MostListed ? $" and {items.Count - MostListed} more" : "")})";
}
