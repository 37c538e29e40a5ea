using Foreword.Data.Reading;
using Foreword.Data.Reading.Formats;

namespace Foreword.Data.Tests.Reading;

public sealed class DocumentDividerTests : IDisposable
{
    private const string Poems = "\n\nTyger Tyger, burning bright,\n  In the forests of the night;  \n\n \t\nThe Sun does arise,\r\nAnd make happy the skies.\r\n\r\nO Rose thou art sick.\n";

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AFileIsOneDocumentUnlessToldOtherwise() => Assert.Equal([Poems], Documents(DocumentUnit.File, Poems));

    [Fact]
    public void LinesThatAreNotBlankAreDocuments() => Assert.Equal(
        ["Tyger Tyger, burning bright,", "  In the forests of the night;", "The Sun does arise,", "And make happy the skies.", "O Rose thou art sick."], Documents(DocumentUnit.Line, Poems));

    [Fact]
    public void BlankLinesPartDocuments() => Assert.Equal(
        ["Tyger Tyger, burning bright,\n  In the forests of the night;", "The Sun does arise,\r\nAnd make happy the skies.", "O Rose thou art sick."], Documents(DocumentUnit.BlankLine, Poems));

    [Theory]
    [InlineData("one\rtwo\r\rthree", DocumentUnit.Line, "one", "two", "three")]
    [InlineData("one\rtwo\r\rthree", DocumentUnit.BlankLine, "one\rtwo", "three")]
    [InlineData("one\r\n\ttwo", DocumentUnit.BlankLine, "one\r\n\ttwo")]
    [InlineData("one\u2028two", DocumentUnit.Line, "one\u2028two")]
    [InlineData("one", DocumentUnit.BlankLine, "one")]
    public void LineEndsAreAnyOfTheUsual(string text, DocumentUnit unit, params string[] documents) => Assert.Equal(documents, Documents(unit, text));

    [Fact]
    public void AFilesEndEndsItsLastDocument()
    {
        string a = _directory.Write("a.txt", "one\n\ntwo"), b = _directory.Write("b.txt", "three");
        DocumentReader reader = DocumentReader.Open([a, b], new DocumentOptions { Document = DocumentUnit.BlankLine });
        Assert.Equal(["one", "two", "three"], reader.Read().Select(piece => piece.Text));
    }

    /// <summary>However the text is cut into chunks, the documents are the same as when .NET splits the whole text.</summary>
    [Theory]
    [InlineData(DocumentUnit.Line)]
    [InlineData(DocumentUnit.BlankLine)]
    public void PiecesDoNotMatter(DocumentUnit unit)
    {
        Random random = new(5);
        for (int round = 0; round < 300; round++)
        {
            string text = string.Concat(Enumerable.Range(0, random.Next(60)).Select(_ => random.GetItems(["a", "bb", " ", "\n", "\n\n", "\r\n", "\r\n\r\n", ".", "\t"], 1)[0]));
            string[] expected = [.. (unit == DocumentUnit.Line ? text.Split(["\r\n", "\n"], StringSplitOptions.None) : Paragraphs(text)).Select(part => part.TrimEnd()).Where(part => part.Length > 0)];
            List<TextChunk> pieces = [];
            for (int start = 0; start < text.Length;)
            {
                int end = Math.Min(text.Length, start + random.Next(1, 9));
                pieces.Add(new TextChunk(text[start..end], end == text.Length));
                start = end;
            }

            List<string> documents = [""];
            foreach (TextChunk piece in DocumentDivider.Divide(pieces, unit))
            {
                documents[^1] += piece.Text;
                if (piece.EndsDocument)
                    documents.Add("");
            }

            Assert.Equal(expected, documents.SkipLast(1));
            Assert.Equal("", documents[^1]); // the last document has ended
        }

        static IEnumerable<string> Paragraphs(string text) => System.Text.RegularExpressions.Regex.Split(text, @"(?:^|(?<=\n))[ \t]*\r?\n");
    }

    private string[] Documents(DocumentUnit unit, string text)
    {
        DocumentReader reader = DocumentReader.Open([_directory.Write("poems.txt", text)], new DocumentOptions { Document = unit });
        return [.. reader.Read().Select(piece =>
        {
            Assert.True(piece.EndsDocument);
            return piece.Text;
        })];
    }
}
