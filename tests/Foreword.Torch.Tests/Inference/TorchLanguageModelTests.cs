using Foreword.Models;
using Foreword.Numerics;
using Foreword.Torch.Inference;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Inference;

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

    [Theory]
    [InlineData("gpt1-tiny", 5)] // short: the fork copies the cache
    [InlineData("gpt2-tiny", 5)]
    [InlineData("gpt2-tiny", 40)] // long: the fork shares the cache
    public void AForkedDecoderGoesOnAsAFreshOneWould(string name, int length)
    {
        using TorchLanguageModel model = new(Golden.Model(name));
        int[] prompt = Tokens(1, length);
        using IDecoder first = model.NewDecoder();
        first.Append(prompt);
        using IDecoder second = first.Fork();
        Near(Fresh(model, [.. prompt, 3]), first.Append([3]));
        Near(Fresh(model, [.. prompt, 4, 5, 6]), second.Append([4, 5, 6]));
        using IDecoder third = second.Fork();
        first.Dispose(); // the shared part stays valid
        Near(Fresh(model, [.. prompt, 4, 5, 6, 9]), second.Append([9]));
        Near(Fresh(model, [.. prompt, 4, 5, 6, 7, 8]), third.Append([7, 8]));
        Near(Fresh(model, [.. prompt, 4, 5, 6, 7, 8, 1]), third.Append([1]));
        Assert.Equal(length + 6, third.Position);
    }

    [Theory]
    [InlineData("gpt1-tiny")]
    [InlineData("gpt2-tiny")]
    public void DecodersOfDifferentLengthsInOneBatchGiveWhatEachAloneGives(string name)
    {
        using TorchLanguageModel model = new(Golden.Model(name));
        int[][] read = [Tokens(1, 3), Tokens(2, 40), Tokens(3, 17), [], [], []];
        List<IDecoder> decoders = [.. read[..3].Select(tokens => { IDecoder decoder = model.NewDecoder(); decoder.Append(tokens); return decoder; })];
        foreach (int parent in new[] { 1, 1, 0 }) // two forks share forty tokens, one copies three
        {
            read[decoders.Count] = read[parent];
            decoders.Add(decoders[parent].Fork());
        }

        float[] logits = new float[decoders.Count * 300];
        for (int step = 0; step < 20; step++)
        {
            int[] next = Tokens(100 + step, decoders.Count);
            model.AppendEach(decoders, next, logits);
            for (int i = 0; i < decoders.Count; i++)
            {
                read[i] = [.. read[i], next[i]];
                Near(Fresh(model, read[i]), logits.AsSpan(i * 300, 300));
                Assert.Equal(read[i].Length, decoders[i].Position);
            }

            if (step == 10) // a fork of a fork that has read some tokens of its own
            {
                decoders[5].Dispose();
                (decoders[5], read[5]) = (decoders[4].Fork(), read[4]);
            }
        }

        decoders.ForEach(decoder => decoder.Dispose());
    }

    [Fact]
    public void ABatchThatCannotBeReadIsRefusedAndReadsNothing()
    {
        using TorchLanguageModel model = new(Golden.Model("gpt2-tiny")), other = new(Golden.Model("gpt2-tiny"));
        using IDecoder a = model.NewDecoder(), b = model.NewDecoder(), foreign = other.NewDecoder();
        b.Append(new int[64]);
        Refused("1 tokens were given for 2 decoders", [a, foreign], [1], 600);
        Refused("0 tokens were given for 0 decoders", [], [], 0);
        Refused("there is room for 599 logits; 2 decoders need 2 x 300", [a, b], [1, 2], 599);
        Refused("decoder 1 does not belong to this model", [a, foreign], [1, 2], 600);
        Refused("a decoder is listed twice", [a, a], [1, 2], 600);
        Refused("65 tokens; the context length is 64", [a, b], [1, 2], 600);
        Refused("token id 300 is outside the vocabulary of 300", [a], [300], 300);
        Assert.Equal(0, a.Position);

        void Refused(string why, IReadOnlyList<IDecoder> decoders, int[] tokens, int room) =>
            Assert.Contains(why, Assert.Throws<ArgumentException>(() => model.AppendEach(decoders, tokens, new float[room])).Message);
    }

    [Fact]
    public void DecodersLeaveNoTensorsBehind()
    {
        using TorchLanguageModel model = new(Golden.Model("gpt2-tiny"));
        Run(); // allocates what the process keeps in any case
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Run()
        {
            using IDecoder decoder = model.NewDecoder();
            decoder.Append(new int[40]);
            using IDecoder shares = decoder.Fork();
            model.AppendEach([decoder, shares], [1, 2], new float[600]);
            using IDecoder copies = shares.Fork();
            model.AppendEach([copies, shares], [1, 2], new float[600]);
        }
    }

    /// <summary>Returns the last logits of a new decoder that has read only these tokens.</summary>
    private static float[] Fresh(TorchLanguageModel model, int[] tokens)
    {
        using IDecoder decoder = model.NewDecoder();
        return decoder.Append(tokens).ToArray();
    }

    private static void Near(ReadOnlySpan<float> expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int id = 0; id < expected.Length; id++)
            Assert.Equal(expected[id], actual[id], 1e-5f);
    }

    private static int[] Tokens(int seed, int count)
    {
        SplitMix64 random = new((ulong)seed);
        return [.. Enumerable.Range(0, count).Select(_ => (int)(random.NextUInt64() % 300))];
    }

    private static int[][] Sequences(string name)
    {
        long[] ids = [.. Golden.Tensors(name, "inputs.safetensors")["input_ids"].data<long>()];
        return [.. ids.Select(id => (int)id).Chunk(17)];
    }
}
