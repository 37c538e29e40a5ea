namespace Foreword.Weights.Gguf;

/// <summary>The names that llama.cpp gives a GPT-2's tensors (gguf-py, <c>MODEL_TENSOR</c> of <c>gpt2</c>) beside ours.</summary>
internal static class GgufNameMap
{
    /// <summary>The output layer, where a file has one of its own.</summary>
    private const string Head = "output.weight";

    private static readonly (string Ours, string Theirs)[] Outside = [("wte", "token_embd"), ("wpe", "position_embd"), ("ln_f", "output_norm")];

    private static readonly (string Ours, string Theirs)[] InBlock =
    [
        ("ln_1", "attn_norm"), ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"),
        ("ln_2", "ffn_norm"), ("mlp.c_fc", "ffn_up"), ("mlp.c_proj", "ffn_down"),
    ];

    /// <summary>The file's name of the parameter of our name: <c>blk.3.ffn_up.bias</c> for <c>h.3.mlp.c_fc.bias</c>.</summary>
    public static string FileName(string name)
    {
        int kind = name.LastIndexOf('.');
        string module = name[..kind];
        return module.Split('.', 3) is ["h", var layer, var inside]
            ? $"blk.{layer}.{InBlock.Single(pair => pair.Ours == inside).Theirs}{name[kind..]}"
            : Outside.Single(pair => pair.Ours == module).Theirs + name[kind..];
    }

    /// <summary>
    /// Whether the file holds the matrix the other way round: our Conv1D weights are [in, out], ggml multiplies rows, so [out, in].
    /// </summary>
    public static bool IsTransposed(string name) => name.EndsWith(".weight", StringComparison.Ordinal) && name.Contains(".c_", StringComparison.Ordinal);

    /// <summary>Finds every parameter; an output layer of its own must equal the token embedding bit for bit, for the head is tied.</summary>
    /// <exception cref="InvalidDataException">Tensors are missing, too many or misshapen (all are listed), or the head is not tied.</exception>
    public static IReadOnlyList<WeightTensor> Match(GgufFile file, GptConfig config)
    {
        string path = file.File.Path;
        ParameterMatch.CheckLayers(path, config, file.Tensors.Count);
        Dictionary<string, string> ours = GptParameter.Of(config).ToDictionary(parameter => FileName(parameter.Name), parameter => parameter.Name, StringComparer.Ordinal);
        List<WeightTensor> found = [];
        foreach (GgufTensor tensor in file.Tensors.Values.Where(tensor => tensor.Name != Head))
            found.Add(Tensor(file.File, tensor, ours.GetValueOrDefault(tensor.Name)));
        ParameterMatch.Check(path, config, [.. found.Select(tensor => (tensor.Name, tensor))], FileName);
        if (file.Tensors.TryGetValue(Head, out GgufTensor? head))
            CheckHead(file, head);
        return found;
    }

    private static WeightTensor Tensor(MappedFile file, GgufTensor tensor, string? ours)
    {
        bool isTransposed = ours is not null && tensor.Shape.Length == 2 && IsTransposed(ours);
        string name = ours ?? tensor.Name;
        if (tensor.Type == GgmlType.Q8_0)
            return new Q8Tensor(file, tensor, name, isTransposed);
        long[] shape = isTransposed ? [tensor.Shape[1], tensor.Shape[0]] : tensor.Shape;
        StoredElements elements = new(file, tensor.Offset, tensor.Length / tensor.Type.BlockBytes());
        return new StoredTensor(tensor.Name, tensor.Type.DType(), shape, [elements], isTransposed).As(name, shape);
    }

    private static void CheckHead(GgufFile file, GgufTensor head)
    {
        const int Piece = 1 << 24;
        GgufTensor embedding = file.Tensors[FileName(GptParameter.TokenEmbedding)];
        bool isSame = head.Type == embedding.Type && head.Shape.AsSpan().SequenceEqual(embedding.Shape);
        for (long at = 0; isSame && at < head.Length; at += Piece)
        {
            int count = (int)Math.Min(Piece, head.Length - at);
            isSame = file.File.Bytes(head.Offset + at, count).SequenceEqual(file.File.Bytes(embedding.Offset + at, count));
        }

        if (!isSame)
            throw new InvalidDataException($"{file.File.Path}: {Head} differs from {embedding.Name}; only a head tied to the embedding is supported");
    }
}
