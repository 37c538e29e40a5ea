using Foreword.Tasks.Metrics;

namespace Foreword.Tests.Tasks.Metrics;

public sealed class SquadScoreTests
{
    /// <summary>The numbers follow from the rules of SQuAD's official evaluation; without Chinese characters they are those of its program.</summary>
    [Theory]
    [InlineData("the Panthers", "Panthers!", 1, 1)]
    [InlineData("1871", "in 1871", 0, 2.0 / 3)]
    [InlineData("Jan de Wit", "de Wit and de Wit", 0, 0.5)] // the same words once each: 2 of 3 and 5
    [InlineData("$1.5 million", "1.5  Million", 1, 1)]
    [InlineData("a cat", "another cat", 0, 2.0 / 3)]
    [InlineData("cat", "dog", 0, 0)]
    [InlineData("cat", "", 0, 0)]
    [InlineData("17米", "17 米", 1, 1)]
    [InlineData("北京大学", "北京", 0, 2.0 / 3)] // 2 of 4 and 2 characters
    [InlineData("–", "–", 1, 1)] // only ASCII punctuation is left out
    public void AnswersAreComparedAsSquadDoes(string right, string predicted, double exact, double f1)
    {
        Assert.Equal(exact, SquadScore.Exact([right], predicted));
        Assert.Equal(f1, SquadScore.F1([right], predicted), 1e-12);
        Assert.Equal(1, SquadScore.F1([right, "x"], "x"));
    }

    [Fact]
    public void NoAnswerIsRightOnlyWhereThereIsNone()
    {
        Assert.Equal((1, 1), (SquadScore.Exact([], ""), SquadScore.F1([], "")));
        Assert.Equal((0, 0), (SquadScore.Exact([], "cat"), SquadScore.F1([], "cat")));
        TaskOutcomes.OfAnswers outcomes = new([["1871", "in 1871"], [], [], ["May"]], ["in 1871", "", "Jan", "in May"]);
        Assert.Equal(0.5, TaskMetric.ExactMatch.Of(outcomes));
        Assert.Equal((1 + 1 + 0 + 2.0 / 3) / 4, TaskMetric.AnswerF1.Of(outcomes), 1e-12);
        Assert.Equal(0.5, TaskMetric.HasAnswerExactMatch.Of(outcomes));
        Assert.Equal((1 + 2.0 / 3) / 2, TaskMetric.HasAnswerF1.Of(outcomes), 1e-12);
        Assert.Equal(0.5, TaskMetric.NoAnswerAccuracy.Of(outcomes));
        Assert.True(double.IsNaN(TaskMetric.NoAnswerAccuracy.Of(new TaskOutcomes.OfAnswers([["a b"]], ["b"]))));
    }
}
