using Foreword.Data.Reading;

namespace Foreword.Data.Tests.Reading.Formats;

public sealed class JsonLinesFormatTests
{
    [Theory]
    [InlineData(64)] // lines that end exactly at the end of the buffer, for every buffer size
    [InlineData(63)]
    [InlineData(1000)]
    public void EveryLineIsReadWhereverTheBufferEnds(int lineBytes)
    {
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        const int Lines = 5000;
        string text = new('x', lineBytes - "{\"text\":\"\"}\n".Length);
        string path = directory.Write("lines.jsonl", string.Concat(Enumerable.Repeat($"{{\"text\":\"{text}\"}}\n", Lines)));
        Assert.Equal(lineBytes * Lines, new FileInfo(path).Length);
        Assert.Equal(Lines, DocumentReader.Open([path]).Read().Count(piece => piece.Text == text));
    }
}
