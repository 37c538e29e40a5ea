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
        Assert.Equal(100, Score(AnswerMetric.CorpusF1, ("Smith and Jones", "Jones, the Smith")), 1e-9); // in any order
        Assert.Equal(0, Score(AnswerMetric.CorpusF1, ("New York New York", "New York")), 1e-9); // each word as often
        Question two = new("", "", ["Paris", "Rome"], "");
        Assert.Equal(400.0 / 7, AnswerScores.Compute(AnswerMetric.CorpusF1, [(two, "Rome"), (two, "Paris and Rome"), (two, "unanswerable"), (two, "Paris")]), 1e-9); // precision 2/3, recall 2/4: one accepted answer is enough
        Assert.Equal(0, Score(AnswerMetric.CorpusF1, ("unanswerable", "unanswerable")), 1e-9);
    }

    /// <summary>
    /// The states are right after turn 1 of the first dialogue and in the second dialogue: 2 of 4. The requests are right in its first two turns: 2 of 4.
    /// decaNLP distinguishes a turn without requests from <c>None</c>.
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
        Assert.Equal(100 * (2.0 / 4 + 2.0 / 4) / 2, AnswerScores.Compute(AnswerMetric.DialogueState, turns), 1e-9);

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
