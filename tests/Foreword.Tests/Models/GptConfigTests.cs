using Foreword.Models;

namespace Foreword.Tests.Models;

public sealed class GptConfigTests
{
    [Theory]
    [InlineData("gpt1", 116_534_784)] // 117 million in the paper
    [InlineData("gpt2", 124_439_808)]
    [InlineData("gpt2-medium", 354_823_168)]
    [InlineData("gpt2-large", 774_030_080)]
    [InlineData("gpt2-xl", 1_557_611_200)]
    public void PublishedPresetsHaveThePublishedNumberOfParameters(string preset, long parameters) =>
        Assert.Equal(parameters, GptConfig.Preset(preset).Validate().ParameterCount);

    [Fact]
    public void AnUnknownPresetNamesTheNearest()
    {
        ArgumentException problem = Assert.Throws<ArgumentException>(() => GptConfig.Preset("gpt2-medum"));
        Assert.Contains("did you mean 'gpt2-medium'?", problem.Message);
    }

    [Fact]
    public void AWidthOfTheFeedForwardNetworkIsCounted()
    {
        GptConfig config = new() { FeedForwardWidth = 1000 };
        Assert.Equal(124_439_808 - 12L * (2 * 768 + 1) * (3072 - 1000), config.Validate().ParameterCount);
        Assert.Equal(1000, config.FeedForward);
        Assert.Equal(3072, new GptConfig().FeedForward);
    }

    [Fact]
    public void WhatAGpt1CannotBeIsRefused()
    {
        GptConfig gpt1 = GptConfig.Preset("gpt1");
        Assert.Equal("activation is gelu; a GPT-1 supports gelu_new, relu and silu", Refusal(gpt1 with { Activation = Activation.Gelu }));
        Assert.Equal("n_inner is 100, not 4 n_embd = 3072; a GPT-1 does not support this", Refusal(gpt1 with { FeedForwardWidth = 100 }));
        Assert.Equal("scale_attention is false; a GPT-1 does not support this", Refusal(gpt1 with { Activation = Activation.Relu, ScaleAttention = false }));
        Assert.Equal("n_inner is -1; it must be at least 1", Refusal(new GptConfig { FeedForwardWidth = -1 }));
        Assert.Equal("activation is 9; the activation function is unknown", Refusal(new GptConfig { Activation = (Activation)9 }));

        static string Refusal(GptConfig config) => Assert.Throws<ArgumentException>(config.Validate).Message;
    }

    [Fact]
    public void AWidthThatTheHeadsDoNotDivideIsRefused()
    {
        ArgumentException problem = Assert.Throws<ArgumentException>(() => new GptConfig { NEmbd = 100, NHead = 12 }.Validate());
        Assert.Equal("n_embd is 100, which is not a multiple of n_head 12", problem.Message);
    }
}
