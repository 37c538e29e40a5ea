using Foreword.Cpu.Quantized;
using Foreword.Models;
using Foreword.Tokenization.Files;
using Foreword.Weights;
using Foreword.Weights.Catalog;

namespace Foreword.Cpu.Tests;

/// <summary>Quantizes models with other activations, widths and attention scales. LanguageModelContract checks their float32 results.</summary>
public sealed class VariantsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("gpt2", "relu")]
    [InlineData("gpt2", "unscaled-by-layer")]
    [InlineData("gpt2-inner", "narrow")]
    [InlineData("gpt1", "silu")]
    public void AQuantizedModelKeepsTheComputation(string model, string name)
    {
        VariantCases.Write(model, name, _directory);
        string target = _directory.File("quantized");
        Directory.CreateDirectory(target);
        using (ModelWeights weights = WeightsCatalog.Open(_directory.Path))
            QuantizedModel.Write(weights, WeightType.Int8, target, TextEnds.None);
        using CpuLanguageModel stored = CpuLanguageModel.Load(target), inMemory = CpuLanguageModel.Load(_directory.Path, WeightType.Int8);
        Assert.Equal(inMemory.Config, stored.Config);
        Assert.NotEmpty(stored.Config.Deviations);
        using IDecoder a = stored.CreateDecoder(), b = inMemory.CreateDecoder();
        Assert.Equal(b.Append([1, 2, 3]).ToArray(), a.Append([1, 2, 3]).ToArray());
    }
}
