using System.Text.Json;
using Foreword.IO;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests.IO;

/// <summary>Tests that messages of a broken file name the file and the line once, without the parser's own position.</summary>
public sealed class JsonFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void AMessageNamesTheLineOnceAndNotThePositionOfTheParser()
    {
        string path = _directory.Write("a.json", "{\n\"a\": tru\n}");
        Action[] reads =
        [
            () => JsonFile.Parse(path).Dispose(),
            () => JsonFile.Read(path, JsonValueKind.Object, root => root.ValueKind),
            () => JsonFile.Read(path, "an object", root => root.Count),
            () => JsonFile.Deserialize(path, json => JsonSerializer.Deserialize<string[]>("{\n\"a\": tru\n}")),
        ];
        foreach (Action read in reads)
        {
            string message = Assert.Throws<InvalidDataException>(read).Message;
            Assert.StartsWith(path + ":", message, StringComparison.Ordinal);
            AssertHasNoPosition(message);
        }

        Assert.StartsWith($"{path}:2: not well-formed JSON (", Assert.Throws<InvalidDataException>(reads[1]).Message, StringComparison.Ordinal);
        Assert.StartsWith($"{path}:2: expected an object (", Assert.Throws<InvalidDataException>(reads[2]).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AReasonThatIsNotTheParsersHasNoLine()
    {
        string path = _directory.Write("a.json", "{}");
        Assert.Equal($"{path}: expected a list (there is no 'a')", Assert.Throws<InvalidDataException>(() => JsonFile.Read(path, "a list", root => root.Field("a"))).Message);
    }

    [Fact]
    public void ABrokenHeaderOfSafetensorsHasNoPosition() =>
        AssertHasNoPosition(Assert.Throws<InvalidDataException>(() => SafetensorsHeader.Parse("x.safetensors", "{\n\"a\": tru\n}"u8, 0)).Message);

    private static void AssertHasNoPosition(string message)
    {
        Assert.DoesNotContain("LineNumber", message, StringComparison.Ordinal);
        Assert.DoesNotContain("BytePosition", message, StringComparison.Ordinal);
        Assert.DoesNotContain("Path:", message, StringComparison.Ordinal);
    }
}
