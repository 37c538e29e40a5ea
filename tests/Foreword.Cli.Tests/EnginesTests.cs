using Foreword.Cli;
using Foreword.Cpu;
using Foreword.Recipes;
using Foreword.Torch;

namespace Foreword.Tests;

/// <summary>The two engines beside each other.</summary>
public sealed class EnginesTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(GptArchitecture.Gpt1, 3, 96)]
    [InlineData(GptArchitecture.Gpt2, 2, 128)]
    [InlineData(GptArchitecture.Gpt2, 5, 75)] // a width and a head size that fill no vector
    public void TheyGiveTheSameLogitsAndTheSameGreedyText(GptArchitecture architecture, int heads, int width)
    {
        using TorchLanguageModel torch = new(new GptModel(Config(architecture, heads, width), seed: 3));
        ModelFiles.Save(new GptModel(Config(architecture, heads, width), seed: 3), _directory.Path, endOfTextId: null);
        using CpuLanguageModel cpu = CpuLanguageModel.Load(_directory.Path);
        int[] prompt = [.. Enumerable.Range(0, 99).Select(i => i * 31 % 500)];
        using IDecoder theirs = torch.NewDecoder(), ours = cpu.NewDecoder();
        int[] next = prompt;
        for (int i = 0; i < 200; i++)
        {
            float[] expected = theirs.Append(next).ToArray(), actual = ours.Append(next).ToArray();
            Assert.All(expected.Zip(actual), pair => Assert.Equal(pair.First, pair.Second, 2e-4f));
            Assert.Equal(Array.IndexOf(expected, expected.Max()), Array.IndexOf(actual, actual.Max()));
            next = [Array.IndexOf(expected, expected.Max())];
        }
    }

    [Theory]
    [InlineData(EngineChoice.Cpu, DeviceChoice.Auto, true)]
    [InlineData(EngineChoice.Auto, DeviceChoice.Cpu, true)]
    [InlineData(EngineChoice.Torch, DeviceChoice.Cpu, false)]
    public void TheProcessorIsPlainCSharps(object engine, DeviceChoice device, bool isCpu) => Assert.Equal(isCpu, Engines.IsCpu((EngineChoice)engine, device));

    [Fact]
    public void PlainCSharpOnAGpuIsWrongUsage() =>
        Assert.Contains("--device cuda", Assert.Throws<UsageException>(() => Engines.IsCpu(EngineChoice.Cpu, DeviceChoice.Cuda)).Message);

    private static GptConfig Config(GptArchitecture architecture, int heads, int width) => new()
    {
        Architecture = architecture,
        NLayer = 3,
        NHead = heads,
        NEmbd = width,
        ContextLength = 320,
        VocabSize = 500,
        InitializerRange = 0.1,
    };
}
