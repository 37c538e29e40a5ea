using Foreword.Models;
using Foreword.Weights;

namespace Foreword.Tests.Models;

public sealed class LstmConfigTests
{
    [Fact]
    public void ThePapersLstmHas2048UnitsAndTheOtherSizesOfGpt1()
    {
        LstmConfig config = LstmConfig.Presets["lstm-2048"].Validate();
        Assert.Equal((2048, 768, 512, 40_478, true), (config.NHidden, config.NEmbd, config.ContextLength, config.VocabSize, config.HasProjection));
        Assert.Equal(40_478L * 768 + 4 * 2048 * (768 + 2048) + 8 * 2048 + 768 * 2048, config.ParameterCount);
        Assert.Equal(6.0 * (config.ParameterCount - 8 * 2048), config.TrainingFlopsPerToken);
        Assert.Same(config, ModelPresets.Get("lstm-2048"));
    }

    [Theory]
    [InlineData("lstm-small-14m", "gpt2-small-14m")]
    [InlineData("lstm-tiny-5m", "gpt2-tiny-5m")]
    public void SmallPresetsHaveTheParametersOfAGpt(string lstm, string gpt)
    {
        (ModelConfig own, ModelConfig other) = (ModelPresets.Get(lstm), ModelPresets.Get(gpt));
        Assert.Equal((other.VocabSize, other.ContextLength, other.NEmbd), (own.VocabSize, own.ContextLength, own.NEmbd));
        Assert.InRange(own.ParameterCount, 0.98 * other.ParameterCount, 1.02 * other.ParameterCount);
    }

    [Fact]
    public void EveryParameterCounts()
    {
        foreach (LstmConfig config in (LstmConfig[])[new(), new() { TieWordEmbeddings = false }, new() { TieWordEmbeddings = false, DecoderBias = true }, new() { NHidden = 768 }])
            Assert.Equal(GptParameter.Of(config).Sum(parameter => parameter.Shape.Aggregate(1L, (product, size) => product * size)), config.Validate().ParameterCount);
    }

    [Fact]
    public void WhatAnLstmCannotBeIsRefused()
    {
        Assert.Equal("n_hidden is 0; it must be at least 1", Refusal(new LstmConfig { NHidden = 0 }));
        Assert.Equal("n_embd is -1; it must be at least 1", Refusal(new LstmConfig { NEmbd = -1 }));
        Assert.Equal("hidden_dropout is 1; it must be at least 0 and below 1", Refusal(new LstmConfig { HiddenDropout = 1 }));
        Assert.Equal("embd_dropout is 1; it must be at least 0 and below 1", Refusal(new LstmConfig { EmbdDropout = 1 }));
        Assert.Equal("decoder_bias is true; an output layer that is tied to the embedding has no bias", Refusal(new LstmConfig { DecoderBias = true }));
        Assert.Equal("architecture is gpt2; an LSTM's is lstm", Refusal(new LstmConfig { Architecture = ModelArchitecture.Gpt2 }));
        Assert.Equal("architecture is lstm; a GPT's is gpt1 or gpt2", Refusal(new GptConfig { Architecture = ModelArchitecture.Lstm }));

        static string Refusal(ModelConfig config) => Assert.Throws<ArgumentException>(config.Validate).Message;
    }

    [Fact]
    public void CodeForGptsRefusesAnLstmInOneSentence()
    {
        ModelConfig gpt = new GptConfig();
        Assert.Same(gpt, gpt.AsGpt("a GGUF file"));
        Assert.Equal("the model is an LSTM; a GGUF file supports only GPT-1 and GPT-2", Assert.Throws<NotSupportedException>(() => new LstmConfig().AsGpt("a GGUF file")).Message);
    }

    [Fact]
    public void AnUnknownPresetNamesTheNearestOfAllArchitectures() =>
        Assert.Contains("did you mean 'lstm-2048'?", Assert.Throws<ArgumentException>(() => ModelPresets.Get("lstm-2047")).Message, StringComparison.Ordinal);
}
