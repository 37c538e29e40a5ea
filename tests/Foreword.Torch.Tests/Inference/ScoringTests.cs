using Foreword.Models;
using Foreword.Torch.Inference;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Inference;

public sealed class ScoringTests
{
    [Theory]
    [InlineData("gpt1-tiny")]
    [InlineData("gpt2-tiny")]
    public void FiftyPairsHaveTheProbabilitiesOfTheRecordedLogits(string name)
    {
        using var scope = NewDisposeScope();
        using TorchLanguageModel model = new(Golden.Model(name));
        int[][] sequences = Sequences(name);
        float[] logits = [.. Golden.Tensors(name, "outputs.safetensors")["logits"].data<float>()];
        (int Row, int From, int To)[] pairs = [.. Enumerable.Range(0, 50).Select(i => (i % 2, 1 + i * 5 % 13, 2 + i * 5 % 13 + i % 4))];
        // Every second request has an additional wrong continuation, so that half of the pairs share a row with another continuation.
        TokenScore[][][] scores = model.Score([.. pairs.Select((pair, i) => new ScoringRequest(
            sequences[pair.Row][..pair.From], [i % 2 == 0 ? [] : [7, 250, 3], sequences[pair.Row][pair.From..pair.To]]))]);
        for (int i = 0; i < pairs.Length; i++)
        {
            (int row, int from, int to) = pairs[i];
            double expected = Enumerable.Range(from, to - from).Sum(t => LogProb(row, t, sequences[row][t]));
            Assert.Equal(expected, scores[i][1].Sum(token => (double)token.LogProb), 1e-4);
            for (int t = from; t < to; t++)
                Assert.Equal(Greedy(row, t) == sequences[row][t], scores[i][1][t - from].IsGreedy);
        }

        ReadOnlySpan<float> Logits(int row, int t) => logits.AsSpan((row * 17 + t - 1) * 300, 300);

        double LogProb(int row, int t, int token)
        {
            double sum = 0;
            foreach (float logit in Logits(row, t))
                sum += Math.Exp(logit);
            return Logits(row, t)[token] - Math.Log(sum);
        }

        int Greedy(int row, int t) => Logits(row, t).IndexOf(Logits(row, t).ToArray().Max());
    }

    [Theory]
    [InlineData("gpt1-tiny")]
    [InlineData("gpt2-tiny")]
    public void ContinuationsThatShareAContextScoreAsEachAlone(string name)
    {
        using TorchLanguageModel model = new(Golden.Model(name));
        Random random = new(1);
        ScoringRequest[] requests = [.. Enumerable.Range(0, 12).Select(_ => new ScoringRequest(
            Tokens(random.Next(1, 30)), [.. Enumerable.Range(0, random.Next(1, 6)).Select(_ => Tokens(random.Next(0, 20)))]))];
        TokenScore[][][] together = model.Score(requests);
        for (int i = 0; i < requests.Length; i++)
        {
            for (int k = 0; k < requests[i].Continuations.Count; k++)
            {
                TokenScore[] alone = model.Score([new ScoringRequest(requests[i].Context, [requests[i].Continuations[k]])])[0][0];
                Assert.Equal(alone.Length, together[i][k].Length);
                for (int t = 0; t < alone.Length; t++)
                {
                    Assert.Equal(alone[t].LogProb, together[i][k][t].LogProb, 1e-5f);
                    Assert.Equal(alone[t].IsGreedy, together[i][k][t].IsGreedy);
                }
            }
        }

        int[] Tokens(int length) => [.. Enumerable.Range(0, length).Select(_ => random.Next(300))];
    }

    [Fact]
    public void TheLastTokenNeedsNoRoomInTheContextAndMoreIsRefused()
    {
        using TorchLanguageModel model = new(Golden.Model("gpt2-tiny"));
        Assert.Equal(5, model.Score([new(new int[60], [new int[5], [], [1]])])[0][0].Length);
        Assert.Contains("66 tokens", Assert.Throws<ArgumentException>(() => model.Score([new(new int[60], [new int[6]])])).Message);
        Assert.Contains("token id 300", Assert.Throws<ArgumentException>(() => model.Score([new([1], [[300]])])).Message);
        Assert.Contains("has no tokens", Assert.Throws<ArgumentException>(() => model.Score([new([], [[3]])])).Message);
    }

    private static int[][] Sequences(string name)
    {
        long[] ids = [.. Golden.Tensors(name, "inputs.safetensors")["input_ids"].data<long>()];
        return [.. ids.Select(id => (int)id).Chunk(17)];
    }
}
