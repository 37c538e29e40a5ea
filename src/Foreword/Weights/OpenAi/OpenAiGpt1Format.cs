using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Foreword.IO;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Tokenization.Gpt1;
using Foreword.Weights.HuggingFace;

namespace Foreword.Weights.OpenAi;

/// <summary>Reads and writes GPT-1 in the form that OpenAI released (openai/finetune-transformer-lm, model/).</summary>
/// <remarks>
/// The weights are one long row of float32, split into <c>params_0.npy</c>, <c>params_1.npy</c> and so on. The shapes in <c>params_shapes.json</c>
/// divide the row into tensors: positions, tokens, and then twelve tensors per layer. The number of heads is not in these files. It is read from
/// <c>config.json</c> if that exists. Otherwise, the head size is 64, as in the released model.
/// </remarks>
internal sealed class OpenAiGpt1Format : WeightsFormat
{
    private const string ShapesName = "params_shapes.json";

    private const int WrittenShards = 10;

    /// <summary>The head size of the released model: 768 / 12 in train.py.</summary>
    private const int HeadSize = 64;

    /// <summary>The tensors of a layer, in the order of the release. The kernel of a width-1 convolution has a leading dimension of 1.</summary>
    private static readonly (string Name, bool IsConvolution)[] Layer =
    [
        ("attn.c_attn.weight", true), ("attn.c_attn.bias", false), ("attn.c_proj.weight", true), ("attn.c_proj.bias", false),
        ("ln_1.weight", false), ("ln_1.bias", false),
        ("mlp.c_fc.weight", true), ("mlp.c_fc.bias", false), ("mlp.c_proj.weight", true), ("mlp.c_proj.bias", false),
        ("ln_2.weight", false), ("ln_2.bias", false),
    ];

    public override string Name => "openai-gpt1";

    public override string Files => $"{ShapesName} + params_0.npy ...";

    public override IReadOnlyList<string> WrittenTypes => ["f32"];

    public override bool IsAt(string path) => File.Exists(Path.Combine(path, ShapesName)) && File.Exists(Shard(path, 0));

    /// <summary>Writes ten weights files, as in the release, and a config.json that records the number of heads.</summary>
    public override void Write(ModelWeights model, Tokenizer? tokenizer, string type, string target)
    {
        GptConfig config = model.Config.AsGpt("OpenAI's format");
        if (config.Architecture != ModelArchitecture.Gpt1)
            throw new NotSupportedException($"{model.Path} is a GPT-2; {Name} holds GPT-1's post-LN blocks only");
        if (!config.TieWordEmbeddings)
            throw new NotSupportedException($"{model.Path} has a separate output layer; in {Name} it is always the token embedding");
        if (config.Deviations.FirstOrDefault() is { } deviation)
            throw new NotSupportedException($"{model.Path}: {deviation}; {Name} holds the published computation only");
        HuggingFaceConfig.Write(target, config, tokenizer is null ? TextEnds.None : TextEnds.FromTokenizer(tokenizer).Within(config.VocabSize));
        tokenizer?.Save(target);
        if (tokenizer is Gpt1Bpe bpe)
            BpeText.Write(bpe, bpe.Merges, Path.Combine(target, TokenizerFileNames.Gpt1Encoder), Path.Combine(target, TokenizerFileNames.Gpt1Merges));
        IReadOnlyList<(string Name, long[] Shape)> order = Order(config);
        JsonArray shapes = new([.. order.Select(parameter => new JsonArray([.. parameter.Shape.Select(size => JsonValue.Create(size))]))]); // a bare [..] would call the generic Add, which uses reflection
        DurableFile.Replace(Path.Combine(target, ShapesName), stream => stream.Write(Encoding.UTF8.GetBytes(shapes.ToJsonString())));
        using NpyShards shards = new(number => Shard(target, number), config.ParameterCount, WrittenShards);
        foreach ((string name, _) in order)
            TensorBytes.Write(model.Tensor(name), TensorDType.F32, shards);
        shards.Flush();
    }

    protected override (ModelConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files)
    {
        string shapesPath = Path.Combine(path, ShapesName);
        List<long[]> shapes = JsonFile.Read(shapesPath, JsonValueKind.Array, root => Shapes(shapesPath, root));
        if (shapes.Count < 2 + Layer.Length || (shapes.Count - 2) % Layer.Length != 0 || shapes[0] is not [var context, var width] || shapes[1] is not [var ids, _])
            throw new InvalidDataException($"{shapesPath}: {shapes.Count} shapes do not describe a GPT-1, which has positions [T, C], tokens [V, C] and {Layer.Length} tensors per layer");
        GptConfig config = Config(path, new GptConfig
        {
            Architecture = ModelArchitecture.Gpt1,
            ContextLength = (int)context,
            VocabSize = (int)ids,
            NEmbd = (int)width,
            NLayer = (shapes.Count - 2) / Layer.Length,
        });

        List<StoredElements> shards = [];
        for (int i = 0; File.Exists(Shard(path, i)); i++)
            shards.Add(NpyArray.Read(files.Map(Shard(path, i))));
        IReadOnlyList<(string Name, long[] Shape)> order = Order(config);
        for (int i = 0; i < order.Count; i++)
        {
            if (!shapes[i].AsSpan().SequenceEqual(order[i].Shape))
                throw new InvalidDataException($"{shapesPath}: shape {i + 1}, of {order[i].Name}, is {TensorInfo.Format(shapes[i])}, not {TensorInfo.Format(order[i].Shape)}");
        }

        Int128 wanted = shapes.Aggregate(Int128.Zero, (sum, shape) => sum + shape.Aggregate(Int128.One, (product, size) => product * size));
        if (shards.Sum(shard => shard.ElementCount) is var held && held != wanted)
            throw new InvalidDataException($"{path}: the {shards.Count} files params_N.npy hold {held} numbers; the shapes of {ShapesName} require {wanted}");
        return (config, Cut(order, shards));
    }

