namespace Foreword.Hub.Tests;

public sealed class ModelSelectionTests
{
    [Theory]
    [InlineData("config.json model.safetensors pytorch_model.bin tf_model.h5 merges.txt vocab.json README.md", "config.json merges.txt model.safetensors vocab.json")]
    [InlineData("config.json pytorch_model.bin flax_model.msgpack vocab.txt", "config.json pytorch_model.bin vocab.txt")]
    [InlineData("config.json model.safetensors.index.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors",
        "config.json model-00001-of-00002.safetensors model-00002-of-00002.safetensors model.safetensors.index.json")]
    [InlineData("config.json pytorch_model.bin.index.json pytorch_model-00001-of-00001.bin", "config.json pytorch_model-00001-of-00001.bin pytorch_model.bin.index.json")]
    [InlineData("checkpoint encoder.json hparams.json model.ckpt.data-00000-of-00001 model.ckpt.index model.ckpt.meta vocab.bpe",
        "encoder.json hparams.json model.ckpt.data-00000-of-00001 model.ckpt.index vocab.bpe")]
    [InlineData("gpt2.Q8_0.gguf README.md", "gpt2.Q8_0.gguf")]
    [InlineData("config.json fp16/model.safetensors model.safetensors", "config.json model.safetensors")]
    public void AModelIsItsConfigurationItsTokenizerAndOneFormatOfWeights(string paths, string chosen) =>
        Assert.Equal(chosen.Split(' '), Choose(paths).Order(StringComparer.Ordinal));

    [Theory]
    [InlineData("config.json model.safetensors.index.json model-00001-of-00002.safetensors", "no complete weights")]
    [InlineData("README.md", "no complete weights")]
    [InlineData("a.gguf b.gguf", "holds 2 GGUF files; choose one of them, such as a.gguf")]
    public void WithoutWholeWeightsThereIsNoModel(string paths, string sentence) =>
        Assert.Contains(sentence, Assert.Throws<InvalidDataException>(() => Choose(paths)).Message);

    private static IEnumerable<string> Choose(string paths) =>
        ModelSelection.Choose("someone/model", [.. paths.Split(' ').Select(path => new HubFile(path, null, null))], []).Select(file => file.Path);
}
