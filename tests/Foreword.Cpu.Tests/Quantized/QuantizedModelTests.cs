using CsCheck;
using Foreword.Cpu.Quantized;
using Foreword.Models;
using Foreword.Tokenization.Files;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;
using Foreword.Weights.Quantized;

namespace Foreword.Cpu.Tests.Quantized;

public sealed class QuantizedModelTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("gpt1-tiny", WeightType.Int8)]
    [InlineData("gpt2-tiny", WeightType.Int8)]
    [InlineData("gpt2-tiny", WeightType.Int4)]
    public void WhatIsWrittenGivesTheLogitsOfTheModelQuantizedInMemory(string name, WeightType type)
    {
        Write(name, type);
        using CpuLanguageModel stored = CpuLanguageModel.Load(_directory.Path), inMemory = CpuLanguageModel.Load(Fixtures.Path($"golden/{name}"), type);
        using IDecoder a = stored.CreateDecoder(), b = inMemory.CreateDecoder();
        Assert.Equal(b.Append([1, 2, 3]).ToArray(), a.Append([1, 2, 3]).ToArray());
        Assert.Equal(b.Append([4]).ToArray(), a.Append([4]).ToArray());
    }

    [Theory]
    [InlineData(WeightType.Bf16, 0.05, 0.015)] // inputs, weights, keys and values have 8 bits of mantissa, and another order of sums rounds some of them to the neighbor
    [InlineData(WeightType.Int8, 0.15, 0.015)] // a width of 32 is half a block: little averages out
    [InlineData(WeightType.Int4, 0.6, 0.06)]
    public void EveryTypeStaysNearFloat32OneTokenAtATimeAndMany(WeightType type, double tolerance, double togetherTolerance)
    {
        using CpuLanguageModel rounded = CpuLanguageModel.Load(Fixtures.Path("golden/gpt2-tiny"), type), exact = CpuLanguageModel.Load(Fixtures.Path("golden/gpt2-tiny"));
        int[] tokens = [.. Enumerable.Range(0, 20).Select(i => i * 17 % 300)];
        using IDecoder single = rounded.CreateDecoder(), many = rounded.CreateDecoder(), reference = exact.CreateDecoder();
        float[] last = [];
        foreach (int token in tokens)
            last = single.Append([token]).ToArray();
        float[] together = many.Append(tokens).ToArray(), expected = reference.Append(tokens).ToArray();
        for (int i = 0; i < 300; i++)
        {
            Assert.Equal(expected[i], last[i], tolerance);
            Assert.Equal(last[i], together[i], togetherTolerance);
        }
    }

    [Fact]
    public void AQuantizedModelIsNotReadAsAnotherType()
    {
        Write("gpt2-tiny", WeightType.Int8);
        Assert.Contains("quantized to Int8", Assert.Throws<ArgumentException>(() => CpuLanguageModel.Load(_directory.Path, WeightType.F32)).Message);
    }

    [Theory]
    [InlineData(WeightType.F32, CacheType.F32)]
    [InlineData(WeightType.Bf16, CacheType.Bf16)]
    [InlineData(WeightType.Int8, CacheType.Bf16)]
    [InlineData(WeightType.Int4, CacheType.Bf16)]
    public void UnlessGivenTheCacheIsAsExactAsTheWeights(WeightType weights, CacheType cache)
    {
        string path = Fixtures.Path("golden/gpt2-tiny");
        using CpuLanguageModel unsaid = CpuLanguageModel.Load(path, weights), same = CpuLanguageModel.Load(path, weights, cache: cache);
        using CpuLanguageModel other = CpuLanguageModel.Load(path, weights, cache: cache == CacheType.F32 ? CacheType.Bf16 : CacheType.F32);
        int[] tokens = [.. Enumerable.Range(0, 30)];
        Assert.Equal(same.LogProbs([tokens])[0], unsaid.LogProbs([tokens])[0]);
        Assert.NotEqual(other.LogProbs([tokens])[0], unsaid.LogProbs([tokens])[0]);
    }

    [Theory]
    [InlineData("""{"version":1,"type":"int8"}""", "version is missing or not 2; quantize the model again")]
    [InlineData("""{"version":2,"type":"int8"}""", "xxh3, the checksums, is missing or not an object")]
    [InlineData("""{"version":2,"type":"int8","xxh3":{"wte.weight":1}}""", "xxh3 of 'wte.weight' is not a string")]
    [InlineData("""{"version":2,"type":"int9"}""", "type is 'int9'; expected int8 or int4")]
    [InlineData("""{"version":2}""", "type is missing")]
    [InlineData("""[]""", "not a JSON object")]
    [InlineData("""{"version":2""", "not well-formed JSON")]
    public void ABrokenManifestIsRefused(string manifest, string fault)
    {
        Write("gpt2-tiny", WeightType.Int8);
        string path = _directory.Write(QuantizedModelFormat.ManifestFile, manifest);
        string message = Assert.Throws<InvalidDataException>(() => CpuLanguageModel.Load(_directory.Path)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(fault, message);
    }

    [Fact]
    public void WeightsOfTheOtherTypeAreListed()
    {
        Write("gpt2-tiny", WeightType.Int8);
        _directory.Write(QuantizedModelFormat.ManifestFile, """{"version":2,"type":"int4","xxh3":{}}""");
        string message = Assert.Throws<InvalidDataException>(() => CpuLanguageModel.Load(_directory.Path)).Message;
        Assert.Contains(QuantizedModelFormat.WeightsFile, message);
        Assert.Contains("h.0.attn.c_attn.weight is U8", message);
    }

    [Fact]
    public void AnyChangeOfTheHeaderIsReadOrRefusedButNeverFails()
    {
        Write("gpt2-tiny", WeightType.Int4);
        string path = _directory.File(QuantizedModelFormat.WeightsFile);
        byte[] whole = File.ReadAllBytes(path);
        int header = 8 + BitConverter.ToInt32(whole);
        Gen.Select(Gen.Int[0, header - 1], Gen.Byte, Gen.Bool, Gen.Int[0, whole.Length]).Sample((place, value, cut, length) =>
        {
            byte[] broken = [.. cut ? whole[..length] : whole];
            if (place < broken.Length)
                broken[place] = value;
            File.WriteAllBytes(path, broken);
            try
            {
                using CpuLanguageModel model = CpuLanguageModel.Load(_directory.Path, threads: 1);
            }
            catch (InvalidDataException problem)
            {
                Assert.Contains(path, problem.Message);
            }
        }, iter: 300, threads: 1);
    }

    [Theory]
    [InlineData("h.1.mlp.c_fc.weight")]
    [InlineData("h.0.attn.c_proj.weight.scales")]
    [InlineData("wte.weight")]
    public void ADamagedTensorIsRefusedByName(string tensor)
    {
        Write("gpt2-tiny", WeightType.Int8);
        string path = _directory.File(QuantizedModelFormat.WeightsFile);
        byte[] bytes = File.ReadAllBytes(path);
        using (SafetensorsFile file = SafetensorsFile.Open(path))
            bytes[file.Tensor(tensor).Offset + file.Tensor(tensor).Length / 2] ^= 1;
        File.WriteAllBytes(path, bytes);
        string message = Assert.Throws<InvalidDataException>(() => CpuLanguageModel.Load(_directory.Path)).Message;
        Assert.Equal($"{path}: tensor '{tensor}' differs from the checksum in {QuantizedModelFormat.ManifestFile}: the file is damaged or another model's", message);
    }

    [Theory]
    [InlineData(WeightType.Int8, float.NaN)]
    [InlineData(WeightType.Int8, float.NegativeInfinity)]
    [InlineData(WeightType.Int4, float.NaN)]
    [InlineData(WeightType.Int4, float.PositiveInfinity)]
    public void AWeightThatIsNotFiniteIsNotQuantized(WeightType type, float weight)
    {
        File.Copy(Fixtures.Path("golden/gpt2-tiny/config.json"), _directory.File("config.json"));
        byte[] bytes = File.ReadAllBytes(Fixtures.Path("golden/gpt2-tiny/model.safetensors"));
        using (SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path("golden/gpt2-tiny/model.safetensors")))
            BitConverter.TryWriteBytes(bytes.AsSpan((int)file.Tensors.Values.Single(tensor => tensor.Name.EndsWith("h.1.mlp.c_fc.weight", StringComparison.Ordinal)).Offset), weight);
        File.WriteAllBytes(_directory.File("model.safetensors"), bytes);
        using ModelWeights weights = WeightsCatalog.Open(_directory.Path);
        Assert.Contains("h.1.mlp.c_fc.weight' contains ", Assert.Throws<InvalidDataException>(() => QuantizedModel.Write(weights, type, _directory.Path, TextEnds.None)).Message);
        Assert.False(File.Exists(_directory.File(QuantizedModelFormat.WeightsFile)));
    }

    private void Write(string name, WeightType type)
    {
        using ModelWeights weights = WeightsCatalog.Open(Fixtures.Path($"golden/{name}"));
        QuantizedModel.Write(weights, type, _directory.Path, TextEnds.None);
    }
}
