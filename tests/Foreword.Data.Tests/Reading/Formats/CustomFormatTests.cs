using Foreword.Data.Reading;
using Foreword.Data.Reading.Formats;

namespace Foreword.Data.Tests.Reading.Formats;

/// <summary>A text format of a program's own is read wherever the built-in ones are.</summary>
public sealed class CustomFormatTests
{
    [Fact]
    public void ARegisteredFormatIsReadByItsExtension()
    {
        DocumentReader.Register(new FortuneFormat());
        using TemporaryDirectory directory = Fixtures.NewDirectory();
        directory.Write("texts/b.fortune", "one\n%\ntwo\n");
        directory.Write("texts/a.txt", "zero");
        DocumentReader reader = DocumentReader.Open([directory.File("texts")]);
        Assert.Equal(["zero", "one\n", "two\n"], reader.Read().Select(chunk => chunk.Text));
        Assert.Contains("extension '.fortune' is registered already", Assert.Throws<ArgumentException>("format", () => DocumentReader.Register(new FortuneFormat())).Message);
    }

    [Theory]
    [InlineData("Fortune")]
    [InlineData(".Fortune")]
    public void AnExtensionIsInLowerCaseWithADot(string extension) =>
        Assert.Contains($"'{extension}'", Assert.Throws<ArgumentException>("format", () => DocumentReader.Register(new FortuneFormat { Extensions = [extension] })).Message);

    [Fact]
    public void ABuiltInExtensionIsTaken() =>
        Assert.Contains("a text format for the extension '.jsonl' is registered already", Assert.Throws<ArgumentException>("format", () => DocumentReader.Register(new FortuneFormat { Extensions = [".jsonl"] })).Message);

    /// <summary>The format of the program fortune: texts with a percent sign between them.</summary>
    private sealed class FortuneFormat : IDocumentFormat
    {
        public IReadOnlyList<string> Extensions { get; init; } = [".fortune"];

        public IEnumerable<TextChunk> Read(Stream stream, string path, string textField)
        {
            using StreamReader reader = new(stream, leaveOpen: true);
            foreach (string text in reader.ReadToEnd().Split("%\n"))
                yield return new TextChunk(text, EndsDocument: true);
        }
    }
}
