using System.Text;
using System.Text.Json;
using CsCheck;
using Foreword.Generation.Streaming;

namespace Foreword.Tests.Generation.Streaming;

public sealed class Utf8PiecesTests
{
    [Fact]
    public void ACharacterComesWholeWithItsLastByte()
    {
        Utf8Decoder pieces = new();
        byte[] bytes = Encoding.UTF8.GetBytes("é€🙂");
        Assert.Equal(["", "é", "", "", "€", "", "", "", "🙂"], bytes.Select(b => pieces.Append([b])));
        Assert.Equal("", pieces.Flush());
    }

    [Fact]
    public void AnIncompleteEndBecomesOneReplacementCharacter()
    {
        Utf8Decoder pieces = new();
        Assert.Equal("a", pieces.Append([(byte)'a', 0xf0, 0x9f, 0x99]));
        Assert.Equal("\ufffd", pieces.Flush());
        Assert.Equal("b", pieces.Append("b"u8)); // nothing is left over
    }

    [Fact]
    public void RecordedByteStringsDecodeAsTheReferenceDoes()
    {
        int lines = 0;
        foreach (string line in File.ReadLines(Fixtures.Path("golden/tokenizers/gpt2-decode.jsonl")))
        {
            using JsonDocument json = JsonDocument.Parse(line);
            byte[] bytes = Convert.FromHexString(json.RootElement.GetProperty("bytes_hex").GetString()!);
            Assert.Equal(json.RootElement.GetProperty("text").GetString(), ByteByByte(bytes));
            lines++;
        }

        Assert.NotEqual(0, lines);
    }

    [Fact]
    public void AnyBytesInAnyPiecesDecodeAsTheyDoAtOnce()
    {
        Gen<byte> interesting = Gen.OneOf(Gen.Byte, Gen.OneOf(new byte[] { 0x80, 0xbf, 0xc0, 0xc3, 0xe0, 0xed, 0xa0, 0xef, 0xf0, 0xf4, 0x90, 0xff }));
        interesting.Array[0, 24].Sample(bytes => Assert.Equal(Encoding.UTF8.GetString(bytes), ByteByByte(bytes)));
    }

    private static string ByteByByte(byte[] bytes)
    {
        Utf8Decoder pieces = new();
        return string.Concat(bytes.Select(b => pieces.Append([b])).ToArray()) + pieces.Flush();
    }
}
