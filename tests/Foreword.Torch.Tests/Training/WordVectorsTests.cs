using System.Buffers.Binary;
using System.Text;
using CsCheck;
using Foreword.Torch.Training;

namespace Foreword.Torch.Tests.Training;

public sealed class WordVectorsTests : IDisposable
{
    private static readonly HashSet<string> Wanted = ["the", "cat", ". . .", "missing"];

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData("the 1 -2.5 3e-1\ncat 0 1 2\nother 9 9 9\n")] // GloVe
    [InlineData("3 3\nthe 1 -2.5 0.3\ncat 0 1 2 \r\nother 9 9 9")] // word2vec as text; some programs end lines with a space
    public void TextGivesTheWantedWords(string text)
    {
        WordVectors vectors = WordVectors.Read(_directory.Write("v.txt", text), Wanted, TestContext.Current.CancellationToken);
        Assert.Equal(3, vectors.Width);
        Assert.Equal(["cat", "the"], vectors.Vectors.Keys.Order());
        Assert.Equal([1, -2.5f, 0.3f], vectors.Vectors["the"]);
    }

    [Fact]
    public void AWordOfGloveMayHoldSpaces() =>
        Assert.Equal([7, 8], WordVectors.Read(_directory.Write("v.txt", "a 1 2\n. . . 7 8\n"), Wanted, TestContext.Current.CancellationToken).Vectors[". . ."]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void BinaryGivesTheWantedWords(bool lineFeeds)
    {
        string path = _directory.File("v.bin");
        File.WriteAllBytes(path, Binary(lineFeeds, ("the", [1, -2.5f]), ("other", [9, 9]), ("cat", [0.25f, 4])));
        WordVectors vectors = WordVectors.Read(path, Wanted, TestContext.Current.CancellationToken);
        Assert.Equal([1, -2.5f], vectors.Vectors["the"]);
        Assert.Equal([0.25f, 4], vectors.Vectors["cat"]);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..^5]);
        Assert.Contains("ends inside the vector of word 3 of 3, 'cat'", Failure(path));
    }

    [Theory]
    [InlineData("the 1 2\ncat 1\n", "v.txt:2: the line has 1 numbers after its word; expected 2")]
    [InlineData("the 1 x\n", "v.txt:1: 'x' is not a number")]
    [InlineData("", "holds no word vectors")]
    [InlineData("the\n", "v.txt:1: the line has 0 numbers after its word; expected at least one")]
    public void AMalformedFileIsNamedWithItsLine(string text, string sentence) => Assert.Contains(sentence, Failure(_directory.Write("v.txt", text)));

    [Fact]
    public void AnyBytesAreReadOrRefused() =>
        Gen.Byte.Array[0, 60].Sample(bytes =>
        {
            string path = _directory.File("v.bin");
            File.WriteAllBytes(path, [.. "2 2\n"u8, .. bytes]);
            try
            {
                return WordVectors.Read(path, Wanted, TestContext.Current.CancellationToken).Width == 2;
            }
            catch (InvalidDataException problem)
            {
                return problem.Message.Contains(path);
            }
        }, iter: 500, threads: 1);

    private static string Failure(string path) =>
        Assert.Throws<InvalidDataException>(() => WordVectors.Read(path, Wanted, TestContext.Current.CancellationToken)).Message;

    private static byte[] Binary(bool lineFeeds, params (string Word, float[] Vector)[] words)
    {
        List<byte> bytes = [.. Encoding.UTF8.GetBytes($"{words.Length} {words[0].Vector.Length}\n")];
        byte[] number = new byte[sizeof(float)];
        foreach ((string word, float[] vector) in words)
        {
            bytes.AddRange(Encoding.UTF8.GetBytes(word + " "));
            foreach (float value in vector)
            {
                BinaryPrimitives.WriteSingleLittleEndian(number, value);
                bytes.AddRange(number);
            }

            if (lineFeeds)
                bytes.Add((byte)'\n');
        }

        return [.. bytes];
    }
}
