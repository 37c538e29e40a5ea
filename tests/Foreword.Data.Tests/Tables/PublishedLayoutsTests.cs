using Foreword.Data.Tables;

namespace Foreword.Data.Tests.Tables;

/// <summary>Reads the layouts of CoNLL and SQuAD as tables.</summary>
public sealed class PublishedLayoutsTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void ASentenceOfConllIsARow()
    {
        string file = _directory.Write("a.conll", "-DOCSTART- -X- O\n\nEU NNP B-ORG\nrejects\tVBZ\tO\r\n\n\n 你好 X O\n");
        Assert.Equal([["EU rejects", "B-ORG O", "NNP VBZ"], ["你好", "O", "X"]], Rows(file, "text", "label", "1"));
        Assert.Equal([$"{file}:3", $"{file}:7"], TableReader.Read(file, ["0"]).Select(row => row.Where));
        Assert.Equal([["EU rejects"], ["你好"]], Rows(file, "0"));
    }

    [Theory]
    [InlineData("EU NNP O\nrejects O\n", "2: the line has 2 columns; the first word has 3")]
    [InlineData("EU\nrejects\n", "1: the words have no label; expected at least 2 columns")]
    [InlineData("-DOCSTART- O\n\n", " there are no words")]
    public void ABrokenFileOfConllIsNamed(string text, string problem)
    {
        string file = _directory.Write("a.conll", text);
        Assert.Equal($"{file}:{problem}", Assert.Throws<InvalidDataException>(() => Rows(file, "text", "label")).Message);
    }

    [Fact]
    public void AColumnThatIsNotThereIsNamed()
    {
        string file = _directory.Write("a.conll", "EU O\n");
        Assert.Equal($"{file}:1: there is no column 'labl'; the columns are text, label and 0 to 1; did you mean 'label'?", Assert.ThrowsAny<Exception>(() => Rows(file, "labl")).Message);
    }

    [Fact]
    public void AQuestionOfSquadIsARow()
    {
        string file = _directory.Write("a.json", """{"data": [{"paragraphs": [{"context": "The mill.", "qas": [{"id": "1", "question": " What? ", "answers": [{"text": "mill", "answer_start": 4}]}, {"id": "2", "question": "Who?", "answers": [], "is_impossible": true}]}]}]}""");
        Assert.Equal([["1", "What?", "The mill.", """{"text":["mill"],"answer_start":[4]}"""], ["2", "Who?", "The mill.", ""]], Rows(file, "id", "question", "context", "label"));
    }

    [Theory]
    [InlineData("""{"data": [""", ": the file is broken JSON (")]
    [InlineData("""{"rows": []}""", ": there is no list 'data'; expected SQuAD's JSON with data, paragraphs and qas")]
    [InlineData("""{"data": []}""", ": there are no questions; expected SQuAD's JSON with data, paragraphs and qas")]
    [InlineData("""{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "1", "question": "q"}]}]}]}""", ":1: the question has no list 'answers'")]
    [InlineData("""{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "1", "question": "q", "answers": [{"text": "c"}]}]}]}]}""", ":1: an answer has no whole number 'answer_start'")]
    [InlineData("""{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "1", "question": "q", "answers": []}]}]}]}""", ":1: 'answers' is empty, but 'is_impossible' is not true")]
    [InlineData("""{"data": [{"paragraphs": [{"context": 3, "qas": []}]}]}""", ", article 1: there is no text 'context'")]
    public void ABrokenFileOfSquadIsNamed(string text, string problem)
    {
        string file = _directory.Write("a.json", text);
        Assert.StartsWith($"{file}{problem}", Assert.Throws<InvalidDataException>(() => Rows(file, "question", "context", "label")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void UnlabeledQuestionsCanBeRead()
    {
        string file = _directory.Write("a.json", """{"data": [{"paragraphs": [{"context": "c", "qas": [{"id": "1", "question": "q"}]}]}]}""");
        Assert.Equal([["q", "c"]], Rows(file, "question", "context"));
        Assert.Equal(["id", "document", "question", "context", "label"], TableReader.Read(file, ["question"], new TableOptions { KeepsInput = true }).Single().Input.Select(field => field.Key));
    }

    private static string[][] Rows(string file, params string[] columns) => [.. TableReader.Read(file, columns).Select(row => row.Cells.Select(cell => cell.Single()).ToArray())];
}
