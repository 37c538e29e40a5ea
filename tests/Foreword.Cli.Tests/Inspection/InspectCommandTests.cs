using System.Text.Json;

namespace Foreword.Cli.Tests.Inspection;

public sealed class InspectCommandTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public InspectCommandTests()
    {
        string corpus = _directory.Write("corpus.jsonl", "{\"text\":\"Hello world\"}\n{\"text\":\"Hello \\\"moon\\\"\\n\"}\n");
        Assert.Equal(0, Cli.Run("prepare", corpus, "--tokenizer", Fixtures.Path("gpt2-vocab"), "--out", Shards, "--validation", "0").ExitCode);
    }

    private string Shards => _directory.File("shards");

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void APreparedDirectoryShowsCountsTokenizerAndText()
    {
        Cli run = Cli.Run("inspect", Shards);
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        Assert.Contains("2 documents", run.Out);
        Assert.Contains("50257 ids, fingerprint ", run.Out);
        Assert.Contains("validation nothing held out", run.Out);
        Assert.Contains("begins     15496 995 50256 15496", run.Out);
        Assert.Contains("Hello world<|endoftext|>Hello \\\"moon\\\"\\n<|endoftext|>\"\n", run.Out);
        Assert.Contains("2 to         3           1  ", run.Out); // documents of 3 and 6 tokens
        Assert.Contains("22.22 %   15496  \"Hello\"", run.Out);
        Assert.Contains("        1  \"Hello \\\"moon\\\"\\n<|endoftext|>\"\n", run.Out);
    }

    [Theory]
    [InlineData("dialogue")]
    [InlineData("preference")]
    [InlineData("questions")]
    public void RecipesOfModelsThatWriteTextAreShown(string kind)
    {
        string recipe = _directory.Write("recipe.yaml", $"model:\n  path: runs/books\ntask:\n  kind: {kind}\ndata:\n  train: [train.jsonl]\ntrain:\n  epochs: 2\n");
        Cli run = Cli.Run("inspect", recipe);
        Assert.Equal((0, ""), (run.ExitCode, run.Err));
        Assert.StartsWith($"{recipe}: {kind} from runs/books, 2 epochs of train.jsonl\n", run.Out, StringComparison.Ordinal);
        Assert.Equal(kind, JsonDocument.Parse(Cli.Run("inspect", recipe, "--json").Out).RootElement.GetProperty("task").GetString());
    }

    [Fact]
    public void ItsJsonHoldsTheSame()
    {
        JsonElement shown = JsonDocument.Parse(Cli.Run("inspect", Shards, "--json").Out).RootElement;
        Assert.Equal("shards", shown.GetProperty("kind").GetString());
        Assert.Equal(24, shown.GetProperty("splits").GetProperty("train").GetProperty("text_bytes").GetInt64());
        Assert.Equal(64, shown.GetProperty("tokenizer").GetProperty("fingerprint").GetString()!.Length);
        Assert.Equal(15496, shown.GetProperty("first_ids")[0].GetInt32());
        Assert.StartsWith("Hello world", shown.GetProperty("first_text").GetString());
        Assert.Equal(6, shown.GetProperty("longest").GetInt32());
        Assert.Equal(2, shown.GetProperty("lengths").EnumerateArray().Sum(bin => bin.GetProperty("documents").GetInt32()));
        Assert.Equal((15496, 2), (shown.GetProperty("most_frequent")[0].GetProperty("id").GetInt32(), shown.GetProperty("most_frequent")[0].GetProperty("count").GetInt32()));
        Assert.Equal("Hello world<|endoftext|>", shown.GetProperty("samples")[0].GetProperty("first_text").GetString());
    }

    [Fact]
    public void AShardIsDecodedBesideItsTokenizerAndCountedAnywhere()
    {
        string shard = Path.Combine(Shards, "train-00000.bin");
        Assert.Contains("Hello world", Cli.Run("inspect", shard).Out);
        string alone = _directory.File("alone.bin");
        File.Copy(shard, alone);
        JsonElement shown = JsonDocument.Parse(Cli.Run("inspect", alone, "--json").Out).RootElement;
        Assert.Equal(("shard", 1, 2), (shown.GetProperty("kind").GetString(), shown.GetProperty("version").GetInt32(), shown.GetProperty("id_bytes").GetInt32()));
        Assert.False(shown.TryGetProperty("first_text", out _));
    }

    [Fact]
    public void WhatIsMissingDamagedOrUnknownIsOneSentence()
    {
        Assert.Equal((1, "error: nowhere does not exist\n"), (Cli.Run("inspect", "nowhere").ExitCode, Cli.Run("inspect", "nowhere").Err));
        Cli unknown = Cli.Run("inspect", _directory.Path);
        Assert.Equal(1, unknown.ExitCode);
        Assert.Contains("is not one of the kinds that inspect supports: a directory of token shards", unknown.Err);

        string shard = Path.Combine(Shards, "train-00000.bin");
        File.WriteAllBytes(shard, File.ReadAllBytes(shard)[..^1]);
        Cli damaged = Cli.Run("inspect", Shards);
        Assert.Equal(1, damaged.ExitCode);
        Assert.Contains("the file has", damaged.Err);
        Assert.Empty(damaged.Out);
    }

    [Fact]
    public void AModelShowsItsShapeAndSize()
    {
        Cli text = Cli.Run("inspect", Fixtures.Path("golden/gpt2-tiny"));
        Assert.Equal(0, text.ExitCode);
        Assert.Contains("49,824", text.Out);
        Assert.Contains("transformer.h.2.mlp.c_proj.weight", text.Out);
        JsonElement json = JsonDocument.Parse(Cli.Run("inspect", Fixtures.Path("golden/gpt1-tiny"), "--json").Out).RootElement;
        Assert.Equal("gpt1", json.GetProperty("architecture").GetString());
        Assert.Equal([300, 32], json.GetProperty("tensors").GetProperty("tokens_embed.weight").EnumerateArray().Select(size => size.GetInt32()));
    }

    [Fact]
    public void ARecipeShowsItsSizeAndEveryValue()
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        Cli run = Cli.Run("inspect", Recipes.Small(directory));
        Assert.True(run.ExitCode == 0, run.Err);
        Assert.Contains("128 tokens per step", run.Out);
        Assert.Contains("weight_decay: 0.1", run.Out);
    }
}
