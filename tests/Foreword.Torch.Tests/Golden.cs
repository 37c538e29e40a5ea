using Foreword.Models;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests;

/// <summary>Reads the recorded references of tests/fixtures/golden: models, inputs and the results that PyTorch computed from them.</summary>
internal static class Golden
{
    public static GptConfig Config(string name) => name.EndsWith("-untied", StringComparison.Ordinal) ? (GptConfig)HuggingFaceConfig.Read(Fixtures.Path($"golden/{name}")) : new()
    {
        Architecture = name == "gpt1-tiny" ? ModelArchitecture.Gpt1 : ModelArchitecture.Gpt2,
        NLayer = 3,
        NHead = 4,
        NEmbd = 32,
        ContextLength = 64,
        VocabSize = 300,
        EmbdDropout = 0,
        AttnDropout = 0,
        ResidDropout = 0,
    };

    public static GptModel Model(string name)
    {
        GptModel model = new(Config(name));
        using var noGradient = no_grad();
        Dictionary<string, Tensor> weights = Tensors(name, "model.safetensors");
        foreach (var (parameterName, parameter) in model.named_parameters())
        {
            parameter.copy_(weights[parameterName]);
            weights.Remove(parameterName);
        }

        Assert.Empty(weights);
        return model;
    }

    /// <summary>Reads the tensors of a file, float32 or int64, under the parameter names of the model.</summary>
    public static Dictionary<string, Tensor> Tensors(string name, string file)
    {
        using SafetensorsFile tensors = SafetensorsFile.Open(Fixtures.Path($"golden/{name}/{file}"));
        return tensors.Tensors.Values.ToDictionary(t => ParameterName(t.Name), t => Load(tensors, t));
    }

    public static string ParameterName(string stored) => stored
        .Replace("transformer.", "", StringComparison.Ordinal)
        .Replace("tokens_embed", "wte", StringComparison.Ordinal)
        .Replace("positions_embed", "wpe", StringComparison.Ordinal);

    /// <summary>Computes the mean cross entropy in nats over all positions from all logits at once, with autograd: the plain version of the training loss.</summary>
    public static Tensor Loss(LanguageModule model, Tensor ids, Tensor targets)
    {
        using var scope = NewDisposeScope();
        return nn.functional.cross_entropy(model.forward(ids).view(-1, model.Config.VocabSize), targets.view(-1), ignore_index: -1).MoveToOuterDisposeScope();
    }

    public static float Difference(Tensor a, Tensor b) => (a - b).abs().max().item<float>();

    private static Tensor Load(SafetensorsFile file, TensorInfo info)
    {
        if (info.DType == TensorDType.I64)
            return tensor(System.Runtime.InteropServices.MemoryMarshal.Cast<byte, long>(file.Bytes(info.Name)).ToArray(), int64).reshape(info.Shape);
        float[] values = new float[info.ElementCount];
        file.CopyTo(info.Name, values);
        return tensor(values).reshape(info.Shape);
    }
}
