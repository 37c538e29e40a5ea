using System.Text;
using Foreword.IO;

namespace Foreword.Tests.IO;

public sealed class StrictTextTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void BytesThatAreNoTextAreRefusedByTheirPlace()
    {
        string path = Write([.. "caf"u8, 0xE9, .. " ole\n"u8]);
        Assert.Equal($"{path}: byte 3 begins a sequence that is not UTF-8", Assert.Throws<InvalidDataException>(() => StrictText.Read(path)).Message);
        Assert.Contains("standard input: byte 3 begins a sequence that is not UTF-8", Assert.Throws<InvalidDataException>(() => StrictText.Read(File.OpenRead(path), "standard input")).Message);
        Assert.Contains($"{path} is not UTF-8 text (at line 1", Assert.Throws<InvalidDataException>(() => StrictText.ReadLines(path).ToArray()).Message);
        Assert.EndsWith("is not UTF-16 text", Assert.Throws<InvalidDataException>(() => StrictText.Read(Write([0xFF, 0xFE, 0x00, 0xD8, 0x61, 0x00]))).Message);
    }

    [Theory]
    [InlineData("none.txt")]
    [InlineData("none/none.txt")]
    public void AMissingFileIsNamedAsTheCallerDoes(string name)
    {
        string path = _directory.File(name);
        Assert.Equal($"there is no file {path}", Assert.Throws<FileNotFoundException>(() => StrictText.Read(path)).Message);
        Assert.Equal($"there is no file {path}", Assert.Throws<FileNotFoundException>(() => StrictText.ReadLines(path).ToArray()).Message);
    }

    [Fact]
    public void AByteOrderMarkIsRemoved()
    {
        foreach (Encoding encoding in (Encoding[])[new UTF8Encoding(true), new UnicodeEncoding(false, true), new UnicodeEncoding(true, true), new UTF8Encoding(false)])
        {
            string path = Write([.. encoding.GetPreamble(), .. encoding.GetBytes("é\r\n中\n")]);
            Assert.Equal("é\r\n中\n", StrictText.Read(path));
            Assert.Equal(["é", "中"], StrictText.ReadLines(path));
        }
    }

    [Fact]
    public void LinesOfAStreamComeOneByOne()
    {
        using MemoryStream stream = new([.. "a\nb\n"u8]);
        using (IEnumerator<string> lines = StrictText.ReadLines(stream, "standard input").GetEnumerator())
            Assert.True(lines.MoveNext() && lines.Current == "a" && lines.MoveNext() && lines.Current == "b" && !lines.MoveNext());
        Assert.True(stream.CanRead); // the caller's stream stays open
        using MemoryStream broken = new([.. "a\n"u8, 0xE9]);
        Assert.Contains("standard input is not UTF-8 text (at line 2", Assert.Throws<InvalidDataException>(() => StrictText.ReadLines(broken, "standard input").ToArray()).Message);
    }

    /// <summary>A part may begin and end within a character. Between these two, every byte must be text.</summary>
    [Fact]
    public void OfAPartOnlyTheEndsMayBeCut()
    {
        byte[] all = [.. "é中𝄞ab中"u8];
        for (int start = 0; start < all.Length; start++)
        {
            for (int end = start; end <= all.Length; end++)
                Assert.Equal(Encoding.UTF8.GetString(all, start, end - start), StrictText.DecodePart(all.AsSpan(start, end - start), "enwik8", start));
        }

        byte[] broken = [.. "ab"u8, 0xE9, .. "cd"u8];
        Assert.Equal("enwik8: byte 102 begins a sequence that is not UTF-8", Assert.Throws<InvalidDataException>(() => StrictText.DecodePart(broken, "enwik8", 100)).Message);
        Assert.Equal("enwik8: byte 0 begins a sequence that is not UTF-8", Assert.Throws<InvalidDataException>(() => StrictText.DecodePart([0x80, .. "a"u8], "enwik8", 0)).Message);
    }

    private string Write(byte[] bytes)
    {
        string path = _directory.File("text.txt");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
