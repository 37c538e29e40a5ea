using System.Text;
using Foreword.Data.Decoding;
using Foreword.Data.Reading;

namespace Foreword.Data.Tests.Decoding;

/// <summary>Tests decoding. The bytes are those that Python 3.11's codecs produce for the texts.</summary>
public sealed class TextEncodingTests : IDisposable
{
    private const string Analects = "子曰：「學而時習之，不亦說乎？」";

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("gb18030", "D7D3D4BBA3BAA1B88C57B6F89572C195D6AEA3ACB2BBD2E0D566BAF5A3BFA1B9", Analects)]
    [InlineData("GB18030", "95328236A8A6A2E30A61", "𠀀é€\na")]
    [InlineData("gbk", "BCF2CCE5D6D0CEC4A3ACB2E2CAD4A1A3", "简体中文，测试。")]
    [InlineData("gb2312", "BCF2CCE5D6D0CEC4A3ACB2E2CAD4A1A3", "简体中文，测试。")]
    [InlineData("big5", "A46CA4EAA147A175BEC7A6D3AEC9B2DFA4A7A141A4A3A5E7BBA1A547A148A176", Analects)]
    [InlineData("utf-16", "505BF0661AFF0C30785B0C804266D27F4B4E0CFF0D4EA64EAA8A4E4E1FFF0D30", Analects)]
    [InlineData("utf-16le", "505BF0661AFF", "子曰：")]
    [InlineData("utf-16be", "5B5066F0FF1A", "子曰：")]
    [InlineData("cp1251", "CFF0E8E2E5F22C20ECE8F0", "Привет, мир")]
    [InlineData("windows-1251", "CFF0E8E2E5F22C20ECE8F0", "Привет, мир")]
    [InlineData("koi8-r", "F0D2C9D7C5D42C20CDC9D2", "Привет, мир")]
    [InlineData("latin1", "64E96AE020767520FF", "déjà vu ÿ")]
    [InlineData("latin-1", "64E96AE020767520FF", "déjà vu ÿ")]
    [InlineData("shift_jis", "93FA967B8CEA8365834C835883678141B1", "日本語テキスト、ｱ")]
    [InlineData("euc-kr", "C7D1B1B9BEEE20C5D8BDBAC6AE", "한국어 텍스트")]
    [InlineData("utf-8", "E5AD90", "子")]
    public void TextIsReadInItsEncoding(string encoding, string bytes, string text) => Assert.Equal(text, Read(Convert.FromHexString(bytes), encoding));

    [Theory]
    [InlineData("FFFE505BF066", "子曰")]
    [InlineData("FEFF5B5066F0", "子曰")]
    [InlineData("EFBBBFE5AD90E69BB0", "子曰")]
    [InlineData("FFFE0000505B0000F0660000", "子曰")]
    [InlineData("0000FEFF00005B50000066F0", "子曰")]
    public void AByteOrderMarkDecidesWhateverWasAskedFor(string bytes, string text)
    {
        Assert.Equal(text, Read(Convert.FromHexString(bytes), null));
        Assert.Equal(text, Read(Convert.FromHexString(bytes), "gb18030"));
    }

    [Fact]
    public void TheMarkOfGb18030IsDropped() => Assert.Equal("子", Read([0x84, 0x31, 0x95, 0x33, 0xD7, 0xD3], "gb18030"));

    [Theory]
    [InlineData("gb18030", 1)]
    [InlineData("gb18030", 2)]
    [InlineData("big5", 1)]
    [InlineData("utf-16", 1)]
    [InlineData("utf-16be", 3)]
    [InlineData("shift_jis", 1)]
    public void BlocksMayEndInsideACharacter(string encoding, int shift)
    {
        string longest = new string('a', shift) + string.Concat(Enumerable.Repeat("一二三", 60_000)) + "\nend"; // no byte below 0x30 for 360,000 bytes
        Encoding writer = CodePagesEncodingProvider.Instance.GetEncoding(encoding) ?? Encoding.GetEncoding(encoding);
        Assert.Equal(longest, Read(writer.GetBytes(longest), encoding));
        string pairs = new string('a', shift) + string.Concat(Enumerable.Repeat("😀", 50_000));
        if (encoding is "gb18030" or "utf-16" or "utf-16be")
            Assert.Equal(pairs, Read(writer.GetBytes(pairs), encoding));
    }

    [Theory]
    [InlineData("gb18030", "D7D3FFD4BB", 2)]
    [InlineData("gb18030", "D7D3D4", 2)]
    [InlineData("big5", "A46CFFFF", 2)]
    [InlineData("utf-16", "505B00D8505B", 2)]
    [InlineData("utf-16", "505BF0", 2)]
    [InlineData("shift_jis", "93FAFF", 2)]
    [InlineData("gbk", "D7D3FF", 2)]
    [InlineData("gbk", "D7D3A2A041", 2)]
    [InlineData("big5", "A46C8041", 2)]
    [InlineData("euc-kr", "C7D1FF", 2)]
    [InlineData("euc-jp", "C6FCFF", 2)]
    public void WrongBytesAreRefusedWithTheirPlace(string encoding, string bytes, int place)
    {
        string path = _directory.File("a.txt");
        Assert.Equal($"{path}: byte {place} begins a sequence that is not {TextEncoding.Find(encoding).Name}", Failure(Convert.FromHexString(bytes), encoding));
        byte[] before = [.. Enumerable.Repeat(encoding == "utf-16" ? "41000A00" : "410A410A", 30_000).SelectMany(Convert.FromHexString)];
        Assert.Equal($"{path}: byte {before.Length + place} begins a sequence that is not {TextEncoding.Find(encoding).Name}", Failure([.. before, .. Convert.FromHexString(bytes)], encoding));
    }

    [Fact]
    public void BinaryIsRefusedInEveryEncoding()
    {
        string path = _directory.File("a.txt");
        Assert.Equal($"{path} is binary, not text in gb18030: byte 3 is NUL", Failure([0xD7, 0xD3, 0x41, 0, 0x41], "gb18030"));
        Assert.StartsWith($"{path} is binary, not text: byte 1 is NUL; name another encoding", Failure([0x41, 0, 0x42, 0], null));
    }

    [Fact]
    public void RowsOfTablesAndJsonLinesHaveEncodings()
    {
        byte[] lines = [.. "{\"text\":\""u8, 0xD7, 0xD3, .. "\"}\n{\"text\":\"a\"}\n"u8];
        Assert.Equal(["子", "a"], ReadFile("a.jsonl", lines, "gbk"));
        Assert.Equal(["子"], ReadFile("a.csv", [.. "id,text\n1,\""u8, 0xD7, 0xD3, .. "\"\n"u8], "gbk"));
        Assert.Equal(["子"], ReadFile("b.csv", [0xFF, 0xFE, .. Encoding.Unicode.GetBytes("id,text\n1,子\n")], null));
        Assert.Equal(["子"], ReadFile("a.html", [.. "<p>"u8, 0xD7, 0xD3, .. "</p>"u8], "gb18030"));
    }

    [Theory]
    [InlineData("gb1803", "did you mean 'gb18030'?")]
    [InlineData("utf-7", "there is no encoding")]
    [InlineData("iso-2022-jp", "cannot be read")]
    [InlineData("hz-gb-2312", "cannot be read")]
    [InlineData("", "there is no encoding ''")]
    public void AnEncodingThatCannotBeReadIsRefused(string name, string message) =>
        Assert.Contains(message, Assert.Throws<ArgumentException>(() => TextEncoding.Find(name)).Message, StringComparison.Ordinal);

    private string Read(byte[] bytes, string? encoding) => string.Concat(ReadFile("a.txt", bytes, encoding));

    private string Failure(byte[] bytes, string? encoding) => Assert.Throws<InvalidDataException>(() => ReadFile("a.txt", bytes, encoding)).Message;

    private string[] ReadFile(string name, byte[] bytes, string? encoding)
    {
        string path = _directory.File(name);
        File.WriteAllBytes(path, bytes);
        DocumentOptions options = new() { Encoding = encoding is null ? null : TextEncoding.Find(encoding) };
        return [.. DocumentReader.Open([path], options).Read().Select(piece => piece.Text)];
    }
}
