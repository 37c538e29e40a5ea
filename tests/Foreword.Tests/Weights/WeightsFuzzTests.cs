namespace Foreword.Tests.Weights;

public sealed class WeightsFuzzTests
{
    /// <summary>
    /// Damages the files of a model in every format. The command <c>formats fuzz</c> in bench runs more inputs and reports the longest time.
    /// </summary>
    [Theory]
    [InlineData("golden/gpt2-tiny", "model.safetensors", "config.json")]
    [InlineData("formats/pytorch-zip", "pytorch_model.bin")]
    [InlineData("formats/pytorch-legacy", "pytorch_model.bin")]
    [InlineData("formats/pytorch-sharded", "pytorch_model.bin.index.json", "pytorch_model-00001-of-00002.bin")]
    [InlineData("formats/openai-gpt1", "params_0.npy", "params_9.npy", "params_shapes.json", "config.json")]
    [InlineData("formats/openai-gpt2", "model.ckpt.index", "hparams.json", "model.ckpt.data-00000-of-00001")]
    [InlineData("formats/llm.c/gpt2_tiny.bin")]
    [InlineData("formats/nanogpt", "ckpt.pt")]
    public void ADamagedModelIsReadOrRefusedAndNothingElse(string model, params string[] files)
    {
        using ModelFuzz fuzz = new(Fixtures.Path(model), files);
        fuzz.Run(2_000);
        Assert.Equal(2_000, fuzz.Read + fuzz.Refused);
        Assert.InRange(fuzz.Refused, 200, 2_000);
    }
}
