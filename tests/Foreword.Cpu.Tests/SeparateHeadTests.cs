using Foreword.Cpu.Quantized;
using Foreword.Models;
using Foreword.Tests.Contracts;
using Foreword.Tokenization.Files;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;
using Foreword.Weights.Quantized;

namespace Foreword.Cpu.Tests;

/// <summary>Stores models whose output layer is not the token embedding in every type. LanguageModelContract checks their float32 results.</summary>
public sealed class SeparateHeadTests
{
    private const int Vocabulary = 97, Length = 17;

    [Theory]
    [InlineData("gpt2-untied", WeightType.Bf16, 0.03)]
    [InlineData("gpt2-untied", WeightType.Int8, 0.15)] // a width of 32 is half a block: little averages out
    [InlineData("gpt1-untied", WeightType.Int8, 0.15)]
    [InlineData("gpt2-untied", WeightType.Int4, 1)]
    public void EveryTypeStaysNearTheRecordedLogits(string name, WeightType type, float tolerance)
    {
        using CpuLanguageModel model = CpuLanguageModel.Load(Fixtures.Path($"golden/{name}"), type);
        using IDecoder decoder = model.CreateDecoder();
        float[] logits = GoldenFile.Floats($"{name}/logits.safetensors", "logits");
        LanguageModelContract.AssertClose(logits.AsSpan((Length - 1) * Vocabulary, Vocabulary), decoder.Append(GoldenFile.Ids($"{name}/logits.safetensors", "input_ids").AsSpan()[..Length]), tolerance);
    }

    [Theory]
    [InlineData(WeightType.Int8)]
    [InlineData(WeightType.Int4)]
    public void AQuantizedModelHoldsTheHeadOnceAndGivesTheLogitsOfTheModelQuantizedInMemory(WeightType type)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        using (ModelWeights weights = WeightsCatalog.Open(Fixtures.Path("golden/gpt2-untied")))
            QuantizedModel.Write(weights, type, directory.Path, TextEnds.None);
        using (SafetensorsFile file = SafetensorsFile.Open(directory.File(QuantizedModelFormat.WeightsFile)))
            Assert.Equal((TensorDType.U8, TensorDType.F32), (file.Tensor("lm_head.weight").DType, file.Tensor("wte.weight").DType));
        using CpuLanguageModel stored = CpuLanguageModel.Load(directory.Path), inMemory = CpuLanguageModel.Load(Fixtures.Path("golden/gpt2-untied"), type);
        using IDecoder a = stored.CreateDecoder(), b = inMemory.CreateDecoder();
        Assert.Equal(b.Append([1, 2, 3]).ToArray(), a.Append([1, 2, 3]).ToArray());
    }
}
