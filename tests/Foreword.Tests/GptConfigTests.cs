namespace Foreword.Tests;

public sealed class GptConfigTests
{
    [Theory]
    [InlineData("gpt1", 116_534_784)] // the paper's 117 M
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
    public void AWidthThatTheHeadsDoNotDivideIsRefused()
    {
        ArgumentException problem = Assert.Throws<ArgumentException>(() => new GptConfig { NEmbd = 100, NHead = 12 }.Validate());
        Assert.Equal("n_embd is 100, which n_head 12 does not divide", problem.Message);
    }
}
