using Foreword.Data.Datasets;

namespace Foreword.Data.Tests.Datasets;

/// <summary>Checks what the data sets of single texts read from their layouts.</summary>
public sealed class ClassificationSetsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ColaHasNoHeaderExceptInTheTestFile()
    {
        DatasetContent content = ReadDataset.Of("cola");
        Assert.Equal(["The children opened the door.", "The children opened door the.", "\"Sing,\" she told them.", "She told to sing them."], content.Train.Texts());
        Assert.Equal(["acceptable", "unacceptable", "acceptable", "unacceptable"], content.Train.Labels());
        Assert.Equal(["Bill left early.", "Early Bill left did."], content.Tests.Single().Texts());
        Assert.False(content.Tests.Single().IsLabeled);
    }

    [Fact]
    public void Sst2ReadsQuotesAsOrdinaryCharacters()
    {
        DatasetContent content = ReadDataset.Of("sst-2");
        Assert.Equal(["hide new secretions from the parents", "a \"smart and funny film", "dull"], content.Train.Texts());
        Assert.Equal(["negative", "positive", "negative"], content.Train.Labels());
        Assert.Equal(["0", "1"], content.Tests.Single().Ids);
    }

    [Fact]
    public void AgNewsJoinsTitleAndDescription()
    {
        DatasetContent content = ReadDataset.Of("ag-news");
        Assert.Equal("Oil prices rise The price of oil \"rose\" by 2 percent\\, traders said.", content.Train.Examples[0].Texts[0]);
        Assert.Equal(["Business", "Sports", "Sci/Tech", "World"], content.Train.Labels());
        Assert.Null(content.Validation);
        Assert.True(content.Tests.Single().IsLabeled);
    }

    [Fact]
    public void TrecHasCoarseAndFineClassesInLatin1()
    {
        DatasetPart coarse = ReadDataset.Of("trec").Train, fine = ReadDataset.Of("trec-fine").Train;
        Assert.Equal(["DESC", "ENTY", "HUM", "NUM"], coarse.Labels());
        Assert.Equal(["DESC:manner", "ENTY:cremat", "HUM:ind", "NUM:date"], fine.Labels());
        Assert.Equal("Who was the sister\u00F0city planner of Rome ?", fine.Examples[2].Texts[0]);
    }

    [Fact]
    public void ATrecLineWithoutAClassIsRefused()
    {
        string file = _directory.Write("train_5500.label", "NUM:date When ?\nWhat : is this ?\n");
        Assert.Equal($"{file}:2: the line begins with 'What : is this ?'; expected a class such as DESC:manner, a space and a question",
            Assert.Throws<InvalidDataException>(() => Foreword.Data.Datasets.Catalog.DatasetCatalog.OfName("trec").Read(new DatasetInput(_directory.Path))).Message);
    }

    [Fact]
    public void ImdbTakesTheClassesInTurn()
    {
        DatasetContent content = ReadDataset.Of("imdb");
        Assert.Equal(["negative", "positive", "negative", "positive"], content.Train.Labels());
        Assert.Equal("The film 0 is slow.<br /><br />I left trained.", content.Train.Examples[0].Texts[0]);
        Assert.Equal(4, content.Tests.Single().Examples.Count);
    }

    [Fact]
    public void Banking77AndSentimentSentencesHoldOutAShare()
    {
        DatasetContent banking = ReadDataset.Of("banking77"), sentiment = ReadDataset.Of("sentiment-sentences");
        Assert.Equal((3, 2), (banking.Train.Examples.Count, banking.Tests.Single().Examples.Count));
        Assert.Equal("card_arrival", banking.Train.Examples[0].Label);
        Assert.Equal((9, 0), (sentiment.Train.Examples.Count, sentiment.Tests.Count));
        Assert.Equal("So there is no way for me to plug it in here in the US unless I go by a converter.", sentiment.Train.Examples[0].Texts[0]);
        Assert.Null(banking.Validation);
        Assert.Null(sentiment.Validation);
    }
}
