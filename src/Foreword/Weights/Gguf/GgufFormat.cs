using System.Globalization;
using Foreword.IO;
using Foreword.Models;
using Foreword.Tokenization;

namespace Foreword.Weights.Gguf;

/// <summary>Reads and writes a GPT-2 with its tokenizer as one GGUF file of architecture <c>gpt2</c>, which llama.cpp can run.</summary>
internal sealed class GgufFormat : WeightsFormat
{
    private const string Architecture = "gpt2";

    public override string Name => "gguf";

    public override string Files => "a .gguf file, or a directory with one";

    public override IReadOnlyList<string> WrittenTypes => ["f32", "f16", "bf16", "q8_0"];

    public override bool WritesFile => true;

    public override bool IsAt(string path) => FileAt(path) is { } file && FirstBytes.Are(file, GgufLayout.Magic);

    public override bool HasTokenizer(string path) => With(path, GgufTokenizer.IsIn) || base.HasTokenizer(path);

    public override Tokenizer LoadTokenizer(string path) => With(path, file => GgufTokenizer.IsIn(file) ? GgufTokenizer.Read(file) : null) ?? base.LoadTokenizer(path);

    protected override (ModelConfig Config, IEnumerable<WeightTensor> Tensors) Read(string path, OpenFiles files)
    {
        GgufFile file = GgufFile.Read(files.Map(FileAt(path)!));
        GptConfig config = ReadConfig(file);
        return (config, GgufNameMap.Match(file, config));
    }

    /// <summary>
    /// Writes the file. LayerNorms, biases and position embeddings remain float32, because llama.cpp computes with no other type there.
    /// </summary>
    public override void Write(ModelWeights model, Tokenizer? tokenizer, string type, string target)
    {
        ArgumentNullException.ThrowIfNull(model);
        GgmlType wanted = Enum.Parse<GgmlType>(type, ignoreCase: true);
        GptConfig config = model.Config.AsGpt("a GGUF file");
        if (config.Architecture != ModelArchitecture.Gpt2)
            throw new NotSupportedException($"{model.Path} is a GPT-1, which cannot be written as GGUF: llama.cpp has no such architecture");
        if ((config with { FeedForwardWidth = null }).Deviations.FirstOrDefault() is { } deviation)
            throw new NotSupportedException($"{model.Path}: {deviation}; llama.cpp's gpt2 computes gelu_new, scales attention scores by 1 / sqrt(head size) only, and has a final LayerNorm");
        GgufWriter writer = new();
        WriteConfig(writer, model.Path, config, wanted);
        GgufTokenizer.Write(writer, tokenizer, model.Config.VocabSize);
        foreach (WeightTensor tensor in model.Tensors)
        {
            bool isTransposed = GgufNameMap.IsTransposed(tensor.Name);
            long[] shape = isTransposed ? [tensor.Shape[1], tensor.Shape[0]] : tensor.Shape;
            GgmlType own = TypeOf(tensor.Name, shape, wanted);
            writer.AddTensor(GgufNameMap.FileName(tensor.Name), own, shape, stream => WriteTensor(isTransposed ? new TransposedTensor(tensor) : tensor, own, stream));
        }

        writer.Save(target);
    }

    /// <summary>
    /// Returns the element type of a tensor. A matrix whose rows are not whole blocks is stored as F16 instead of Q8_0, as in llama.cpp's converter.
    /// </summary>
    private static GgmlType TypeOf(string name, long[] shape, GgmlType wanted)
    {
        if (shape.Length == 1 || name == GptParameter.PositionEmbedding)
            return GgmlType.F32;
        return shape[^1] % wanted.BlockLength() == 0 ? wanted : GgmlType.F16;
    }

    private static void WriteTensor(WeightTensor tensor, GgmlType type, Stream stream)
    {
        if (type == GgmlType.Q8_0)
            Q8Block.Write(tensor, stream);
        else
            TensorBytes.Write(tensor, type.DType(), stream);
    }

