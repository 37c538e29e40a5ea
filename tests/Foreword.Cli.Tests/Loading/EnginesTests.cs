using System.CommandLine;
using Foreword.Cli.Loading;
using Foreword.Cli.Options;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Torch;
using Foreword.Torch.Inference;
using Foreword.Weights.Catalog;

namespace Foreword.Cli.Tests.Loading;

/// <summary>Compares the two engines.</summary>
public sealed class EnginesTests : IDisposable
{
    private const string TrainedModelVariable = "FOREWORD_TRAINED_MODEL";

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(ModelArchitecture.Gpt1, 3, 96)]
    [InlineData(ModelArchitecture.Gpt2, 2, 128)]
    [InlineData(ModelArchitecture.Gpt2, 5, 75)] // a width and a head size that fill no whole vector
    public void TheyGiveTheSameLogitsAndTheSameGreedyText(ModelArchitecture architecture, int heads, int width)
    {
        using TorchLanguageModel torch = new(new GptModel(Config(architecture, heads, width), seed: 3));
        ModelFiles.Save(new GptModel(Config(architecture, heads, width), seed: 3), _directory.Path, TextEnds.None);
        using CpuLanguageModel cpu = CpuLanguageModel.Load(_directory.Path);
        Compare(torch, cpu, [.. Enumerable.Range(0, 99).Select(i => i * 31 % 500)]);
    }

    [Fact]
    public void SoTheyDoWithoutTheFinalNorm()
    {
        GptConfig config = Config(ModelArchitecture.Gpt2, 2, 128) with { WithoutFinalNorm = true };
        using TorchLanguageModel torch = new(new GptModel(config, seed: 3));
        ModelFiles.Save(new GptModel(config, seed: 3), _directory.Path, TextEnds.None);
        using CpuLanguageModel cpu = CpuLanguageModel.Load(_directory.Path);
        Compare(torch, cpu, [.. Enumerable.Range(0, 99).Select(i => i * 31 % 500)]);
    }

    /// <summary>Trained weights are larger than random ones, and so are their logits.</summary>
    [Fact]
    public void SoTheyDoForATrainedModel()
    {
        string? directory = Environment.GetEnvironmentVariable(TrainedModelVariable);
        Assert.SkipWhen(directory is null, $"{TrainedModelVariable} names no run or model directory, such as quickstart's");
        using TorchLanguageModel torch = new(ModelFiles.Load(ModelDirectory.Resolve(directory!), Precision.Fp32, TorchSharp.torch.CPU));
        using CpuLanguageModel cpu = CpuLanguageModel.Load(directory!);
        Tokenizer tokenizer = ModelDirectory.LoadTokenizer(directory!);
        foreach (string prompt in (string[])["Returns the", "Gets or sets a value", "It was the best of times", "1, 2, 3, "])
            Compare(torch, cpu, tokenizer.Encode(prompt));
    }

    /// <summary>Generates 200 greedy tokens and compares the logits of each step.</summary>
    private static void Compare(TorchLanguageModel torch, CpuLanguageModel cpu, int[] prompt)
    {
        using IDecoder theirs = torch.CreateDecoder(), ours = cpu.CreateDecoder();
        int[] next = prompt;
        float largest = 0;
        for (int i = 0; i < 200; i++)
        {
            float[] expected = theirs.Append(next).ToArray(), actual = ours.Append(next).ToArray();
            largest = Math.Max(largest, expected.Zip(actual).Max(pair => Math.Abs(pair.First - pair.Second)));
            Assert.InRange(largest, 0, 2e-4f);
            Assert.Equal(Array.IndexOf(expected, expected.Max()), Array.IndexOf(actual, actual.Max()));
            next = [Array.IndexOf(expected, expected.Max())];
        }

        TestContext.Current.SendDiagnosticMessage($"largest difference of logits {largest}");
    }

    [Fact]
    public void ACacheInBFloat16IsPlainCSharpsOnly()
    {
        ModelFiles.Save(new GptModel(Config(ModelArchitecture.Gpt2, 2, 64), seed: 3), _directory.Path, TextEnds.None);
        string message = Assert.Throws<UsageException>(() => OpenedModel.Open(_directory.Path, DeviceChoice.Cpu, EngineChoice.Torch, CacheType.Bf16)).Message;
        Assert.Equal("--cache bf16 is for --engine cpu; libtorch stores keys and values in f32", message);
    }

    [Theory]
    [InlineData("bf16")]
    [InlineData("BF16")]
    [InlineData("Bf16")]
    public void TheFormatOfACacheMayBeWrittenInAnyCase(string value)
    {
        Option<CacheType?> cache = Engines.CacheOption();
        Assert.Equal(CacheType.Bf16, new RootCommand { cache }.Parse(["--cache", value]).GetValue(cache));
    }

    [Fact]
    public void TheHelpSpellsTheFormatOfACacheInOneWay()
    {
        string help = Cli.Run("generate", "--help").Out;
        Assert.Contains("--cache <f32|bf16>", help, StringComparison.Ordinal);
        Assert.DoesNotContain("Bf16", help, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(EngineChoice.Cpu, DeviceChoice.Auto, true)]
    [InlineData(EngineChoice.Auto, DeviceChoice.Cpu, true)]
    [InlineData(EngineChoice.Torch, DeviceChoice.Cpu, false)]
    public void TheProcessorIsPlainCSharps(object engine, DeviceChoice device, bool isCpu) => Assert.Equal(isCpu, Engines.IsCpu((EngineChoice)engine, device));

    [Fact]
    public void PlainCSharpOnAGpuIsWrongUsage() =>
        Assert.Contains("--device cuda", Assert.Throws<UsageException>(() => Engines.IsCpu(EngineChoice.Cpu, DeviceChoice.Cuda)).Message);

    private static GptConfig Config(ModelArchitecture architecture, int heads, int width) => new()
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
