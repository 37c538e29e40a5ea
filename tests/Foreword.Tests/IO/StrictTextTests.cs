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

    private string Write(byte[] bytes)
    {
        string path = _directory.File("text.txt");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
