using Foreword.Tasks.Metrics;

namespace Foreword.Tests.Tasks.Metrics;

public sealed class EntityTests
{
    [Theory]
    [InlineData("O O", "")]
    [InlineData("B-PER I-PER O B-LOC", "PER 0-2, LOC 3-4")]
    [InlineData("I-PER I-PER O I-LOC", "PER 0-2, LOC 3-4")] // IOB1
    [InlineData("I-LOC B-LOC I-LOC", "LOC 0-1, LOC 1-3")] // IOB1: B parts two neighbors
    [InlineData("B-LOC B-LOC", "LOC 0-1, LOC 1-2")]
    [InlineData("B-PER I-LOC", "PER 0-1, LOC 1-2")]
    [InlineData("S-PER B-LOC I-LOC E-LOC S-ORG", "PER 0-1, LOC 1-4, ORG 4-5")] // IOBES
    [InlineData("B-LOC E-LOC E-LOC", "LOC 0-2, LOC 2-3")]
    [InlineData("B-a-b I-a-b", "a-b 0-2")]
    public void LabelsMarkEntities(string labels, string entities) =>
        Assert.Equal(entities, string.Join(", ", Entity.Of(labels.Split(' ')).Select(entity => $"{entity.Type} {entity.Start}-{entity.End}")));

    [Fact]
    public void PartsOfSpeechMarkNone()
    {
        Assert.False(Entity.AreIn(["NN", "VB", "O"]));
        Assert.True(Entity.AreIn(["O", "I-PER"]));
    }

    /// <summary>
    /// Right are PER 0-2, LOC 3-4 and, in the second text, LOC 0-1; predicted are PER 0-2, LOC 2-4 and LOC 0-1. 2 hits of 3 right and 3 predicted ones;
    /// 5 of 7 words have their label.
    /// </summary>
    [Fact]
    public void AnEntityIsRightIfItsWordsAndItsTypeAre()
    {
        TaskOutcomes.OfWordLabels outcomes = new(
            [["B-PER", "I-PER", "O", "B-LOC", "O"], ["B-LOC", "O"]],
            [["B-PER", "I-PER", "B-LOC", "I-LOC", "O"], ["B-LOC", "O"]], HasEntities: true);
        Assert.Equal(2.0 / 3, TaskMetric.EntityF1.Of(outcomes), 1e-12);
        Assert.Equal(2.0 / 3, TaskMetric.EntityPrecision.Of(outcomes), 1e-12);
        Assert.Equal(2.0 / 3, TaskMetric.EntityRecall.Of(outcomes), 1e-12);
        Assert.Equal(5.0 / 7, TaskMetric.TokenAccuracy.Of(outcomes), 1e-12);
        TaskEvaluation evaluation = TaskEvaluation.Compute("token-labels", outcomes, [TaskMetric.EntityF1], resamples: 20);
        Assert.Equal([new ClassRow("LOC", 2, 0.5, 0.5, 0.5), new ClassRow("PER", 1, 1, 1, 1)], evaluation.Classes!);
        Assert.Equal("entity_f1 is a metric of labels of words, and the model predicts scores (Parameter 'sample')",
            Assert.Throws<ArgumentException>(() => TaskMetric.EntityF1.Of(new TaskOutcomes.OfScores([1], [2]))).Message);
    }

    [Fact]
    public void WithoutMarksEachWordCounts()
    {
        TaskOutcomes.OfWordLabels outcomes = new([["NN", "VB", "O"]], [["NN", "NN", "NN"]], HasEntities: false);
        Assert.Equal((1.0 / 3, 0.5), (TaskMetric.EntityPrecision.Of(outcomes), TaskMetric.EntityRecall.Of(outcomes)));
        Assert.Equal("every word of all 1 examples the label 'NN'", outcomes.SameAnswer);
    }
}
