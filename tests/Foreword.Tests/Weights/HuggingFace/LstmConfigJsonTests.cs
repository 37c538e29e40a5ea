using Foreword.Models;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests.Weights.HuggingFace;

public sealed class LstmConfigJsonTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("tied", 32, true, false)]
    [InlineData("untied", 48, false, true)]
    public void RecordedModelsAreOpened(string name, int units, bool tied, bool bias)
    {
        using ModelWeights weights = WeightsCatalog.Open(Fixtures.Path($"golden/lstm-tiny/{name}"));
        LstmConfig config = Assert.IsType<LstmConfig>(weights.Config);
        Assert.Equal((units, 32, 300, 512, tied, bias), (config.NHidden, config.NEmbd, config.VocabSize, config.ContextLength, config.TieWordEmbeddings, config.DecoderBias));
        Assert.Equal((0.0, 0.0), (config.EmbdDropout, config.HiddenDropout));
        Assert.Equal(["embed.weight", "lstm.weight_ih_l0"], weights.Tensors.Take(2).Select(tensor => tensor.FileName));
        Assert.Equal(GptParameter.TokenEmbedding, weights.Tensors[0].Name);
    }

    [Fact]
    public void WhatIsWrittenIsReadBack()
    {
        foreach (LstmConfig config in (LstmConfig[])[new(), new() { NHidden = 96, NEmbd = 64, ContextLength = 100, VocabSize = 50, EmbdDropout = 0.2, HiddenDropout = 0.3, InitializerRange = 0.05, TieWordEmbeddings = false, DecoderBias = true }])
        {
            HuggingFaceConfig.Write(_directory.Path, config);
            Assert.Equal(config, HuggingFaceConfig.Read(_directory.Path));
        }
    }

    [Theory]
    [InlineData("\"n_layer\": 2", "n_layer is 2; an LSTM has a single layer")]
    [InlineData("\"gate_order\": \"i,g,f,o\"", "gate_order is \"i,g,f,o\"; only \"i,f,g,o\" is supported")]
    [InlineData("\"n_hidden\": \"many\"", "n_hidden is \"many\"; it must be a 32-bit integer")]
    [InlineData("\"n_hidden\": 0", "n_hidden is 0; it must be at least 1")]
    [InlineData("\"decoder_bias\": true", "decoder_bias is true; an output layer that is tied to the embedding has no bias")]
    public void WrongFieldsAreNamed(string field, string problem)
    {
        string name = field.Split('"')[1];
        string[] fields = ["\"model_type\": \"lstm-lm\"", "\"vocab_size\": 10", "\"n_embd\": 4", "\"n_hidden\": 4"];
        string path = _directory.Write("config.json", $"{{{string.Join(", ", fields.Where(other => !other.Contains(name, StringComparison.Ordinal)).Append(field))}}}");
        Assert.Equal($"{path}: {problem}", Assert.Throws<InvalidDataException>(() => HuggingFaceConfig.Read(_directory.Path)).Message);
    }

    [Fact]
    public void TensorsThatDoNotFitAreListed()
    {
        File.Copy(Fixtures.Path("golden/lstm-tiny/tied/model.safetensors"), _directory.File("model.safetensors"));
        HuggingFaceConfig.Write(_directory.Path, new LstmConfig { NHidden = 48, NEmbd = 32, VocabSize = 300 });
        string message = Assert.Throws<InvalidDataException>(() => WeightsCatalog.Open(_directory.Path)).Message;
        Assert.Contains("1 missing (proj.weight); 4 misshapen (lstm.weight_ih_l0 is [128, 32], not [192, 32]", message, StringComparison.Ordinal);
    }
}
