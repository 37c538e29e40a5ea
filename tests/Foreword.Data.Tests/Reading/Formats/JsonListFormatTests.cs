using System.Text;
using Foreword.Data.Decoding;
using Foreword.Data.Reading;
using Foreword.Data.Reading.Formats;

namespace Foreword.Data.Tests.Reading.Formats;

/// <summary>Tests lists of texts, such as GPT2-Chinese's <c>train.json</c>.</summary>
public sealed class JsonListFormatTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("""["第一行\n第二行", "", "b"]""", "第一行\n第二行|b")]
    [InlineData("\uFEFF [\n\"a\",\n\"b\"]\n", "a|b")]
    [InlineData("""[{"text": "a", "title": "x"}, {"text": "b"}]""", "a|b")]
    [InlineData("""["a\ud800b", "\ud83d\ude00"]""", "a\uFFFDb|😀")]
    public void EachElementIsADocument(string json, string expected) => Assert.Equal(expected, string.Join('|', Read(json).Select(chunk => chunk.EndsDocument ? chunk.Text : "?")));

    [Fact]
    public void LongListsAreReadElementByElement()
    {
        string element = new('天', 5_000);
        string json = $"[{string.Join(',', Enumerable.Repeat($"\"{element}\"", 100))}]";
        Assert.All(Read(json), chunk => Assert.Equal(element, chunk.Text));
        Assert.Equal(100, Read(json).Count());
        IEnumerable<TextChunk> broken = Read($"[{string.Join(',', Enumerable.Repeat($"\"{element}\"", 50))}, oops]");
        Assert.Equal(20, broken.Take(20).Count()); // the file is wrong only at its end
    }

    [Theory]
    [InlineData("""{"text": "a"}""", "expected one list of texts")]
    [InlineData("""["a", 3]""", "[1] is a number, not a text")]
    [InlineData("""[{"body": "a"}]""", "[0]: no field \"text\"")]
    [InlineData("[\"a\",\n\"b\",\n oops]", ":3: not valid JSON")]
    [InlineData("[\"a\"", ": not valid JSON")]
    public void AnythingElseIsRefusedWithItsPlace(string json, string expected)
    {
        InvalidDataException problem = Assert.Throws<InvalidDataException>(() => Read(json).ToList());
        Assert.StartsWith(_directory.File("list.json"), problem.Message, StringComparison.Ordinal);
        Assert.Contains(expected, problem.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void TextThatIsNotUtf8NeedsItsEncoding()
    {
        TextEncoding gb18030 = TextEncoding.Find("gb18030");
        string path = _directory.File("list.json");
        File.WriteAllBytes(path, CodePagesEncodingProvider.Instance.GetEncoding("gb18030")!.GetBytes("""["春眠不覺曉"]"""));
        Assert.Contains("[0]: the text is not UTF-8", Assert.Throws<InvalidDataException>(() => DocumentReader.Open([path]).Read().ToList()).Message, StringComparison.Ordinal);
        Assert.Equal("春眠不覺曉", Assert.Single(DocumentReader.Open([path], new DocumentOptions { Encoding = gb18030 }).Read()).Text);
    }

    [Fact]
    public void OtherJsonInADirectoryIsLeftOut()
    {
        _directory.Write("a.json", """["a"]""");
        _directory.Write("config.json", """{"n_layer": 2}""");
        DocumentReader reader = DocumentReader.Open([_directory.Path]);
        Assert.Equal("a", Assert.Single(reader.Read()).Text);
        Assert.Equal(SkipReason.NoTextField, Assert.Single(reader.Skipped).Reason);
    }

    private IEnumerable<TextChunk> Read(string json) => DocumentReader.Open([_directory.Write("list.json", json)]).Read();
}
