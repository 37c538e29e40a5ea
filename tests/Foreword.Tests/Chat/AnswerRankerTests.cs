using System.Text;
using Foreword.Chat;
using Foreword.Generation;
using Foreword.Progress;
using Foreword.Tokenization;

namespace Foreword.Tests.Chat;

/// <summary>Tests the choice among candidate answers. Each byte is a token, and the losses are worked out by hand.</summary>
public sealed class AnswerRankerTests
{
    private static readonly Tokenizer Bytes = new FakeTokenizer(257);

    private static readonly ChatTemplate Bars = new() { System = new ChatFrame { Suffix = "|" }, User = new ChatFrame { Suffix = "|" }, Assistant = new ChatFrame { Suffix = "|" } };

    private static readonly ChatMessage[] History = [new(ChatRole.System, "S"), new(ChatRole.User, "q"), new(ChatRole.Assistant, "r"), new(ChatRole.User, "h")];

    private static readonly AnswerCandidate[] Candidates = [new("y", -1, 2), new("x", -2, 2), new("zzzzzzzzz", -20, 10)];

    /// <summary>
    /// The backward model reads answer|h|r|q|. After an answer that begins with x, 'h' has the logit 5. After any z, 'z' has 9. All others have 0. The
    /// likely token's loss is log(256 + e^L) - L and another's log(256 + e^L).
    /// </summary>
    [Theory]
    [InlineData(AnswerRule.History, 0.5, "x y zzzzzzzzz")]
    [InlineData(AnswerRule.Sequence, 0.5, "zzzzzzzzz x y")] // the flaw of GPT2-chitchat's rule: its own repetition makes the answer cheap
    [InlineData(AnswerRule.Interpolated, 0.0, "y x zzzzzzzzz")] // only the answer's own log-probability
    [InlineData(AnswerRule.Interpolated, 1.0, "x y zzzzzzzzz")] // only the history's
    public void TheRuleDecides(AnswerRule rule, double lambda, string expected)
    {
        IReadOnlyList<RankedAnswer> ranked = Ranker(rule, lambda).Rank(History, Candidates, TestContext.Current.CancellationToken);
        Assert.Equal(expected, string.Join(' ', ranked.Select(answer => answer.Answer.Text)));
        Assert.Equal(ranked.OrderByDescending(answer => answer.Score), ranked);

        double plain = Math.Log(257), unlikely = Math.Log(256 + Math.Exp(5)), likely = unlikely - 5;
        RankedAnswer x = ranked.Single(answer => answer.Answer.Text == "x"), y = ranked.Single(answer => answer.Answer.Text == "y");
        Assert.Equal(1, x.Index);
        Assert.Equal((likely + (5 * unlikely)) / 6, x.HistoryLoss!.Value, 1e-5); // h | r | q |
        Assert.Equal((likely + (6 * unlikely)) / 7, x.SequenceLoss!.Value, 1e-5); // and the bar after the answer
        Assert.Equal(plain, y.HistoryLoss!.Value, 1e-5);
        Assert.Equal(rule switch
        {
            AnswerRule.History => -x.HistoryLoss.Value,
            AnswerRule.Sequence => -x.SequenceLoss.Value,
            _ => ((1 - lambda) * -2) - (lambda * 6 * x.HistoryLoss.Value),
        }, x.Score, 1e-5);
    }

    [Fact]
    public void AnswersWithoutTextComeLast()
    {
        AnswerCandidate[] candidates = [new("", -0.1, 1), new("y", -9, 1)];
        Assert.Equal("y", AnswerRanker.ByLikelihood(candidates)[0].Answer.Text);
        Assert.Equal("y", Ranker(AnswerRule.Sequence).Rank(History, candidates, TestContext.Current.CancellationToken)[0].Answer.Text);
    }

    [Fact]
    public void WithoutABackwardModelTheMeanLogProbabilityDecides()
    {
        IReadOnlyList<RankedAnswer> ranked = AnswerRanker.ByLikelihood([new("a", -3, 2), new("b", -4, 4), new("c", -4, 4)]);
        Assert.Equal([(1, -1.0), (2, -1.0), (0, -1.5)], ranked.Select(answer => (answer.Index, answer.Score)));
        Assert.All(ranked, answer => Assert.Null(answer.HistoryLoss));
    }

