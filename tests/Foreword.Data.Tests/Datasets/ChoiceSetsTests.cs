using Foreword.Data.Datasets;
using Foreword.Data.Datasets.Catalog;

namespace Foreword.Data.Tests.Datasets;

/// <summary>Checks what the data sets of questions with choices read from their layouts.</summary>
public sealed class ChoiceSetsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void StoryClozeIsDividedAsInTheOriginalCode()
    {
        // The numbers come from numpy's RandomState(3535999445).permutation(1871), computed by another implementation: 1058, 198, 1174, ...
        string story = string.Concat(Enumerable.Range(0, 1871).Select(i => $"id{i},Story {i}.,b.,c.,d.,good,bad,1\n"));
        string header = File.ReadLines(Directory.GetFiles(Fixtures.Path("datasets/storycloze"), "*val*.csv")[0]).First();
        _directory.Write("cloze_test_val__spring2016.csv", $"{header}\n{story}");
        DatasetContent content = DatasetCatalog.OfName("storycloze").Read(new DatasetInput(_directory.Path));
        Assert.Equal((1497, 374), (content.Train.Examples.Count, content.Validation!.Examples.Count));
        Assert.Equal(["Story 1058. b. c. d.", "Story 198. b. c. d.", "Story 1174. b. c. d."], content.Validation.Texts().Take(3));
        Assert.Equal(348_664, content.Validation.Texts().Sum(text => int.Parse(text!.Split(' ')[1].TrimEnd('.'), System.Globalization.CultureInfo.InvariantCulture)));
        Assert.Equal(["Story 187. b. c. d.", "Story 1591. b. c. d."], content.Train.Texts().Take(2));
    }

    [Fact]
    public void StoryClozeReadsTheStoryAndItsEndings()
    {
        DatasetContent content = ReadDataset.Of("storycloze");
        Assert.Equal((8, 2, 3), (content.Train.Examples.Count, content.Validation!.Examples.Count, content.Tests.Single().Examples.Count));
        Assert.Equal("Story 0 began. Ann, a baker, got up. She baked 0 loaves. She sold them.", content.Tests[0].Examples[0].Texts[0]);
        Assert.Equal(["Ann was glad.", "Ann hates bread."], content.Tests[0].Examples[0].Choices);
        Assert.Equal(["1", "2", "1"], content.Tests[0].Labels());
    }

    [Fact]
    public void TheStoriesOf2018AreDividedLikewise()
    {
        DatasetContent content = ReadDataset.Of("storycloze-2018", "storycloze");
        Assert.Equal((5, 1), (content.Train.Examples.Count, content.Validation!.Examples.Count));
        Assert.Empty(content.Tests); // of 2018, only the validation stories have labels
        Assert.All(content.Parts.SelectMany(part => part.Texts()), text => Assert.Contains("cakes", text, StringComparison.Ordinal));
        Assert.Equal(6, content.Parts.SelectMany(part => part.Examples).Select(example => example.Texts[0]).Distinct().Count());
    }

    [Fact]
    public void RaceEvaluatesEachLevel()
    {
        DatasetContent content = ReadDataset.Of("race"), middle = ReadDataset.Of("race-middle");
        Assert.Equal(["test", "test_middle", "test_high"], content.Tests.Select(part => part.Name));
        Assert.Equal([4, 2, 2], content.Tests.Select(part => part.Examples.Count));
        Assert.Same(content.Tests[0].Examples[0], content.Tests.SelectMany(part => part.Examples).Last(example => example.Where == content.Tests[0].Examples[0].Where));
        Assert.Equal(["This is text 1.\nIt has four lines.", "Is the text short?"], middle.Train.Examples[0].Texts);
        Assert.Equal(["A", "D"], middle.Train.Labels());
        Assert.Equal(["one", "two", "three", "four"], middle.Train.Examples[1].Choices);
    }

    [Fact]
    public void AnAnswerOfRaceThatIsNoLetterIsRefused()
    {
        string file = _directory.Write("train/high/1.txt", """{"answers": ["F"], "options": [["a", "b", "c", "d"]], "questions": ["q"], "article": "a", "id": "1"}""");
        string message = Assert.Throws<InvalidDataException>(() => DatasetCatalog.OfName("race").Read(new DatasetInput(_directory.Path))).Message;
        Assert.StartsWith(file, message, StringComparison.Ordinal);
        Assert.Contains("the answer of question 1 is 'F'; expected A or B or C or D", message, StringComparison.Ordinal);
    }

    [Fact]
    public void CopaReadsBothLayouts()
    {
        DatasetContent original = ReadDataset.Of("copa"), superGlue = ReadDataset.Of("copa", "copa-superglue");
        Assert.Equal(["My body cast a shadow over the grass.", "What was the cause of this?"], original.Train.Examples[0].Texts);
        Assert.Equal(["The sun was rising.", "The grass was cut."], original.Train.Examples[0].Choices);
        Assert.Equal(["1", "1", "2"], original.Train.Labels());
        Assert.Equal(2, original.Validation!.Examples.Count);
        Assert.Equal(["What was the cause of this?", "What happened as a result?", "What was the cause of this?"], superGlue.Train.Texts(1));
        Assert.Equal(["1", "2", "1"], superGlue.Train.Labels());
        Assert.Equal(["0", "1"], superGlue.Tests.Single().Ids);
    }

    [Fact]
    public void XcopaAsksInChinese() =>
        Assert.Equal(["那人打开水龙头。", "结果发生了什么？"], ReadDataset.Of("xcopa-zh").Train.Examples[0].Texts);

    [Fact]
    public void ArcQuestionsHaveThreeToFiveChoicesWithTwoKindsOfKeys()
    {
        DatasetPart train = ReadDataset.Of("arc-challenge").Train;
        Assert.Equal([4, 3, 4, 5], train.Examples.Select(example => example.Choices.Count));
        Assert.Equal(["C", "A", "D", "E"], train.Labels());
    }

    [Fact]
    public void TestFilesOfHellaSwagAndPiqaHaveNoLabels()
    {
        DatasetContent swag = ReadDataset.Of("hellaswag"), piqa = ReadDataset.Of("piqa");
        Assert.Equal(["0", "1", "2", "3"], swag.Train.Labels());
        Assert.Equal("A man cuts bread. he", swag.Train.Examples[0].Texts[0]);
        Assert.Equal(["0", "1", "0"], piqa.Train.Labels());
        Assert.Equal(["turn the lid", "wash the lid"], piqa.Train.Examples[0].Choices);
        Assert.False(swag.Tests.Single().IsLabeled || piqa.Tests.Single().IsLabeled);
    }

    [Fact]
    public void PiqaNeedsOneLabelForEachQuestion()
    {
        string questions = _directory.Write("train.jsonl", File.ReadAllText(Fixtures.Path("datasets/piqa/train.jsonl"))), labels = _directory.File("train-labels.lst");
        Dataset piqa = DatasetCatalog.OfName("piqa");
        Assert.Equal($"{questions} needs its labels, 0 or 1 a line, in {labels}", Refused());
        _directory.Write("train-labels.lst", "0\n1\n");
        Assert.Equal($"{labels}: there are 2 labels for the 3 questions of {questions}", Refused());
        _directory.Write("train-labels.lst", "0\n1\n2\n");
        Assert.Equal($"{labels}:3: the label is '2'; expected 0 or 1", Refused());

        string Refused() => Assert.Throws<InvalidDataException>(() => piqa.Read(new DatasetInput(_directory.Path))).Message;
    }

    [Fact]
    public void McTestHasFourQuestionsForEachStory()
    {
        DatasetContent small = ReadDataset.Of("mctest-160"), large = ReadDataset.Of("mctest-500");
        Assert.Equal(["A", "B", "C", "D", "D", "C", "B", "A"], small.Train.Labels());
        Assert.Equal(["Tom 0 had a cat.\nThe cat was red.", "What is question 1?"], small.Train.Examples[1].Texts);
        Assert.Equal(["a cat", "a dog", "a hat", "a cup"], small.Train.Examples[1].Choices);
        Assert.True(small.Tests.Single().IsLabeled);
        Assert.False(large.Tests.Single().IsLabeled); // its answers are a download of their own
    }

    [Fact]
    public void ModifiedWinogradIsDividedAsInDecaNlp()
    {
        DatasetContent content = ReadDataset.Of("mwsc");
        Assert.Equal((80, 6, 100), (content.Train.Examples.Count, content.Validation!.Examples.Count, content.Tests.Single().Examples.Count));
        Assert.Equal(["The box 0 does not fit into the bag because it is too large.", "What is too large?"], content.Train.Examples[0].Texts);
        Assert.Equal(["1", "2"], content.Train.Labels().Take(2));
        Assert.Equal(["Ann's mother had gone, and her school had been run by an aunt.", "Whose school had been run?"], content.Tests[0].Examples[^1].Texts);
    }
}
