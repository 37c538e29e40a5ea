using Foreword.Models;
using Foreword.Settings;

namespace Foreword.Tests.Settings;

public sealed class NearestNameTests
{
    private static readonly string[] Presets = [.. GptConfig.Presets.Keys];

    private static readonly string[] Options =
    [
        "--prompt", "--max-tokens", "--temperature", "--top-k", "--top-p", "--min-p", "--seed", "--stop", "--system", "--device", "--engine", "--json", "--n",
        "--validation", "--validation-run", "--tokenizer", "--out", "--text-field", "--shard-tokens", "--num-fewshot", "--limit", "--data", "--batch-size",
    ];

    [Theory]
    [InlineData("gpt2-tny", "gpt2-tiny-5m")]
    [InlineData("gpt2-tiny", "gpt2-tiny-5m")]
    [InlineData("gpt2-smal", "gpt2-small-14m")]
    [InlineData("gpt-2", "gpt2")]
    [InlineData("GPT2", "gpt2")]
    [InlineData("gtp2", "gpt2")]
    [InlineData("gpt2-124m", "gpt2")]
    [InlineData("gpt2-base", "gpt2")]
    [InlineData("gpt2medium", "gpt2-medium")]
    [InlineData("gpt2_large", "gpt2-large")]
    [InlineData("gpt2-larg", "gpt2-large")]
    [InlineData("medium", "gpt2-medium")]
    [InlineData("gpt-1", "gpt1")]
    [InlineData("tiny", "gpt2-tiny-5m")]
    [InlineData("llama", null)]
    [InlineData("bert-base", null)]
    public void APresetIsFoundByItsBeginningEndOrMisspelling(string name, string? nearest) => Assert.Equal(nearest, NearestName.Find(name, Presets));

    [Theory]
    [InlineData("--temp", "--temperature")]
    [InlineData("--tempreature", "--temperature")]
    [InlineData("--topk", "--top-k")]
    [InlineData("--tokens", "--max-tokens")]
    [InlineData("--max-new-tokens", "--max-tokens")]
    [InlineData("--max_tokens", "--max-tokens")]
    [InlineData("--sed", "--seed")]
    [InlineData("--validatoin", "--validation")]
    [InlineData("--val", "--validation")]
    [InlineData("--output", "--out")]
    [InlineData("--fewshot", "--num-fewshot")]
    [InlineData("--num-few-shot", "--num-fewshot")]
    [InlineData("--batchsize", "--batch-size")]
    [InlineData("--field", "--text-field")]
    [InlineData("--wombat", null)]
    public void AnOptionIsFoundByAPartOfItsName(string name, string? nearest) => Assert.Equal(nearest, NearestName.Find(name, Options));

    [Fact]
    public void TiesGoToTheFirst() => Assert.Equal("ab", NearestName.Find("ax", ["ab", "ac"]));
}
