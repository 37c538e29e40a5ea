using Foreword.Models;
using Foreword.Torch.Inference;
using Foreword.Torch.Paths;
using Foreword.Weights.HuggingFace;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests;

public sealed class LstmModelTests
{
    public static TheoryData<string> Models => ["lstm-tiny/tied", "lstm-tiny/untied"];

    private static readonly LstmConfig Small = new() { NEmbd = 16, NHidden = 24, VocabSize = 40, ContextLength = 12, EmbdDropout = 0, HiddenDropout = 0 };

    [Theory, MemberData(nameof(Models))]
    public void LogitsLossAndStatesEqualTheReference(string name)
    {
        using var scope = NewDisposeScope();
        using LstmModel model = Load(name);
        model.eval();
        Tensor ids = Golden.Tensors(name, "inputs.safetensors")["input_ids"];
        var expected = Golden.Tensors(name, "outputs.safetensors");
        Assert.InRange(Golden.Difference(model.call(ids), expected["logits"]), 0, 1e-4f);

        (Tensor inputs, Tensor targets) = Shift(ids);
        Assert.InRange(Golden.Difference(Golden.Loss(model, inputs, targets), expected["loss"]), 0, 1e-4f);
        double[] losses = LanguageModelLoss.Losses(model, model.Hidden(inputs), targets);
        Assert.Equal(32, losses.Length);
        Assert.Equal(expected["loss"].item<float>(), losses.Average(), 1e-4);

        List<Tensor> residual = [];
        using LstmState first = new(model.Config, CPU), second = new(model.Config, CPU);
        LstmBatch batch = new(first, second);
        _ = model.Hidden(ids, batch, residual);
        batch.Extend(17);
        Assert.InRange(Golden.Difference(residual[1], expected["hidden"]), 0, 1e-4f);
        Assert.InRange(Golden.Difference(cat([first.Output, second.Output]), expected["h_n"]), 0, 1e-4f);
        Assert.InRange(Golden.Difference(cat([first.Cell, second.Cell]), expected["c_n"]), 0, 1e-4f);
        residual.ForEach(tensor => tensor.Dispose());
    }

    [Theory, MemberData(nameof(Models))]
    public void EveryGradientEqualsTheReference(string name)
    {
        using var scope = NewDisposeScope();
        using LstmModel plain = Load(name), pieces = Load(name), recomputed = Load(name);
        (Tensor inputs, Tensor targets) = Shift(Golden.Tensors(name, "inputs.safetensors")["input_ids"]);
        Golden.Loss(plain, inputs, targets).backward();
        _ = new AutogradPath(pieces).Backward(inputs, targets, dropoutSeed: 0);
        _ = new AutogradPath(recomputed, recompute: true).Backward(inputs, targets, dropoutSeed: 0);

        var expected = Golden.Tensors(name, "grads.safetensors");
        foreach (LstmModel model in (LstmModel[])[plain, pieces, recomputed])
        {
            Assert.Equal(expected.Count, model.named_parameters().Count());
            foreach (var (parameterName, parameter) in model.named_parameters())
                Assert.InRange(Golden.Difference(parameter.grad!, expected[HuggingFaceNameMap.FileName(parameterName, ModelArchitecture.Lstm)]), 0, 1e-4f);
        }
    }

    [Fact]
    public void TheParametersAreThoseOfTheConfiguration()
    {
        foreach (LstmConfig config in (LstmConfig[])[Small, Small with { TieWordEmbeddings = false, DecoderBias = true }, Small with { TieWordEmbeddings = false }, Small with { NHidden = 16 }])
        {
            using LstmModel model = new(config);
            Assert.Equal(Weights.GptParameter.Of(config).Select(parameter => (parameter.Name, string.Join(",", parameter.Shape))), model.named_parameters().Select(p => (p.name, string.Join(",", p.parameter.shape))));
            Assert.Equal(config.ParameterCount, model.parameters().Sum(parameter => parameter.NumberOfElements));
        }
    }

    [Fact]
    public void TheForgetGatesStartOpenAndTheSeedDeterminesTheWeights()
    {
        using var scope = NewDisposeScope();
        using LstmModel model = new(Small, seed: 3), same = new(Small, seed: 3), other = new(Small, seed: 4);
        Tensor bias = model.get_parameter("lstm.bias_ih_l0")!;
        Assert.Equal(24, bias.narrow(0, 24, 24).eq(1).sum().ToInt64());
        Assert.Equal(24, bias.sum().ToDouble());
        Assert.Equal(0, Golden.Difference(model.get_parameter("lstm.weight_hh_l0")!, same.get_parameter("lstm.weight_hh_l0")!));
        Assert.NotEqual(0, Golden.Difference(model.get_parameter("lstm.weight_hh_l0")!, other.get_parameter("lstm.weight_hh_l0")!));
        Assert.InRange(model.get_parameter("proj.weight")!.abs().max().ToDouble(), 0.15, 1 / Math.Sqrt(24));
        Assert.Contains("the only initialization of an LSTM is Uniform", Assert.Throws<ArgumentException>(() => new LstmModel(Small, init: WeightInit.ScaledResidual)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void DropoutChangesOnlyTraining()
    {
        using var scope = NewDisposeScope();
        using LstmModel model = new(Small with { EmbdDropout = 0.5, HiddenDropout = 0.5 });
        Tensor ids = arange(24, int64).view(2, 12);
        model.eval();
        Assert.Equal(0, Golden.Difference(model.Hidden(ids), model.Hidden(ids)));
        model.train();
        Assert.NotEqual(0, Golden.Difference(model.Hidden(ids), model.Hidden(ids)));
    }

    [Fact]
    public void SequencesLongerThanTheContextAreRefused()
    {
        using var scope = NewDisposeScope();
        using LstmModel model = new(Small);
        Assert.Contains("sequence has 13 tokens; the context length is 12", Assert.Throws<ArgumentException>(() => model.call(zeros(1, 13, int64))).Message, StringComparison.Ordinal);
    }

    private static LstmModel Load(string name) => (LstmModel)ModelFiles.Load(Fixtures.Path($"golden/{name}"), Precision.Fp32, CPU);

    private static (Tensor Inputs, Tensor Targets) Shift(Tensor ids) => (ids[.., ..^1].contiguous(), ids[.., 1..].contiguous());
}
