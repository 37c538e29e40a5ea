using Foreword.Torch;
using static TorchSharp.torch;

namespace Foreword.Tests;

public sealed class TorchLanguageModelTests
{
    [Theory]
    [InlineData("gpt1-tiny")]
    [InlineData("gpt2-tiny")]
    public void LogProbsAreTheRecordedOnesWhateverSharesTheBatch(string name)
    {
        using var scope = NewDisposeScope();
        using TorchLanguageModel model = new(Golden.Model(name));
        int[][] sequences = Sequences(name);
        float[] nll = [.. Golden.Tensors(name, "outputs.safetensors")["nll"].data<float>()];
        float[][] rows = model.LogProbs([sequences[0], sequences[1][..5], sequences[1], [7]]);
        Assert.Equal(16, rows[0].Length);
        Assert.Empty(rows[3]);
        for (int i = 0; i < 16; i++)
        {
            Assert.Equal(-nll[i], rows[0][i], 1e-4f);
            Assert.Equal(-nll[16 + i], rows[2][i], 1e-4f);
        }

        Assert.All(rows[1].Zip(rows[2]), pair => Assert.Equal(pair.Second, pair.First, 1e-5f));
    }

    [Theory]
    [InlineData("gpt1-tiny")]
    [InlineData("gpt2-tiny")]
    public void GreedyDecodingFollowsTheReference(string name)
    {
        using var scope = NewDisposeScope();
        using TorchLanguageModel model = new(Golden.Model(name));
        var greedy = Golden.Tensors(name, "greedy.safetensors");
        for (int row = 0; row < 2; row++)
        {
            using IDecoder decoder = model.NewDecoder();
            int[] next = [.. greedy["prompt_ids"][row].data<long>().Select(id => (int)id)];
            foreach (long expected in greedy["new_ids"][row].data<long>())
            {
                float[] logits = decoder.Append(next).ToArray();
                next = [Array.IndexOf(logits, logits.Max())];
                Assert.Equal(expected, next[0]);
            }

            Assert.Equal(24, decoder.Position);
        }
    }

    [Fact]
    public void WhatTheModelCannotReadIsRefused()
    {
        using TorchLanguageModel model = new(Golden.Model("gpt2-tiny"));
        using IDecoder decoder = model.NewDecoder();
        Assert.Contains("token id 300 is outside the vocabulary of 300", Assert.Throws<ArgumentException>(() => model.LogProbs([[1, 300]])).Message);
        Assert.Contains("65 tokens; the context length is 64", Assert.Throws<ArgumentException>(() => decoder.Append(new int[65])).Message);
        Assert.Throws<ArgumentException>(() => decoder.Append([]));
        decoder.Append(new int[60]);
        Assert.Contains("65 tokens", Assert.Throws<ArgumentException>(() => decoder.Append(new int[5])).Message);
    }

    private static int[][] Sequences(string name)
    {
        long[] ids = [.. Golden.Tensors(name, "inputs.safetensors")["input_ids"].data<long>()];
        return [.. ids.Select(id => (int)id).Chunk(17)];
    }
}