    /// <summary>All candidates are judged on the same part of the history, so that their losses can be compared.</summary>
    [Fact]
    public void ALongHistoryLosesItsOldestMessagesForAllCandidates()
    {
        List<int[]> read = [];
        AnswerRanker ranker = new(Backward(14, read), Bytes, Bars);
        ranker.Rank(History, [new("y", -1, 2), new("12345678", -1, 2)], TestContext.Current.CancellationToken);
        Assert.Equal(["y|h|r|", "12345678|h|r|"], read.Select(Text));
        read.Clear();
        ranker.Rank(History, [new("y", -1, 2), new("1234567890123456", -1, 2)], TestContext.Current.CancellationToken);
        Assert.Equal(["y|h|", "12345678901234"], read.Select(Text));
    }

    [Theory]
    [InlineData(-0.1)]
    [InlineData(1.1)]
    [InlineData(double.NaN)]
    public void LambdaIsAShare(double lambda) => Assert.Contains("it must be from 0 to 1", Assert.Throws<ArgumentException>(() => Ranker(AnswerRule.Interpolated, lambda)).Message, StringComparison.Ordinal);

    /// <summary>The forward model writes a or b, each with probability 1/2. The backward model expects the history after b.</summary>
    [Fact]
    public void AConversationAnswersWithTheBestCandidateAndGoesOnWithIt()
    {
        FakeModel forward = new(257, 200, read => Text([.. read.TakeLast(1)]) is "a" or "b" ? FakeModel.Certain(257, 256) : Likely(257, ('a', 20f), ('b', 20f)));
        FakeModel backward = new(257, 200, read => Likely(257, read[0] == 'b' ? ('h', 5f) : ('h', -5f)));
        using (Conversation conversation = new(forward, Bytes, Bars) { Candidates = 12, Ranker = new AnswerRanker(backward, Bytes, Bars) })
        {
            List<string> shown = [];
            ChatAnswer answer = conversation.Answer("h", new SamplingOptions { Seed = 1, MaxTokens = 10 }, shown.Add, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Equal(("b", 12), (answer.Text, answer.Candidates.Count));
            Assert.Equal(["a", "b"], answer.Candidates.Select(candidate => candidate.Answer.Text).Distinct().Order());
            Assert.All(answer.Candidates, candidate => Assert.Equal(Math.Log(0.5), candidate.Answer.LogProb, 1e-3)); // the drawn letter, and the certain end
            Assert.All(answer.Candidates, candidate => Assert.Equal(2, candidate.Answer.Tokens));
            Assert.Equal(["b"], shown);
            conversation.Answer("h", new SamplingOptions { Seed = 2, MaxTokens = 10 }, cancellationToken: TestContext.Current.CancellationToken);
            Assert.Contains("h|b|h|", forward.Read.Select(Text));
            Assert.Equal(["h", "b", "h", "b"], conversation.Messages.Select(message => message.Text));
        }

        Assert.Equal(0, forward.OpenDecoders);
    }

    [Fact]
    public void AnInterruptedChoiceKeepsNothing()
    {
        FakeModel forward = new(257, 200, _ => FakeModel.Certain(257, 'a'));
        using Conversation conversation = new(forward, Bytes, Bars) { Candidates = 3 };
        StopRequest stop = new();
        stop.Request();
        ChatAnswer answer = conversation.Answer("h", new SamplingOptions { MaxTokens = 50 }, stop: stop, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(answer.Interrupted);
        Assert.Empty(conversation.Messages);
        Assert.Equal("aaa", conversation.Answer("h", new SamplingOptions { MaxTokens = 3 }, cancellationToken: TestContext.Current.CancellationToken).Text);
    }

    private static AnswerRanker Ranker(AnswerRule rule, double lambda = 0.5) => new(Backward(200, []), Bytes, Bars, rule, lambda);

    private static FakeModel Backward(int context, List<int[]> scored) => new(257, context, read => Likely(257, read[0] == 'x' ? ('h', 5f) : read.Contains('z') ? ('z', 9f) : ('h', 0f))) { Scored = scored };

    private static float[] Likely(int size, params (char Id, float Logit)[] likely)
    {
        float[] row = new float[size];
        foreach ((char id, float logit) in likely)
            row[id] = logit;
        return row;
    }

    private static string Text(IEnumerable<int> ids) => Encoding.UTF8.GetString([.. ids.Where(id => id < 256).Select(id => (byte)id)]);
}
