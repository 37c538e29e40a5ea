using System.Diagnostics;
using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.Json;
using Foreword.Generation;
using Foreword.Models;
using Foreword.Tokenization;
using Foreword.Tokenization.Files;
using Foreword.Torch.Inference;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests;

/// <summary>
/// Opens our GGUF files in llama.cpp. Its token ids and its greedy continuation in float32 must be the same as ours. Needs Node.js and a folder
/// in which <c>npm install node-llama-cpp</c> was run. FOREWORD_NODE_LLAMA_CPP names the folder. FOREWORD_LLAMA_CPP_MODEL may name another
/// model directory.
/// </summary>
public sealed class LlamaCppTests : IDisposable
{
    private const string FolderVariable = "FOREWORD_NODE_LLAMA_CPP", ModelVariable = "FOREWORD_LLAMA_CPP_MODEL";
    private const int NewTokens = 24;

    private static readonly string[] Prompts =
    [
        "Hello world, this is", "The quick brown fox", "Returns the", "I'll say they've seen it, he'd", "In 1984 and 2,026", "for (int i = 0; i < n; i++)\n{\n    sum += i;",
        "  two spaces first", "a tab\tand a\r\nline", "Größe, naïve, Ærøskøbing", "日本語のテキスト", "Привет, мир", "🙂🙃 emoji", "e\u0301 combining", "ALL CAPS AND lower",
        "x = [1, 2, 3]", "https://example.com/a?b=c&d=e", "\"quoted\" — dashed… dots", "trailing space ", "\n\n\nlines", "the end.",
    ];

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ARandomModelWritesTheSameTokensInLlamaCpp() => Compare(() =>
    {
        // Large weights make the logits differ clearly, so that no two are within rounding error of each other.
        GptConfig config = new() { NLayer = 4, NHead = 4, NEmbd = 128, ContextLength = 128 };
        string path = _directory.File("random");
        Directory.CreateDirectory(path);
        Random random = new(20);
        SafetensorsWriter writer = new();
        foreach (GptParameter parameter in GptParameter.Of(config))
        {
            float[] values = new float[parameter.Shape.Aggregate(1L, (product, size) => product * size)];
            bool isNorm = parameter.Name.Contains("ln_", StringComparison.Ordinal) && parameter.Name.EndsWith("weight", StringComparison.Ordinal);
            for (int i = 0; i < values.Length; i++)
                values[i] = (isNorm ? 1 : 0) + 0.3f * (float)(random.NextDouble() + random.NextDouble() + random.NextDouble() - 1.5);
            writer.Add(HuggingFaceNameMap.FileName(parameter.Name, config.Architecture), TensorDType.F32, parameter.Shape, MemoryMarshal.AsBytes<float>(values).ToArray());
        }

        writer.Save(Path.Combine(path, "model.safetensors"));
        Tokenizer tokenizer = ModelDirectory.LoadTokenizer(Fixtures.Path("gpt2-vocab"));
        HuggingFaceConfig.Write(path, config, TextEnds.FromTokenizer(tokenizer));
        tokenizer.Save(path);
        return path;
    });

    [Fact]
    public void AModelOfOnesOwnWritesTheSameTokensInLlamaCpp() => Compare(() =>
    {
        string? model = Environment.GetEnvironmentVariable(ModelVariable);
        Assert.SkipWhen(string.IsNullOrEmpty(model), $"{ModelVariable} names no model");
        return model!;
    });

    private void Compare(Func<string> source)
    {
        string? folder = Environment.GetEnvironmentVariable(FolderVariable);
        Assert.SkipWhen(string.IsNullOrEmpty(folder), $"{FolderVariable} names no folder in which node-llama-cpp is installed (npm install node-llama-cpp)");
        string gguf = _directory.File("model.gguf");
        using (ModelWeights model = WeightsCatalog.Open(source()))
            WeightsCatalog.All.Single(format => format.Name == "gguf").Write(model, ModelDirectory.LoadTokenizer(model.Path), "f32", gguf);
        IReadOnlyList<(int[] Ids, int[] Tokens)> theirs = InLlamaCpp(folder!, gguf);

        using ModelWeights written = WeightsCatalog.Open(gguf);
        Tokenizer tokenizer = ModelDirectory.LoadTokenizer(written.Path);
        using TorchLanguageModel ours = new(ModelFiles.Load(gguf, Precision.Fp32, CPU));
        TextGenerator generator = new(ours, tokenizer);
        SamplingOptions greedy = new() { Temperature = 0, MaxTokens = NewTokens };
        Assert.Equal(Prompts.Length, theirs.Count);
        for (int i = 0; i < Prompts.Length; i++)
        {
            Assert.Equal(tokenizer.Encode(Prompts[i]), theirs[i].Ids);
            Assert.Equal(generator.Generate(Prompts[i], greedy).Ids, theirs[i].Tokens.TakeWhile(token => token != tokenizer.EndOfTextId));
        }
    }

    private List<(int[] Ids, int[] Tokens)> InLlamaCpp(string folder, string gguf)
    {
        string prompts = _directory.Write("prompts.json", JsonSerializer.Serialize(Prompts));
        using Process node = Process.Start(new ProcessStartInfo("node", [Path.Combine(AppContext.BaseDirectory, "llama.mjs"), folder, gguf, prompts, NewTokens.ToString(CultureInfo.InvariantCulture)])
        {
            RedirectStandardOutput = true,
        })!;
        string output = node.StandardOutput.ReadToEnd();
        node.WaitForExit();
        Assert.Equal(0, node.ExitCode);
        using JsonDocument json = JsonDocument.Parse(output);
        return [.. json.RootElement.EnumerateArray().Select(result => (Numbers(result.GetProperty("ids")), Numbers(result.GetProperty("tokens"))))];

        static int[] Numbers(JsonElement array) => [.. array.EnumerateArray().Select(number => number.GetInt32())];
    }
}