    private static string Shard(string path, int number) => Path.Combine(path, $"params_{number.ToString(CultureInfo.InvariantCulture)}.npy");

    private static List<long[]> Shapes(string path, JsonElement root)
    {
        List<long[]> shapes = [];
        foreach (JsonElement shape in root.EnumerateArray())
        {
            if (shape.ValueKind != JsonValueKind.Array || shape.GetArrayLength() > 3)
                throw new InvalidDataException($"{path}: shape {shapes.Count + 1} is not an array of up to 3 sizes");
            shapes.Add([.. shape.EnumerateArray().Select(size => size.ValueKind == JsonValueKind.Number && size.TryGetInt32(out int number) && number > 0
                ? (long)number
                : throw new InvalidDataException($"{path}: shape {shapes.Count + 1} holds {size.GetRawText()}; sizes must be 32-bit integers above 0"))]);
        }

        return shapes;
    }

    /// <summary>
    /// Returns the architecture. If config.json exists, it supplies the other fields, and its sizes must match the shapes. Otherwise, the head size
    /// is 64.
    /// </summary>
    private static GptConfig Config(string path, GptConfig sizes)
    {
        if (File.Exists(Path.Combine(path, HuggingFaceConfig.FileName)))
        {
            return HuggingFaceConfig.Read(path) is GptConfig config && config with { NLayer = sizes.NLayer, NEmbd = sizes.NEmbd, VocabSize = sizes.VocabSize, ContextLength = sizes.ContextLength, Architecture = sizes.Architecture } == config
                ? config
                : throw new InvalidDataException($"{path}: {HuggingFaceConfig.FileName} describes a different model than {ShapesName}, a GPT-1 of {sizes.NLayer} layers, width {sizes.NEmbd}, context {sizes.ContextLength} and {sizes.VocabSize} ids");
        }

        return sizes.NEmbd % HeadSize == 0
            ? Validated(path, sizes with { NHead = sizes.NEmbd / HeadSize })
            : throw new InvalidDataException($"{path}: the number of heads is not in OpenAI's files, and the width {sizes.NEmbd} is not a multiple of the released model's head size {HeadSize}; put a {HuggingFaceConfig.FileName} with n_head beside them");
    }

    /// <summary>Returns the parameter names in Foreword with the shapes of the release, in the order of the release.</summary>
    private static IReadOnlyList<(string Name, long[] Shape)> Order(GptConfig config)
    {
        Dictionary<string, long[]> shapes = GptParameter.Of(config).ToDictionary(p => p.Name, p => p.Shape);
        List<(string, long[])> order = [(GptParameter.PositionEmbedding, shapes[GptParameter.PositionEmbedding]), (GptParameter.TokenEmbedding, shapes[GptParameter.TokenEmbedding])];
        for (int layer = 0; layer < config.NLayer; layer++)
        {
            foreach ((string name, bool isConvolution) in Layer)
                order.Add(($"h.{layer}.{name}", isConvolution ? [1, .. shapes[$"h.{layer}.{name}"]] : shapes[$"h.{layer}.{name}"]));
        }

        return order;
    }

    /// <summary>Splits the row of numbers into tensors. A tensor can begin in one file and end in another.</summary>
    private static List<StoredTensor> Cut(IReadOnlyList<(string Name, long[] Shape)> order, List<StoredElements> shards)
    {
        List<StoredTensor> tensors = [];
        int shard = 0;
        long used = 0; // number of elements of that shard that have been assigned
        foreach ((string name, long[] shape) in order)
        {
            List<StoredElements> parts = [];
            for (long wanted = shape.Aggregate(1L, (product, size) => product * size); wanted > 0;)
            {
                long count = Math.Min(wanted, shards[shard].ElementCount - used);
                if (count > 0)
                    parts.Add(new StoredElements(shards[shard].File, shards[shard].Offset + used * sizeof(float), count));
                wanted -= count;
                used += count;
                if (used == shards[shard].ElementCount)
                    (shard, used) = (shard + 1, 0);
            }

            tensors.Add(new StoredTensor(name, TensorDType.F32, shape is [1, var rows, var columns] ? [rows, columns] : shape, parts));
        }

        return tensors;
    }
}
