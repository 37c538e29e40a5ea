using System.Text;
using Foreword.Data.Questions;
using Foreword.Data.Recipes;
using Foreword.Data.Recipes.Supervised;
using Foreword.Data.Supervised;
using Foreword.Tokenization;
using Foreword.Tokenization.WordPieces;

namespace Foreword.Data.Tests.Supervised;

/// <summary>Tests the tokens of questions. Each byte is a token.</summary>
public sealed class QuestionEncoderTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void OnlyTheAnswerAndItsEndCount()
    {
        SupervisedExample example = new QuestionEncoder(new ByteTokenizer(), 100).Encode(Ask("abc", "q?", "x"), "q?")!;
        Assert.Equal([.. "Context: abc\nQuestion: q?\nAnswer: x"u8.ToArray().Select(b => (int)b), 256], example.Ids);
        Assert.Equal(36, example.Ids.Length);
        Assert.Equal([33, 34, 35], Enumerable.Range(0, 36).Where(i => example.Counts[i]));
        Assert.Equal("Context: abc\nQuestion: other\nAnswer: x", Text(new QuestionEncoder(new ByteTokenizer(), 100).Encode(Ask("abc", "q?", " x\n"), "other")!.Ids[..^1]));
    }

    [Fact]
    public void AContextThatIsTooLongLosesItsBeginning()
    {
        QuestionEncoder encoder = new(new ByteTokenizer(), 33);
        SupervisedExample example = encoder.Encode(Ask("abc", "q?", "x"), "q?")!; // 36 tokens; 34 fit, of which the last one is only predicted
        Assert.Equal("Context: c\nQuestion: q?\nAnswer: x", Text(example.Ids[..^1]));
        Assert.Equal(34, example.Ids.Length);
        Assert.Equal("Context: \nQuestion: q?\nAnswer:", Text(encoder.Prompt("aé", "q?", 31))); // half of the letter would fit
        Assert.Equal("q?\nAnswer:", Text(encoder.Prompt("abc", "q?", 10)));
        Assert.Null(encoder.Encode(Ask("abc", "q?", "an answer of many words"), "q?"));
        Assert.Equal((16, 17), (encoder.MostWritten, encoder.Prompt(Ask("abc", "q?", "x")).Length));
    }

    [Fact]
    public void ATokenizerThatDoesNotKnowTheWordsIsRefused()
    {
        Tokenizer tokenizer = new WordPiece(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "天"]);
        Assert.Contains("does not know the words Context, Question and Answer, which become [UNK]", Assert.Throws<InvalidDataException>(() => new QuestionEncoder(tokenizer, 10)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATokenizerWithoutAnEndIsRefused() => Assert.Contains("no token that ends a text", Assert.Throws<InvalidDataException>(() => new QuestionEncoder(new ByteTokenizer(null), 10)).Message, StringComparison.Ordinal);

    [Fact]
    public void ARunsQuestionsAreThoseOfItsMix()
    {
        string long_ = new('x', 40);
        _directory.Write("sst/train.jsonl", string.Concat(Enumerable.Range(0, 6).Select(i => $$"""{"context": "{{i}}", "question": "good?", "answer": "{{(i == 0 ? long_ : "yes")}}"}""" + "\n")));
        string mix = _directory.Write("mix.yaml", $$"""
            directory: {{_directory.Path}}
            files: {sst: sst}
            wordings: {{_directory.Write("w.yaml", "sst: [\"{question}\", \"really {question}\"]")}}
            """);
        QuestionRecipe recipe = new() { Model = new() { Path = "m" }, Data = new() { Train = [mix] } };
        QuestionData data = QuestionData.Open(recipe, new ByteTokenizer(), 60);
        int left = data.Train.Count, held = data.Validation[0].Examples.Count;
        Assert.Single(data.Notes);
        Assert.Equal(5, left + held); // one answer is too long
        string[] drawn = [.. Enumerable.Range(0, 20).Select(draw => Text(data.Example(0, 0, draw).Ids[..^1]))];
        Assert.Equal(2, drawn.Distinct().Count());
        Assert.Contains(drawn, text => text.Contains("Question: really good?\nAnswer: yes", StringComparison.Ordinal));
        Assert.Equal(drawn, Enumerable.Range(0, 20).Select(draw => Text(data.Example(0, 0, draw).Ids[..^1])));
        Assert.Equal(["mix.yaml", "w.yaml", "train.jsonl"], data.Files.Train.Select(file => Path.GetFileName(file.Path)));
        _directory.Write("w.yaml", "sst: [\"Is it {options}?\"]");
        Assert.Contains("w.yaml: a wording of sst, \"Is it {options}?\", holds {options}, which the question ", Assert.Throws<InvalidDataException>(() => QuestionData.Open(recipe, new ByteTokenizer(), 60)).Message, StringComparison.Ordinal);
        Assert.Contains("data.train names 2 files", Assert.Throws<ArgumentException>(() => (recipe with { Data = new() { Train = [mix, mix] } }).Validate()).Message, StringComparison.Ordinal);
    }

    private static Question Ask(string context, string asked, string answer) => new(context, asked, [answer], "f:1");

    private static string Text(IEnumerable<int> ids) => Encoding.UTF8.GetString([.. ids.Select(id => (byte)id)]);
}
