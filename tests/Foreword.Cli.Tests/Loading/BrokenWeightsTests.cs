using System.Runtime.InteropServices;
using Foreword.Tasks;
using Foreword.Tokenization.ByteLevel;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Cli.Tests.Loading;

/// <summary>Checks that no command computes with weights that are infinite or not a number, or prints results of such a computation.</summary>
public sealed class BrokenWeightsTests : IDisposable
{
    private const string Broken = "transformer.h.0.attn.c_proj.weight";

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("generate", "MODEL", "--prompt", "the", "--max-tokens", "3")]
    [InlineData("evaluate", "MODEL", "--tasks", "lambada", "--data", "DIR")]
    [InlineData("evaluate", "MODEL", "--tasks", "lambada", "--data", "DIR", "--engine", "cpu")]
    [InlineData("predict", "MODEL", "texts.txt", "--engine", "torch")]
    [InlineData("predict", "MODEL", "texts.txt", "--engine", "cpu")]
    [InlineData("evaluate-task", "MODEL", "table.csv")]
    [InlineData("convert", "MODEL", "new", "--format", "hf")]
    [InlineData("quantize", "MODEL", "--type", "int8", "--out", "new")]
    [InlineData("finetune", "MODEL", "--task", "classification", "--train", "table.csv", "--validation", "table.csv", "--columns", "text,label", "--out", "new")]
    [InlineData("verify", "weights", "MODEL", "--against", "LOGITS")]
    public void TheFileAndTheTensorAreNamed(params string[] command)
    {
        string model = Model(Broken, float.NaN);
        Cli run = Run(command, model);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"{Path.Combine(model, "model.safetensors")}: tensor '{Broken}' contains NaN", run.Err, StringComparison.Ordinal);
        Assert.DoesNotContain("NaN", run.Out, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("torch")]
    [InlineData("cpu")]
    public void ATaskHeadIsLookedAtToo(string engine)
    {
        string model = Model(Broken, 0, headBias: float.PositiveInfinity);
        Cli run = Run(["predict", "MODEL", "texts.txt", "--engine", engine], model);
        Assert.Equal(1, run.ExitCode);
        Assert.Contains($"{Path.Combine(model, TaskDescription.HeadFile)}: tensor 'clf.bias' contains infinity (element 1)", run.Err, StringComparison.Ordinal);
        Assert.Equal("", run.Out);
    }

    /// <summary>A finite weight that makes the model's outputs infinite.</summary>
    [Theory]
    [InlineData("cpu", "predict", "MODEL", "-")]
    [InlineData("torch", "predict", "MODEL", "-")]
    [InlineData("cpu", "evaluate", "MODEL", "--tasks", "lambada", "--data", "DIR")]
    [InlineData("torch", "evaluate", "MODEL", "--tasks", "lambada", "--data", "DIR")]
    public void FiniteWeightsThatOverflowGiveNoAnswerEither(string engine, params string[] command)
    {
        Cli run = Run([.. command, "--engine", engine], Model("transformer.ln_f.bias", 3e38f));
        Assert.Equal(1, run.ExitCode);
        Assert.Matches("error: the model's (output for an example|log-probability of a token) is (NaN|-?Infinity): its weights are too large or damaged", run.Err);
    }

    private Cli Run(string[] command, string model)
    {
        _directory.Write("texts.txt", "the weather\n");
        _directory.Write("table.csv", "text,label\nthe weather,a\nit rains,b\nthe sun,a\nit snows,b\n");
        Directory.CreateDirectory(_directory.File("lambada"));
        File.WriteAllText(_directory.File("lambada/test.txt"), "the weather is good today\n");
        SafetensorsWriter logits = new();
        logits.Add("input_ids", TensorDType.I64, [1, 1], new byte[8]);
        logits.Add("logits", TensorDType.F32, [1, 1, 300], new byte[1200]);
        logits.Save(_directory.File("logits.safetensors"));
        return Cli.RunWithInput("hello\n", [.. command.Select(word => word switch
        {
            "MODEL" => model,
            "DIR" => _directory.Path,
            "LOGITS" => _directory.File("logits.safetensors"),
            "texts.txt" or "table.csv" or "new" => _directory.File(word),
            _ => word,
        })]);
    }

    /// <summary>Creates a classifier on the golden GPT-2 and replaces the first values of one tensor.</summary>
    private string Model(string tensor, float weight, float headBias = 0)
    {
        string model = _directory.File("model"), golden = Fixtures.Path("golden/gpt2-tiny");
        Directory.CreateDirectory(model);
        byte[] bytes = File.ReadAllBytes(Path.Combine(golden, "model.safetensors"));
        using (SafetensorsFile file = SafetensorsFile.Open(Path.Combine(golden, "model.safetensors")))
        {
            TensorInfo info = file.Tensor(tensor);
            for (int i = 0; i < Math.Min(info.ElementCount, 64); i++)
                BitConverter.TryWriteBytes(bytes.AsSpan((int)info.Offset + 4 * i), weight);
        }

        File.WriteAllBytes(Path.Combine(model, "model.safetensors"), bytes);
        File.Copy(Path.Combine(golden, "config.json"), Path.Combine(model, "config.json"));
        new BpeTrainer { VocabSize = 297 }.Train([File.ReadAllText(Fixtures.Path("golden/tokenizers/bpe-train-corpus.txt"))]).Save(model);
        new TaskDescription { Kind = "classification", Target = TargetKind.Classes, Labels = ["a", "b"], Tokens = TaskTokens.After(297), ContextLength = 64, Columns = ["text", "label"] }.Save(model);
        float[] head = [.. Enumerable.Range(0, 64).Select(i => i % 7 - 3f)];
        SafetensorsWriter writer = new();
        writer.Add("clf.weight", TensorDType.F32, [2, 32], MemoryMarshal.AsBytes(head.AsSpan()).ToArray());
        writer.Add("clf.bias", TensorDType.F32, [2], MemoryMarshal.AsBytes<float>([0, headBias]).ToArray());
        writer.Save(Path.Combine(model, TaskDescription.HeadFile));
        return model;
    }
}