    private static void WriteConfig(GgufWriter writer, string path, GptConfig config, GgmlType type)
    {
        writer.Add("general.architecture", Architecture);
        writer.Add("general.type", "model");
        writer.Add("general.name", Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(path))));
        writer.Add("general.file_type", type switch { GgmlType.F32 => 0u, GgmlType.F16 => 1, GgmlType.Q8_0 => 7, _ => 32 }); // llama.h, enum llama_ftype
        writer.Add("general.quantization_version", 2u); // GGML_QNT_VERSION
        writer.Add("general.alignment", (uint)GgufLayout.DefaultAlignment);
        writer.Add("gpt2.vocab_size", (uint)config.VocabSize);
        writer.Add("gpt2.context_length", (uint)config.ContextLength);
        writer.Add("gpt2.embedding_length", (uint)config.NEmbd);
        writer.Add("gpt2.feed_forward_length", (uint)config.FeedForward);
        writer.Add("gpt2.block_count", (uint)config.NLayer);
        writer.Add("gpt2.attention.head_count", (uint)config.NHead);
        writer.Add("gpt2.attention.layer_norm_epsilon", (float)config.LayerNormEpsilon);
    }

    private static GptConfig ReadConfig(GgufFile file)
    {
        string path = file.File.Path;
        if (file.Text("general.architecture") is not Architecture and var other)
            throw new InvalidDataException($"{path}: the architecture is '{other}'; only {Architecture} is supported");
        if (file.Optional<long>("split.count", "a whole number", value => value.AsInteger(file.File)) is > 1 and var parts)
            throw new InvalidDataException($"{path}: one of {parts} files of a split model; join them with llama.cpp's llama-gguf-split first");
        int width = Whole("gpt2.embedding_length");
        int heads = Whole("gpt2.attention.head_count");
        Refuse("gpt2.attention.head_count_kv", heads, "the number of heads");
        GptConfig config = Validated(path, new GptConfig
        {
            ContextLength = Whole("gpt2.context_length"),
            NEmbd = width,
            NLayer = Whole("gpt2.block_count"),
            NHead = heads,
            FeedForwardWidth = FeedForward(),
            LayerNormEpsilon = Decimal(file.Required<float>("gpt2.attention.layer_norm_epsilon", "a FLOAT32", value => value.AsFloat(file.File))),
            VocabSize = file.Tensors.TryGetValue(GgufNameMap.FileName(GptParameter.TokenEmbedding), out GgufTensor? embedding) && embedding.Shape[0] <= int.MaxValue
                ? (int)embedding.Shape[0]
                : throw new InvalidDataException($"{path}: the tensor {GgufNameMap.FileName(GptParameter.TokenEmbedding)} is missing or too large"),
            TieWordEmbeddings = !GgufNameMap.HasSeparateHead(file),
        });
        Refuse("gpt2.vocab_size", config.VocabSize, "the rows of the token embedding");
        return config;

        int? FeedForward()
        {
            const string Key = "gpt2.feed_forward_length";
            return file.Optional<long>(Key, "a whole number", value => value.AsInteger(file.File)) is { } inner && inner != 4L * width ? Whole(Key) : null;
        }

        int Whole(string key) => file.Required<long>(key, "a whole number", value => value.AsInteger(file.File)) is >= 0 and <= int.MaxValue and var number
            ? (int)number
            : throw new InvalidDataException($"{path}: the metadata value '{key}' is out of range");

        void Refuse(string key, long supported, string what)
        {
            if (file.Optional<long>(key, "a whole number", value => value.AsInteger(file.File)) is { } value && value != supported)
                throw new InvalidDataException($"{path}: {key} is {value}; only {what}, {supported}, is supported");
        }
    }

    /// <summary>Returns the shortest decimal fraction that rounds to this float32: 1e-5 instead of 9.99999974737875e-06.</summary>
    private static double Decimal(float value) => double.Parse(value.ToString("R", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    /// <summary>
    /// Returns the GGUF file at a path: the path itself, or the only .gguf file of a directory. Returns null if there is no such file.
    /// </summary>
    private static string? FileAt(string path)
    {
        if (File.Exists(path))
            return path;
        return Directory.Exists(path) && Directory.EnumerateFiles(path, "*.gguf").Take(2).ToArray() is [string only] ? only : null;
    }

    private static T With<T>(string path, Func<GgufFile, T> read)
    {
        using MappedFile file = MappedFile.Open(FileAt(path) ?? throw new FileNotFoundException($"{path} does not exist"));
        return read(GgufFile.Read(file));
    }
}
