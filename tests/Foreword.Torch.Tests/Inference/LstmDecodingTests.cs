using Foreword.Models;
using Foreword.Torch.Inference;
using static TorchSharp.torch;

namespace Foreword.Torch.Tests.Inference;

public sealed class LstmDecodingTests
{
    private const int Vocabulary = 300, Length = 17;

    public static TheoryData<string> Models => ["lstm-tiny/tied", "lstm-tiny/untied"];

    [Theory, MemberData(nameof(Models))]
    public void LogitsAreTheRecordedOnesHoweverTheTokensArrive(string name)
    {
        using TorchLanguageModel model = Load(name);
        int[] ids = GoldenFile.Ids($"{name}/inputs.safetensors", "input_ids");
        float[] expected = GoldenFile.Floats($"{name}/outputs.safetensors", "logits"); // [2, 17, 300]
        for (int row = 0; row < 2; row++)
        {
            using IDecoder one = model.CreateDecoder(), parts = model.CreateDecoder();
            for (int t = 0; t < Length; t++)
            {
                float[] recorded = expected[((row * Length + t) * Vocabulary)..((row * Length + t + 1) * Vocabulary)];
                AssertClose(recorded, one.Append(ids.AsSpan(row * Length + t, 1)));
                if (t is 4 or 11 or 16)
                    AssertClose(recorded, parts.Append(ids.AsSpan(row * Length + parts.Position, t + 1 - parts.Position)));
            }

            Assert.Equal(Length, one.Position);
        }
    }

    [Theory, MemberData(nameof(Models))]
    public void ForksGoOnIndependentlyAndTogether(string name)
    {
        using TorchLanguageModel model = Load(name);
        using IDecoder decoder = model.CreateDecoder();
        decoder.Append([1, 2, 3]);
        using IDecoder fork = decoder.Fork();
        float[] logits = new float[2 * Vocabulary];
        model.AppendEach([decoder, fork], [4, 5], logits);
        using IDecoder alone = model.CreateDecoder(), other = model.CreateDecoder();
        AssertClose(alone.Append([1, 2, 3, 4]).ToArray(), logits.AsSpan(0, Vocabulary));
        AssertClose(other.Append([1, 2, 3, 5]).ToArray(), logits.AsSpan(Vocabulary));
        decoder.Dispose();
        AssertClose(other.Append([6]).ToArray(), fork.Append([6]));
    }

    [Theory, MemberData(nameof(Models))]
    public void ScoresAreTheLogProbsOfWholeSequences(string name)
    {
        using TorchLanguageModel model = Load(name);
        int[] context = [7, 8, 9];
        int[][] continuations = [[10, 11], [], [12], [13, 14, 15, 16]];
        TokenScore[][] scores = model.Score([new ScoringRequest(context, continuations), new ScoringRequest([1], [[2]])])[0];
        Assert.Equal([2, 0, 1, 4], scores.Select(row => row.Length));
        for (int k = 0; k < continuations.Length; k++)
        {
            float[] whole = model.LogProbs([[.. context, .. continuations[k]]])[0];
            AssertClose(whole[2..], [.. scores[k].Select(score => score.LogProb)]);
        }
    }

    [Fact]
    public void ARefusedTokenLeavesTheDecoderAsItWas()
    {
        using TorchLanguageModel model = Load("lstm-tiny/tied");
        using IDecoder decoder = model.CreateDecoder(), same = model.CreateDecoder();
        decoder.Append([1, 2]);
        same.Append([1, 2]);
        Assert.Throws<ArgumentException>(() => decoder.Append([300]));
        Assert.Throws<ArgumentException>(() => decoder.Append(new int[511]));
        Assert.Equal(2, decoder.Position);
        AssertClose(same.Append([3]).ToArray(), decoder.Append([3]));
    }

    [Fact]
    public void DecodersLeaveNoTensorsBehind()
    {
        using TorchLanguageModel model = Load("lstm-tiny/tied");
        Run(); // allocates what the process keeps in any case
        long before = TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        Run();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.ThreadTotalLiveCount);

        void Run()
        {
            using IDecoder decoder = model.CreateDecoder();
            decoder.Append(new int[40]);
            using IDecoder fork = decoder.Fork();
            model.AppendEach([decoder, fork], [1, 2], new float[600]);
        }
    }

    private static TorchLanguageModel Load(string name) => new(ModelFiles.Load(Fixtures.Path($"golden/{name}"), Precision.Fp32, CPU));

    private static void AssertClose(float[] expected, ReadOnlySpan<float> actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        for (int i = 0; i < expected.Length; i++)
            Assert.Equal(expected[i], actual[i], 1e-4f);
    }
}
