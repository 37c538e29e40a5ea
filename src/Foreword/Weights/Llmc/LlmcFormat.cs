using System.Buffers.Binary;
using Foreword.IO;
using Foreword.Models;

namespace Foreword.Weights.Llmc;

/// <summary>Reads a checkpoint of karpathy/llm.c (train_gpt2.py, write_model and write_tensors).</summary>
/// <remarks>
/// The header has 256 int32. The first two are the magic number 20240326 and the version (3 for float32, 5 for bfloat16). The tensors of GPT-2 follow
/// the header. Each kind of tensor is stored for all layers in turn. Matrices are [out, in]. The token embedding is padded with rows that belong to
/// no id.
/// </remarks>
internal sealed class LlmcFormat : WeightsFormat
{
    private const int Magic = 20240326;
    private const int HeaderBytes = 256 * sizeof(int);

    public override string Name => "llm.c";

    public override string Files => "llm.c's .bin checkpoint";

    public override bool IsAt(string path) => FirstBytes.Are(path, BitConverter.IsLittleEndian ? BitConverter.GetBytes(Magic) : []);

    protected override (ModelConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files)
    {
        MappedFile file = files.Map(path);
        if (file.Length < HeaderBytes)
            throw new InvalidDataException($"{path}: the file has {file.Length} bytes; the header of an llm.c checkpoint has {HeaderBytes}");
        TensorDType dtype = Header(1) switch
        {
            3 => TensorDType.F32,
            5 => TensorDType.Bf16,
            int version => throw new InvalidDataException($"{path}: version {version} of llm.c's checkpoints is not supported, only 3 (float32) and 5 (bfloat16)"),
        };
        GptConfig config = Validated(path, new GptConfig { ContextLength = Header(2), VocabSize = Header(3), NLayer = Header(4), NHead = Header(5), NEmbd = Header(6) });
        int rows = Header(7);
        if (rows < config.VocabSize)
            throw new InvalidDataException($"{path}: the padded vocabulary has {rows} rows, but the vocabulary has {config.VocabSize}");
        Int128 c = config.NEmbd, parameters = (rows + (Int128)config.ContextLength) * c + config.NLayer * (12 * c * c + 13 * c) + 2 * c;
        if (HeaderBytes + parameters * dtype.Size() != file.Length)
            throw new InvalidDataException($"{path}: a model of {config.NLayer} layers, width {config.NEmbd}, context {config.ContextLength} and {rows} rows of tokens takes {HeaderBytes + parameters * dtype.Size()} bytes; the file has {file.Length}");
        return (config, Tensors(file, config, dtype, rows));

        int Header(int index) => BinaryPrimitives.ReadInt32LittleEndian(file.Bytes(index * sizeof(int), sizeof(int)));
    }

    private static IEnumerable<WeightTensor> Tensors(MappedFile file, GptConfig config, TensorDType dtype, int rows)
    {
        Dictionary<string, long[]> shapes = GptParameter.Of(config).ToDictionary(p => p.Name, p => p.Shape);
        long at = HeaderBytes;
        yield return Next(GptParameter.TokenEmbedding);
        at += (long)(rows - config.VocabSize) * config.NEmbd * dtype.Size();
        yield return Next(GptParameter.PositionEmbedding);
        string[] kinds =
        [
            "ln_1.weight", "ln_1.bias", "attn.c_attn.weight", "attn.c_attn.bias", "attn.c_proj.weight", "attn.c_proj.bias",
            "ln_2.weight", "ln_2.bias", "mlp.c_fc.weight", "mlp.c_fc.bias", "mlp.c_proj.weight", "mlp.c_proj.bias",
        ];
        foreach (string kind in kinds)
        {
            for (int layer = 0; layer < config.NLayer; layer++)
                yield return Next($"h.{layer}.{kind}", isTransposed: kind.EndsWith(".weight", StringComparison.Ordinal));
        }

        yield return Next("ln_f.weight");
        yield return Next("ln_f.bias");

        StoredTensor Next(string name, bool isTransposed = false)
        {
            long[] shape = shapes[name];
            StoredElements elements = new(file, at, shape.Aggregate(1L, (product, size) => product * size));
            at += elements.ElementCount * dtype.Size();
            return new StoredTensor(name, dtype, shape, [elements], isTransposed && shape.Length == 2);
        }
    }
}
