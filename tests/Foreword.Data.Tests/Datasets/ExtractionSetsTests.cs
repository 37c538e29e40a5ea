using Foreword.Data.Datasets;
using Foreword.Tasks;
using Foreword.Tasks.Targets;

namespace Foreword.Data.Tests.Datasets;

/// <summary>Checks what the data sets of labeled words and of parts of texts read from their layouts.</summary>
public sealed class ExtractionSetsTests
{
    [Fact]
    public void ConllHasASentenceForEachBlockOfLines()
    {
        DatasetContent content = ReadDataset.Of("conll-2003");
        Assert.Equal(["Anna Weber visits Ghent .", "The Harbor Club won", "Rain in Oslo Bergen"], content.Train.Texts());
        Assert.Equal(["I-PER I-PER O I-LOC O", "O I-ORG I-ORG O", "O O I-LOC B-LOC"], content.Train.Labels());
        Assert.Equal($"{content.Train.Files[0]}:3", content.Train.Examples[0].Where);
        Assert.Equal(["I-PER O"], content.Validation!.Labels());
        Assert.Equal(["I-MISC O O I-LOC"], content.Tests.Single().Labels());
    }

    [Fact]
    public void SquadHasAnswersWithPositions()
    {
        DatasetContent content = ReadDataset.Of("squad-1.1");
        Assert.Equal(["When was the mill built?", "Who built the mill?", "When are the leaves picked?"], content.Train.Texts());
        Assert.Equal("""{"text":["1704"],"answer_start":[22]}""", content.Train.Examples[0].Label);
        Assert.Equal(["1871", "in 1871"], SpanLabel.Read(content.Validation!.Examples[0]).Texts);
        DatasetPart dev = Assert.Single(content.Tests);
        Assert.Equal(("dev", "", "d1"), (dev.Name, dev.SubmissionEnding, dev.Ids.Single()));
    }

    [Fact]
    public void SquadTwoHasQuestionsWithoutAnAnswer()
    {
        DatasetContent content = ReadDataset.Of("squad-2.0");
        Assert.Equal("", content.Train.Examples[1].Label);
        Assert.Equal(["e1", "e2"], content.Tests.Single().Ids);
    }

    [Fact]
    public void XquadHoldsOutWholeArticles()
    {
        DatasetContent content = ReadDataset.Of("xquad-zh");
        Assert.Equal((6, 1, 1), (content.Train.Examples.Count, content.Validation!.Examples.Count, content.Tests.Single().Examples.Count));
        Assert.Equal(["第7座桥长17米。"], content.Tests.Single().Texts(1));
        Assert.Equal(["x7"], content.Tests.Single().Ids);
        Assert.Equal(["The bridge number 6 is 16 metres long."], ReadDataset.Of("xquad-en").Validation!.Texts(1));
    }

    [Fact]
    public void SquadsServerTakesOneObject()
    {
        DatasetPart part = new(DatasetPart.Test, [new(["q", "c"], []), new(["q", "c"], [])], ["test.json"]) { Ids = ["a", "b"], SubmissionEnding = "" };
        using StringWriter writer = new();
        SubmissionFormat.OfAnswers().Write(writer, part, [new Prediction("die \"Größe\" 米", -1, double.NaN, []), new Prediction("", -1, double.NaN, [])]);
        Assert.Equal("""{"a": "die \"Größe\" 米", "b": ""}""" + "\n", writer.ToString());
    }
}
