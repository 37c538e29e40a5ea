using System.Runtime.InteropServices;
using Foreword.IO;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Bpe;
using Foreword.Tokenization.ByteLevel;
using Foreword.Tokenization.Words;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.Gguf;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests.Weights.Gguf;

public sealed class GgufFormatTests : IDisposable
{
    private static readonly WeightsFormat Gguf = WeightsCatalog.All.Single(format => format.Name == "gguf");

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();
    private readonly ModelWeights _golden = WeightsCatalog.Open(Fixtures.Path("golden/gpt2-tiny"));

    public void Dispose()
    {
        _golden.Dispose();
        _directory.Dispose();
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("f16")]
    [InlineData("bf16")]
    public void AModelThatWentThroughGgufIsTheSameBitForBitInTheSameType(string type)
    {
        using ModelWeights read = Write(type);
        Assert.Equal((GptConfig)_golden.Config with { EmbdDropout = 0.1, AttnDropout = 0.1, ResidDropout = 0.1 }, read.Config);
        Assert.All(read.Tensors, tensor => Assert.Equal(tensor.Shape.Length == 2 && tensor.Name != "wpe.weight" ? type : "f32", tensor.Type, ignoreCase: true));
        Assert.Equal(Safetensors(_golden, type, "direct"), Safetensors(read, type, "through"));
        using ModelWeights again = Write(type, from: read, name: "again.gguf");
        Assert.Equal(Safetensors(_golden, type, "direct-again"), Safetensors(again, type, "twice"));
    }

    [Fact]
    public void Q8IsWhatTheBlocksOfEveryRowOfTheFileGive()
    {
        using ModelWeights read = Write("q8_0");
        foreach (WeightTensor tensor in read.Tensors)
        {
            float[] values = Floats(_golden.Tensor(tensor.Name));
            bool isMatrix = tensor.Shape.Length == 2 && tensor.Name != "wpe.weight";
            Assert.Equal(isMatrix ? "Q8_0" : "F32", tensor.Type);
            if (isMatrix)
                values = tensor.Name == "wte.weight" ? Rounded(values) : Turned(Rounded(Turned(values, tensor.Shape[0], tensor.Shape[1])), tensor.Shape[1], tensor.Shape[0]);
            Assert.Equal(values, Floats(tensor));
        }

        using ModelWeights again = Write("q8_0", from: read, name: "again.gguf");
        Assert.All(read.Tensors, tensor => Assert.Equal(Floats(tensor), Floats(again.Tensor(tensor.Name)))); // quantized numbers do not change
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("q8_0")]
    public void APartOfATensorIsThatPartOfTheWhole(string type)
    {
        using ModelWeights model = Write(type);
        foreach (WeightTensor tensor in model.Tensors.Where(tensor => tensor.Name is "wte.weight" or "h.1.attn.c_attn.weight" or "h.2.mlp.c_proj.weight" or "h.0.ln_1.bias"))
        {
            float[] whole = Floats(tensor);
            foreach ((int first, int count) in new[] { (0, 1), (1, 30), (31, 1), (5, whole.Length - 7), (whole.Length - 3, 3), (whole.Length, 0) })
            {
                float[] part = new float[Math.Min(count, whole.Length)];
                int from = Math.Min(first, whole.Length - part.Length);
                tensor.Read(from, part);
                Assert.Equal(whole[from..(from + part.Length)], part);
            }
        }
    }

    [Fact]
    public void RowsThatAreNoWholeBlocksStayF16()
    {
        using ModelWeights odd = WeightsCatalog.Open(Small(width: 24));
        using ModelWeights read = Write("q8_0", from: odd);
        Assert.Equal("F16", read.Tensor("wte.weight").Type);
        Assert.Equal("Q8_0", read.Tensor("h.0.mlp.c_proj.weight").Type); // its rows have 4 x 24 elements
    }

    [Fact]
    public void TheTokenizerIsInTheFileAndTheModelsSpareIdsAreNot()
    {
        ByteLevelBpe tokenizer = Tokenizer();
        using ModelWeights read = Write("f32", tokenizer);
        Assert.True(read.HasTokenizer);
        Tokenizer found = ModelDirectory.LoadTokenizer(read.Path);
        Assert.Equal(tokenizer.Fingerprint, found.Fingerprint);
        Assert.Equal(tokenizer.Fingerprint, ModelDirectory.LoadTokenizer(read.Path).Fingerprint);
        Assert.Equal(tokenizer.Encode("the then<|endoftext|>", allowSpecial: true), found.Encode("the then<|endoftext|>", allowSpecial: true));
        Assert.Equal(300, read.Config.VocabSize);
        Assert.Equal(260, found.VocabSize);
    }

