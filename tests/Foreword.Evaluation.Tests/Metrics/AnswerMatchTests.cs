using Foreword.Evaluation.Metrics;

namespace Foreword.Evaluation.Tests.Metrics;

/// <summary>Tests against numbers that were computed by hand from the rules of the published evaluation scripts.</summary>
public class AnswerMatchTests
{
    [Theory]
    [InlineData("The Eiffel Tower!", "eiffel tower", 1, 1)]
    [InlineData("a tower in an old city", "Tower in the city", 0, 6.0 / 7)] // the words are: tower in old city; tower in city
    [InlineData("Anthea", "thea", 0, 0)] // articles are removed only as whole words
    [InlineData("U.S.", "us", 1, 1)]
    [InlineData("two two", "two", 0, 2.0 / 3)]
    [InlineData("the", "", 1, 1)] // nothing is left of either text
    [InlineData("", "word", 0, 0)]
    [InlineData("3 %", "3", 1, 1)]
    public void EnglishIsComparedByNormalizedWords(string answer, string accepted, double exact, double f1)
    {
        AnswerMatch match = AnswerMatch.Best(answer, [accepted]);
        Assert.Equal(exact, match.ExactMatch);
        Assert.Equal(f1, match.F1, 12);
    }

    [Theory]
    [InlineData("三百零八", "308", 0, 0)]
    [InlineData("《北京》。", "北京", 1, 1)]
    [InlineData("在北京", "北京", 0, 0.8)] // 2 of 3, 2 of 2
    [InlineData("2016年 NFL", "2016 年nfl", 1, 1)]
    [InlineData("the 北", "北", 0, 2.0 / 3)] // articles are words in Chinese text
    public void ChineseIsComparedByIdeographs(string answer, string accepted, double exact, double f1)
    {
        AnswerMatch match = AnswerMatch.Best(answer, [accepted], chinese: true);
        Assert.Equal(exact, match.ExactMatch);
        Assert.Equal(f1, match.F1, 12);
    }

    [Fact]
    public void TheBestOfSeveralAnswersCounts()
    {
        AnswerMatch match = AnswerMatch.Best("red house", ["blue house", "red", "a red house"]);
        Assert.Equal(new AnswerMatch(1, 1), match);
        Assert.Throws<ArgumentException>(() => AnswerMatch.Best("x", []));
    }

    [Fact]
    public void LeaveOneOutMeasuresAModelAsAPerson()
    {
        // If "yes" is left out, no answer matches. If one of the others is left out, "yes" matches.
        AnswerMatch match = AnswerMatch.LeaveOneOut("yes", ["yes", "no", "maybe"]);
        Assert.Equal(2.0 / 3, match.ExactMatch, 12);
        Assert.Equal(2.0 / 3, match.F1, 12);
        Assert.Equal(new AnswerMatch(1, 1), AnswerMatch.LeaveOneOut("yes", ["Yes."]));
    }
}
