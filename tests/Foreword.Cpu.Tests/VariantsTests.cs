using Foreword.Cpu.Quantized;
using Foreword.Models;
using Foreword.Weights;

namespace Foreword.Cpu.Tests;

/// <summary>Other activations, widths and attention scales, and nanoGPT's checkpoints, beside what PyTorch computed (fixtures/golden/variants.py).</summary>
public sealed class VariantsTests : IDisposable
{
    private const int Vocabulary = 61, Length = 19, Prompt = 5;

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public static TheoryData<string, string> Cases => [.. VariantCases.All.Select(entry => new TheoryDataRow<string, string>(entry.Model, entry.Case))];

    public void Dispose() => _directory.Dispose();

    [Theory, MemberData(nameof(Cases))]
    public void LogitsScoresAndGreedyTokensAreTheRecordedOnes(string model, string name)
    {
        VariantCases.Write(model, name, _directory);
        string expected = $"variants/{model}/expected.safetensors";
        int[] ids = GoldenFile.Ids(expected, "input_ids"), greedy = GoldenFile.Ids(expected, $"{name}.greedy");
        float[] logits = GoldenFile.Floats(expected, $"{name}.logits");
        using CpuLanguageModel loaded = CpuLanguageModel.Load(_directory.Path);
        double sum = 0;
        for (int row = 0; row < 2; row++)
        {
            int[] text = ids[(row * Length)..((row + 1) * Length)];
            using IDecoder oneByOne = loaded.NewDecoder(), whole = loaded.NewDecoder(), writer = loaded.NewDecoder();
            for (int t = 0; t < Length; t++)
                CpuLanguageModelTests.AssertClose(logits.AsSpan((row * Length + t) * Vocabulary, Vocabulary), oneByOne.Append([text[t]]), 1e-4f);
            CpuLanguageModelTests.AssertClose(logits.AsSpan((row * Length + Length - 1) * Vocabulary, Vocabulary), whole.Append(text), 1e-4f);
            int[] written = greedy[(row * greedy.Length / 2)..((row + 1) * greedy.Length / 2)], next = written[..Prompt];
            for (int t = Prompt; t < written.Length; t++)
            {
                next = [CpuLanguageModelTests.Best(writer.Append(next))];
                Assert.Equal(written[t], next[0]);
            }

            sum += loaded.LogProbs([text])[0].Sum();
        }

        Assert.Equal(GoldenFile.Floats(expected, $"{name}.loss")[0], -sum / (2 * (Length - 1)), 1e-4);
    }

    [Theory]
    [InlineData("gpt2", "relu")]
    [InlineData("gpt2", "unscaled-by-layer")]
    [InlineData("gpt2-inner", "narrow")]
    [InlineData("gpt1", "silu")]
    public void AQuantisedModelKeepsTheComputation(string model, string name)
    {
        VariantCases.Write(model, name, _directory);
        string target = _directory.File("quantised");
        Directory.CreateDirectory(target);
        using (ModelWeights weights = WeightsFormat.Open(_directory.Path))
            QuantizedModel.Write(weights, WeightType.Int8, target, endOfTextId: null);
        using CpuLanguageModel stored = CpuLanguageModel.Load(target), inMemory = CpuLanguageModel.Load(_directory.Path, WeightType.Int8);
        Assert.Equal(inMemory.Config, stored.Config);
        Assert.NotEmpty(stored.Config.Deviations);
        using IDecoder a = stored.NewDecoder(), b = inMemory.NewDecoder();
        Assert.Equal(b.Append([1, 2, 3]).ToArray(), a.Append([1, 2, 3]).ToArray());
    }

    /// <summary>Written by nanoGPT's own code with the optimizer beside, names as torch.compile has them; without and with biases.</summary>
    [Theory]
    [InlineData("ckpt")]
    [InlineData("ckpt-bias")]
    public void NanoGptsCheckpointGivesItsLogits(string name)
    {
        using CpuLanguageModel model = CpuLanguageModel.Load(Fixtures.Path($"formats/nanogpt/{name}.pt"));
        Assert.Equal(new GptConfig { NLayer = 2, NHead = 2, NEmbd = 16, ContextLength = 24, VocabSize = 61, EmbdDropout = 0, AttnDropout = 0, ResidDropout = 0, Activation = Activation.Gelu }, model.Config);
        int[] ids = GoldenFile.Ids($"../formats/nanogpt/{name}.expected.safetensors", "input_ids");
        float[] logits = GoldenFile.Floats($"../formats/nanogpt/{name}.expected.safetensors", "logits");
        using IDecoder decoder = model.NewDecoder();
        for (int t = 0; t < Length; t++)
            CpuLanguageModelTests.AssertClose(logits.AsSpan(t * Vocabulary, Vocabulary), decoder.Append([ids[t]]), 1e-4f);
    }
}
