using Foreword.Data.Questions;
using Foreword.Evaluation.Questions;

namespace Foreword.Evaluation.Tests.Questions;

/// <summary>Tests decaNLP's metrics with values computed by hand.</summary>
public sealed class AnswerScoresTests
{
    [Fact]
    public void AnswersAreComparedAfterNormalization()
    {
        Assert.Equal(50, Score(AnswerMetric.NormalizedExactMatch, ("The Cat.", "cat"), ("dog", "cat")), 1e-9);
        Assert.Equal(200.0 / 3, Score(AnswerMetric.NormalizedF1, ("black cat", "the cat")), 1e-9); // precision 1/2, recall 1
        Assert.Equal(100, AnswerScores.Compute(AnswerMetric.NormalizedF1, [(new Question("", "", ["x", "y z"], ""), "Y, z")]), 1e-9);
        Assert.Equal(80, Score(AnswerMetric.NormalizedF1, ("北京市", "北京")), 1e-9); // each ideograph is a word
    }

    [Fact]
    public void TranslationsAreComparedInLowerCase()
    {
        Assert.Equal(100, Score(AnswerMetric.Bleu, ("The cat sat on THE mat.", "the cat sat on the Mat.")), 1e-9);
        Assert.Equal(0, Score(AnswerMetric.Bleu, ("x", "the cat sat")), 1e-9);
    }

    /// <summary>ROUGE-1 and ROUGE-L share 2 of 3 words with 2 of 2; ROUGE-2 shares 1 of 2 pairs with 1 of 1.</summary>
    [Fact]
    public void SummariesHaveTheMeanOfThreeRouges() => Assert.Equal(100 * (0.8 + 2.0 / 3 + 0.8) / 3, Score(AnswerMetric.Rouge, ("a cat sat", "cat sat")), 1e-9);

    /// <summary>Of two answers that were given, one is right; of two questions that have an answer, one was answered rightly.</summary>
    [Fact]
    public void UnanswerableQuestionsCountOnlyIfTheyAreAnswered()
    {
        Assert.Equal(50, Score(AnswerMetric.CorpusF1, ("paris", "Paris"), ("unanswerable", "unanswerable"), ("Rome", "unanswerable"), ("unanswerable", "Rome")), 1e-9);
        Assert.Equal(100, Score(AnswerMetric.CorpusF1, ("Smith and Jones", "Jones, the Smith")), 1e-9); // sets of words
        Assert.Equal(0, Score(AnswerMetric.CorpusF1, ("unanswerable", "unanswerable")), 1e-9);
    }

    /// <summary>
    /// The states are right after turn 1 of the first dialogue and in the second dialogue: 2 of 4. The requests are right in the first dialogue: 3 of 4.
    /// </summary>
    [Fact]
    public void TheStateOfADialogueKeepsWhatWasSaidBefore()
    {
        (Question, string)[] turns =
        [
            (Turn("en_1", "food: italian; "), "food: italian;"),
            (Turn("en_1", "area: north; phone"), "area: south; phone"),
            (Turn("en_1", "None"), ";"),
            (Turn("en_2", "; phone"), "None"),
        ];
        Assert.Equal(100 * (2.0 / 4 + 3.0 / 4) / 2, AnswerScores.Compute(AnswerMetric.DialogueState, turns), 1e-9);

        static Question Turn(string dialogue, string answer) => new("", "", [answer], "") { Dialogue = dialogue };
    }

    [Fact]
    public void TheOrderOfConditionsDoesNotChangeAQuery() => Assert.Equal(100.0 / 3, Score(
        AnswerMetric.LogicalForm, ("select a  from table where y = 2 and x = 1", "SELECT a FROM table WHERE x = 1 AND y = 2"), ("select a from table", "select b from table"), ("select a from table", "select a from table where x = 1")), 1e-9);

    [Fact]
    public void NoAnswerHasNoScore() => Assert.Throws<ArgumentException>(() => AnswerScores.Compute(AnswerMetric.Bleu, []));

    private static double Score(AnswerMetric metric, params (string Answer, string Accepted)[] answers) =>
        AnswerScores.Compute(metric, [.. answers.Select(one => (new Question("", "", [one.Accepted], ""), one.Answer))]);
}
