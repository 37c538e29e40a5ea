using Foreword.Models;
using Foreword.Weights;
using Foreword.Weights.Catalog;

namespace Foreword.Tests.Weights.PyTorch;

/// <summary>Tests checkpoints that nanoGPT's own code wrote (see fixtures/formats/README.md).</summary>
public sealed class TorchCheckpointFormatTests
{
    /// <summary>nanoGPT writes no biases with <c>bias=False</c>, not even those of the LayerNorms.</summary>
    [Theory]
    [InlineData("ckpt.pt", false)]
    [InlineData("ckpt-bias.pt", true)]
    public void AModelWithoutBiasesHasBiasesOfZero(string name, bool hasBiases)
    {
        using ModelWeights model = WeightsCatalog.Open(Fixtures.Path($"formats/nanogpt/{name}"));
        Assert.Equal("torch", model.Format.Name);
        GptConfig config = (GptConfig)model.Config;
        Assert.Equal(GptParameter.Of(config).Select(parameter => parameter.Name), model.Tensors.Select(tensor => tensor.Name));
        foreach (WeightTensor tensor in model.Tensors)
        {
            float[] values = new float[tensor.ElementCount];
            Array.Fill(values, float.NaN);
            tensor.Read(0, values);
            bool isBias = tensor.Name.EndsWith(".bias", StringComparison.Ordinal);
            Assert.Equal(isBias && !hasBiases, values.All(value => value == 0));
        }
    }
}
