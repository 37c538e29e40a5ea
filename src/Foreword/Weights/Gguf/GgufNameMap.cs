using Foreword.IO;
using Foreword.Models;

namespace Foreword.Weights.Gguf;

/// <summary>
/// Maps between Foreword's parameter names and the names that llama.cpp uses for GPT-2 (gguf-py, <c>MODEL_TENSOR</c> of <c>gpt2</c>).
/// </summary>
internal static class GgufNameMap
{
    private static readonly (string Ours, string Theirs)[] Outside = [("wte", "token_embd"), ("wpe", "position_embd"), ("ln_f", "output_norm"), ("lm_head", "output")];

    private static readonly (string Ours, string Theirs)[] InBlock =
    [
        ("ln_1", "attn_norm"), ("attn.c_attn", "attn_qkv"), ("attn.c_proj", "attn_output"),
        ("ln_2", "ffn_norm"), ("mlp.c_fc", "ffn_up"), ("mlp.c_proj", "ffn_down"),
    ];

    /// <summary>Returns the name in the file of a parameter: <c>blk.3.ffn_up.bias</c> for <c>h.3.mlp.c_fc.bias</c>.</summary>
    /// <param name="name">The name in Foreword.</param>
    public static string FileName(string name)
    {
        int kind = name.LastIndexOf('.');
        string module = name[..kind];
        return module.Split('.', 3) is ["h", var layer, var inside]
            ? $"blk.{layer}.{InBlock.Single(pair => pair.Ours == inside).Theirs}{name[kind..]}"
            : Outside.Single(pair => pair.Ours == module).Theirs + name[kind..];
    }

    /// <summary>
    /// Returns whether the file stores the transpose of a matrix. Conv1D weights are [in, out] in Foreword. ggml multiplies rows, so it stores [out,
    /// in].
    /// </summary>
    /// <param name="name">The name in Foreword.</param>
    public static bool IsTransposed(string name) => name.EndsWith(".weight", StringComparison.Ordinal) && name.Contains(".c_", StringComparison.Ordinal);

    /// <summary>
    /// Returns whether the file has an output layer that differs from the token embedding. An output layer with the same bytes as the embedding does
    /// not count, because llama.cpp's converter used to write a copy of a tied output layer.
    /// </summary>
    public static bool HasSeparateHead(GgufFile file) => file.Tensors.TryGetValue(FileName(GptParameter.SeparateHead), out GgufTensor? head)
        && !(file.Tensors.TryGetValue(FileName(GptParameter.TokenEmbedding), out GgufTensor? embedding) && IsSame(file.File, head, embedding));

    /// <summary>Finds every parameter.</summary>
    /// <exception cref="InvalidDataException">Tensors are missing, unexpected or of the wrong shape. The message lists all of them.</exception>
    public static IReadOnlyList<WeightTensor> Match(GgufFile file, GptConfig config)
    {
        string path = file.File.Path;
        ParameterMatch.CheckLayers(path, config, file.Tensors.Count);
        Dictionary<string, string> ours = GptParameter.Of(config).ToDictionary(parameter => FileName(parameter.Name), parameter => parameter.Name, StringComparer.Ordinal);
        List<WeightTensor> found = [];
        foreach (GgufTensor tensor in file.Tensors.Values.Where(tensor => !config.TieWordEmbeddings || tensor.Name != FileName(GptParameter.SeparateHead)))
            found.Add(Tensor(file.File, tensor, ours.GetValueOrDefault(tensor.Name)));
        ParameterMatch.Check(path, config, [.. found.Select(tensor => (tensor.Name, tensor))], FileName);
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

    private static bool IsSame(MappedFile file, GgufTensor a, GgufTensor b)
    {
        const int ChunkLength = 1 << 24;
        bool isSame = a.Type == b.Type && a.Shape.AsSpan().SequenceEqual(b.Shape);
        for (long at = 0; isSame && at < a.Length; at += ChunkLength)
        {
            int count = (int)Math.Min(ChunkLength, a.Length - at);
            isSame = file.Bytes(a.Offset + at, count).SequenceEqual(file.Bytes(b.Offset + at, count));
        }

        return isSame;
    }
}
