using Foreword.Data.Reading.Formats;
using Foreword.Evaluation.Overlap;
using Foreword.Evaluation.Results;
using Foreword.Evaluation.Running;

namespace Foreword.Evaluation.Tests.Overlap;

public sealed class TaskOverlapTests
{
    [Fact]
    public void AResultIsDividedIntoSeenAndNewDocuments()
    {
        PreparedBenchmark task = Evaluations.Prepare("lambada");
        BenchmarkResult result = Evaluations.Run(Evaluations.Saying(" signs"), task);
        int right = result.Judgments.Single(judgment => judgment.Value.IsRight == true).Key;
        string seen = (string)task.Set.Documents[right].Fields["text"]!;
        BenchmarkOverlap overlap = BenchmarkOverlap.Compute(Filter(seen), "lambada", result);

        Assert.Equal((12, 1), (overlap.Set.Documents, overlap.Set.Overlapping));
        Assert.Equal(Filter(seen).Of(seen).Grams, overlap.Set.Sum.Found); // the whole passage, including its last word
        Assert.Equal([right], overlap.Only!.Judgments.Keys);
        Assert.Equal(1, overlap.Only.Value("acc"));
        Assert.Equal(11, overlap.Without!.Judgments.Count);
        Assert.Equal(0, overlap.Without.Value("acc"));
    }

    [Fact]
    public void TextThatWasNotSeenDividesNothing()
    {
        BenchmarkOverlap overlap = BenchmarkOverlap.Compute(Filter("Eight words that stand in no passage at all."), "lambada", Evaluations.Run(Evaluations.Uniform(), Evaluations.Prepare("lambada")));
        Assert.Null(overlap.Without);
        Assert.Null(overlap.Only);
        Assert.Equal(0, overlap.Set.Sum.Share);
    }

    [Theory]
    [InlineData("copa")]
    [InlineData("winograd")]
    [InlineData("xquad-en")]
    [InlineData("enwik8")]
    public void EveryKindOfRequestHasAText(string name)
    {
        BenchmarkResult result = Evaluations.Run(Evaluations.Uniform(), Evaluations.Prepare(name, limit: 3, shots: 0));
        Assert.True(BenchmarkOverlap.Compute(Filter("Eight words that stand in no passage at all."), name, result).Set.Sum.Grams > 0);
    }

    private static OverlapFilter Filter(string text) => OverlapFilter.Create(() => [new TextChunk(text, EndsDocument: true)], "train");
}