    [Fact]
    public void ADirectoryWithOneGgufFileIsAModel()
    {
        Write("f32").Dispose();
        using ModelWeights model = WeightsCatalog.Open(_directory.Path);
        Assert.Equal("gguf", model.Format.Name);
        Assert.False(model.HasTokenizer);
    }

    [Fact]
    public void Gpt1IsRefused()
    {
        using ModelWeights gpt1 = WeightsCatalog.Open(Fixtures.Path("golden/gpt1-tiny"));
        Assert.Contains("is a GPT-1, which cannot be written as GGUF: llama.cpp has no such architecture", Assert.Throws<NotSupportedException>(() => Write("f32", from: gpt1)).Message);
        Assert.Empty(Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void ATokenizerOfAnotherKindIsRefused() =>
        Assert.Contains("the model's tokenizer is of the kind char", Assert.Throws<NotSupportedException>(() => Write("f32", new CharTokenizer(["<unk>", "a", "b"]))).Message);

    [Fact]
    public void ANumberThatIsNotFiniteIsNotQuantized()
    {
        using ModelWeights infinite = WeightsCatalog.Open(Small(width: 32, number: float.PositiveInfinity));
        Assert.Contains("tensor 'transformer.h.0.mlp.c_proj.weight' contains infinity", Assert.Throws<InvalidDataException>(() => Write("q8_0", from: infinite)).Message);
    }

    [Fact]
    public void TensorsBeginAtMultiplesOf32()
    {
        using ModelWeights odd = WeightsCatalog.Open(Small(width: 5));
        Write("bf16", from: odd).Dispose();
        using MappedFile file = MappedFile.Open(_directory.File("model.gguf"));
        Assert.All(GgufFile.Read(file).Tensors.Values, tensor => Assert.Equal(0, tensor.Offset % 32));
        Assert.Equal(0, file.Length % 32);
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("f16")]
    [InlineData("bf16")]
    public void ASeparateHeadGoesThroughBitForBit(string type)
    {
        using ModelWeights untied = WeightsCatalog.Open(Fixtures.Path("golden/gpt2-untied"));
        using ModelWeights read = Write(type, from: untied);
        Assert.False(read.Config.TieWordEmbeddings);
        Assert.Equal("output.weight", read.Tensor("lm_head.weight").FileName);
        Assert.Equal(Safetensors(untied, type, "direct"), Safetensors(read, type, "through"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void AHeadWithTheEmbeddingsBytesIsTiedAndAnotherSeparate(bool isEmbedding)
    {
        string path = Save(Tiny(), extra: writer => writer.AddTensor("output.weight", GgmlType.F32, [7, 2], stream => stream.Write(new byte[55].Append((byte)(isEmbedding ? 0 : 1)).ToArray())));
        using ModelWeights model = WeightsCatalog.Open(path);
        Assert.Equal(isEmbedding, model.Config.TieWordEmbeddings);
        Assert.Equal(isEmbedding ? null : 1 << 24, model.Tensors.Where(tensor => tensor.Name == "lm_head.weight").Select(tensor => (int?)BitConverter.SingleToInt32Bits(Floats(tensor)[^1])).SingleOrDefault());
    }

    public static TheoryData<string, object?, string> WrongMetadata => new()
    {
        { "general.architecture", "llama", "the architecture is 'llama'; only gpt2 is supported" },
        { "general.architecture", null, "the architecture is ''" },
        { "general.alignment", 24u, "general.alignment is not a power of two" },
        { "gpt2.context_length", null, "the metadata value 'gpt2.context_length' is missing" },
        { "gpt2.context_length", "3", "the metadata value 'gpt2.context_length' is not a whole number" },
        { "gpt2.context_length", uint.MaxValue, "is out of range" },
        { "gpt2.context_length", 4u, "misshapen (position_embd.weight is [3, 2], not [4, 2])" },
        { "gpt2.attention.head_count", 3u, "n_embd is 2, which is not a multiple of n_head 3" },
        { "gpt2.attention.layer_norm_epsilon", 1u, "is not a FLOAT32" },
        { "gpt2.feed_forward_length", 9u, "3 misshapen (" },
        { "gpt2.feed_forward_length", 0u, "n_inner is 0; it must be at least 1" },
        { "gpt2.block_count", 2u, "12 missing (blk.1.attn_norm.weight" },
        { "gpt2.block_count", 1_000_000_000u, "too few for the configuration's 1000000000 layers" },
        { "gpt2.vocab_size", 9u, "gpt2.vocab_size is 9" },
        { "split.count", 3u, "one of 3 files of a split model" },
    };

    /// <summary>GGUF stores the width of the feed-forward network. llama.cpp's gpt2 does not know the other fields.</summary>
    [Theory]
    [InlineData("gpt2-inner", "narrow", null)]
    [InlineData("gpt2-inner", "narrow-relu", "activation is relu; llama.cpp's gpt2 computes gelu_new, scales attention scores by 1 / sqrt(head size) only, and has a final LayerNorm")]
    [InlineData("gpt2", "gelu", "activation is gelu; llama.cpp's gpt2")]
    [InlineData("gpt2", "gelu_fast", null)]
    [InlineData("gpt2", "unscaled", "scale_attention is false; llama.cpp's gpt2")]
    [InlineData("gpt2", "by-layer", "scale_attention_by_inverse_layer is true; llama.cpp's gpt2")]
    public void WhatLlamaCppDoesNotComputeIsNotWritten(string model, string name, string? fault)
    {
        VariantCases.Write(model, name, _directory);
        using ModelWeights variant = WeightsCatalog.Open(_directory.Path);
        if (fault is not null)
        {
            Assert.Contains(fault, Assert.Throws<NotSupportedException>(() => Write("f32", from: variant)).Message);
            return;
        }

        using ModelWeights written = Write("f32", from: variant);
        Assert.Equal(((GptConfig)variant.Config).FeedForwardWidth, ((GptConfig)written.Config).FeedForwardWidth);
        Assert.Empty(((GptConfig)written.Config with { FeedForwardWidth = null }).Deviations);
        Assert.Equal(Safetensors(variant, "f32", "direct"), Safetensors(written, "f32", "through"));
    }

    [Theory]
    [MemberData(nameof(WrongMetadata))]
    public void MetadataThatAskForSomethingElseAreRefused(string key, object? value, string sentence)
    {
        Dictionary<string, object> metadata = Tiny();
        if (value is null)
            metadata.Remove(key);
        else
            metadata[key] = value;
        Refused(Save(metadata), sentence);
    }

    [Theory]
    [InlineData(0, "47475546", "")] // the bytes of a valid file
    [InlineData(4, "01000000", "version 1 of GGUF is not supported, only 2 and 3")]
    [InlineData(4, "00000003", "a big-endian GGUF file")]
    [InlineData(8, "FFFFFFFFFFFFFF7F", "byte 8: the number of tensors is 9223372036854775807, more than the file can hold")]
    [InlineData(16, "FFFFFFFF00000000", "byte 16: the number of metadata values is 4294967295, more than the file can hold")]
    [InlineData(24, "FFFFFFFFFFFFFFFF", "byte 24: the length of a metadata key is 18446744073709551615, more than the file can hold")]
    [InlineData(24, "0000000000000000", "byte 24: a metadata key has 0 bytes")]
    [InlineData(32, "FF", "byte 32: a metadata key is not UTF-8")]
    public void ABrokenHeaderIsRefusedByItsPlace(int at, string hex, string sentence)
    {
        string path = Save(Tiny());
        byte[] bytes = File.ReadAllBytes(path);
        Convert.FromHexString(hex).CopyTo(bytes, at);
        File.WriteAllBytes(path, bytes);
        if (sentence.Length == 0)
            WeightsCatalog.Open(path).Dispose();
        else
            Refused(path, sentence);
    }

    [Fact]
    public void AFileThatIsCutOffNamesTheTensor()
    {
        string path = Save(Tiny());
        using (FileStream stream = File.OpenWrite(path))
            stream.SetLength(stream.Length - 40);
        Refused(path, "tensor 'output_norm.bias' needs 8 bytes from byte");
    }

    [Theory]
    [InlineData("tokenizer.ggml.model", "llama", "tokenizer.ggml.model is 'llama'; only gpt2")]
    [InlineData("tokenizer.ggml.pre", "llama-bpe", "tokenizer.ggml.pre is 'llama-bpe'; only gpt-2")]
    public void AnotherTokenizerIsRefusedByName(string key, string value, string sentence)
    {
        Dictionary<string, object> metadata = Tiny();
        metadata["tokenizer.ggml.model"] = "gpt2";
        metadata[key] = value;
        using ModelWeights model = WeightsCatalog.Open(Save(metadata));
        Assert.Contains(sentence, Assert.Throws<NotSupportedException>(() => ModelDirectory.LoadTokenizer(model.Path)).Message);
    }

    [Theory]
    [InlineData("f32")]
    [InlineData("q8_0")]
    public void ADamagedFileIsReadOrRefusedAndNothingElse(string type)
    {
        Write(type, Tokenizer()).Dispose();
        using ModelFuzz fuzz = new(_directory.File("model.gguf"));
        fuzz.Run(2_000);
        Assert.Equal(2_000, fuzz.Read + fuzz.Refused);
        Assert.InRange(fuzz.Refused, 200, 2_000);
    }

    private static Dictionary<string, object> Tiny() => new()
    {
        ["general.architecture"] = "gpt2",
        ["gpt2.context_length"] = 3u,
        ["gpt2.embedding_length"] = 2u,
        ["gpt2.block_count"] = 1u,
        ["gpt2.attention.head_count"] = 1u,
        ["gpt2.attention.layer_norm_epsilon"] = 1e-5f,
    };

    /// <summary>Writes a GGUF file of zeros with these metadata: 7 ids, width 2, one layer.</summary>
    private string Save(Dictionary<string, object> metadata, Action<GgufWriter>? extra = null)
    {
        GgufWriter writer = new();
        foreach ((string key, object value) in metadata)
        {
            if (value is string text)
                writer.Add(key, text);
            else if (value is float number)
                writer.Add(key, number);
            else
                writer.Add(key, (uint)value);
        }

        foreach (GptParameter parameter in GptParameter.Of(new GptConfig { NLayer = 1, NHead = 1, NEmbd = 2, ContextLength = 3, VocabSize = 7 }))
        {
            long[] shape = GgufNameMap.IsTransposed(parameter.Name) ? [.. parameter.Shape.Reverse()] : parameter.Shape;
            writer.AddTensor(GgufNameMap.FileName(parameter.Name), GgmlType.F32, shape, stream => stream.Write(new byte[4 * shape.Aggregate(1L, (product, size) => product * size)]));
        }

        extra?.Invoke(writer);
        writer.Save(_directory.File("made.gguf"));
        return _directory.File("made.gguf");
    }

    private static void Refused(string path, string sentence)
    {
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => WeightsCatalog.Open(path));
        Assert.StartsWith(path, problem.Message, StringComparison.Ordinal);
        Assert.Contains(sentence, problem.Message, StringComparison.Ordinal);
    }

    private ModelWeights Write(string type, Tokenizer? tokenizer = null, ModelWeights? from = null, string name = "model.gguf")
    {
        Gguf.Write(from ?? _golden, tokenizer, type, _directory.File(name));
        return WeightsCatalog.Open(_directory.File(name));
    }

    private byte[] Safetensors(ModelWeights model, string type, string name)
    {
        Directory.CreateDirectory(_directory.File(name));
        WeightsCatalog.All.Single(format => format.Name == "hf").Write(model, null, type, _directory.File(name));
        return File.ReadAllBytes(_directory.File($"{name}/model.safetensors"));
    }

    /// <summary>Writes a Hugging Face directory with one layer, in which all weights are 1 except one number.</summary>
    private string Small(int width, float number = 1)
    {
        GptConfig small = new() { NLayer = 1, NHead = 1, NEmbd = width, ContextLength = 3, VocabSize = 5 };
        string path = _directory.File("small");
        Directory.CreateDirectory(path);
        SafetensorsWriter writer = new();
        foreach (GptParameter parameter in GptParameter.Of(small))
        {
            float[] values = new float[parameter.Shape.Aggregate(1L, (product, size) => product * size)];
            Array.Fill(values, 1);
            values[^1] = parameter.Name == "h.0.mlp.c_proj.weight" ? number : 1;
            writer.Add(HuggingFaceNameMap.FileName(parameter.Name, small.Architecture), TensorDType.F32, parameter.Shape, MemoryMarshal.AsBytes<float>(values).ToArray());
        }

        HuggingFaceConfig.Write(path, small);
        writer.Save(Path.Combine(path, "model.safetensors"));
        return path;
    }

    /// <summary>
    /// Creates a tokenizer with the bytes, "th", "the", a non-special added token (always recognized in text), and the end of text.
    /// </summary>
    private static ByteLevelBpe Tokenizer()
    {
        byte[][] bytes = [.. Enumerable.Range(0, 256).Select(id => new[] { ByteAlphabet.ByteOfId(id, ByteOrder.Gpt2) })];
        int Id(char character) => Array.FindIndex(bytes, token => token[0] == character);
        return new ByteLevelBpe(
            [.. bytes, "th"u8.ToArray(), "the"u8.ToArray(), "<user>"u8.ToArray(), "<|endoftext|>"u8.ToArray()],
            [new BpeMerge(Id('t'), Id('h'), 256), new BpeMerge(256, Id('e'), 257)],
            [new AddedToken("<user>", 258, IsSpecial: false), new AddedToken("<|endoftext|>", 259)]);
    }

    private static float[] Floats(WeightTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        tensor.Read(0, values);
        return values;
    }

    private static float[] Turned(float[] values, long rows, long columns)
    {
        float[] turned = new float[values.Length];
        for (int row = 0; row < rows; row++)
        {
            for (int column = 0; column < columns; column++)
                turned[column * rows + row] = values[row * columns + column];
        }

        return turned;
    }

    private static float[] Rounded(float[] values)
    {
        byte[] blocks = new byte[values.Length / Q8Block.Length * Q8Block.Bytes];
        Q8Block.Quantize(values, blocks);
        float[] rounded = new float[values.Length];
        Q8Block.Dequantize(blocks, rounded);
        return rounded;
    }
}
