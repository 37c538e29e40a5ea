using System.Buffers.Binary;
using System.Runtime.InteropServices;
using CsCheck;
using Foreword.Data.Shards;

namespace Foreword.Data.Tests.Shards;

public sealed class TokenShardTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    /// <summary>The mapped file itself is checked: the header of a longer shard must not be used with the ids of a shorter one.</summary>
    [Fact]
    public async Task AShardThatIsReplacedWhileItIsOpenedIsTheOldOneOrTheNewOne()
    {
        string path = _directory.File("shard.bin");
        Put(10);
        using CancellationTokenSource done = new();
        Task replacing = Task.Run(() =>
        {
            for (int i = 0; !done.IsCancellationRequested; i++)
                Put(i % 2 == 0 ? 100 : 10);
        }, TestContext.Current.CancellationToken);
        for (int i = 0; i < 2000; i++)
        {
            using TokenShard shard = TokenShard.Open(path);
            int[] ids = new int[shard.Count];
            shard.Read(0, ids);
            Assert.All(ids, id => Assert.Equal(ids.Length, id));
        }

        await done.CancelAsync();
        await replacing;

        void Put(int count)
        {
            int[] header = new int[256];
            (header[0], header[1], header[2]) = (TokenShard.Magic, 2, count);
            File.WriteAllBytes(path + ".new", MemoryMarshal.AsBytes<int>([.. header, .. Enumerable.Repeat(count, count)]));
            File.Move(path + ".new", path, overwrite: true);
        }
    }

    [Fact]
    public void TheLayoutIsThatOfLlmC()
    {
        string path = Write(50257, [1, 2, 50256]);
        byte[] bytes = File.ReadAllBytes(path);
        Assert.Equal(1024 + 6, bytes.Length);
        Assert.Equal(20240520, BinaryPrimitives.ReadInt32LittleEndian(bytes));
        Assert.Equal(1, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(4)));
        Assert.Equal(3, BinaryPrimitives.ReadInt32LittleEndian(bytes.AsSpan(8)));
        Assert.All(bytes[12..1024], b => Assert.Equal(0, b));
        Assert.Equal(new byte[] { 1, 0, 2, 0, 0x50, 0xC4 }, bytes[1024..]);
        Assert.Equal([path], Directory.GetFiles(_directory.Path)); // no partial file is left
    }

    [Theory]
    [InlineData(65_536, 1)]
    [InlineData(65_537, 2)]
    public void TheVocabularyDecidesTheWidth(int vocabSize, int version)
    {
        using TokenShard shard = TokenShard.Open(Write(vocabSize, [0, vocabSize - 1]));
        int[] ids = new int[2];
        shard.Read(0, ids);
        Assert.Equal(version, shard.Version);
        Assert.Equal([0, vocabSize - 1], ids);
    }

    [Fact]
    public void AnyRangeReadsBackInBothWidths() =>
        Gen.Select(Gen.Int[0, 100_000].Array[1, 500], Gen.Int[0, 1_000], Gen.Int[0, 1_000]).Sample((ids, a, b) =>
        {
            using TokenShard shard = TokenShard.Open(Write(100_001, ids));
            int start = a % ids.Length;
            int length = b % (ids.Length - start + 1);
            int[] narrow = new int[length];
            long[] wide = new long[length];
            shard.Read(start, narrow);
            shard.Read(start, wide);
            Assert.Equal(ids[start..(start + length)], narrow);
            Assert.Equal(narrow.Select(id => (long)id), wide);
        }, iter: 50, threads: 1);

    [Fact]
    public void ReadingOutsideNamesTheRangeAndTheCount()
    {
        string path = Write(10, [1, 2, 3]);
        using TokenShard shard = TokenShard.Open(path);
        Assert.Contains($"tokens 2 to 4 were requested; {path} has 3", Assert.Throws<ArgumentOutOfRangeException>(() => shard.Read(2, new int[2])).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => shard.Read(-1, new int[1]));
        shard.Read(3, Span<int>.Empty);
    }

    [Fact]
    public void AnIdOutsideTheVocabularyIsRefusedAndNoFileAppears()
    {
        string path = _directory.File("shard.bin");
        using (TokenShardWriter writer = new(path, 10))
        {
            Assert.Contains("token id 10 is outside the vocabulary of 10", Assert.Throws<ArgumentOutOfRangeException>(() => writer.Append([3, 10])).Message);
            Assert.Throws<ArgumentOutOfRangeException>(() => writer.Append([-1]));
        }

        Assert.Empty(Directory.GetFiles(_directory.Path));
    }

    [Fact]
    public void AnIncompleteWriteLeavesTheEarlierShard()
    {
        string path = Write(10, [1, 2, 3]);
        using (TokenShardWriter writer = new(path, 10))
            writer.Append([4]);
        using TokenShard shard = TokenShard.Open(path);
        Assert.Equal(3, shard.Count);
    }

    [Fact]
    public void DamagedFilesAreRefusedWithTheNumbers()
    {
        string path = Write(10, [1, 2, 3]);
        byte[] good = File.ReadAllBytes(path);

        Assert.Equal($"{path} declares 3 tokens of version 1, which need 1030 bytes; the file has 1029", Failure(good[..^1]));
        Assert.Equal($"{path} declares 3 tokens of version 1, which need 1030 bytes; the file has 1031", Failure([.. good, 0]));
        Assert.Equal($"{path} is not a token shard: it has 7 bytes, but the header alone has 1024", Failure(good[..7]));
        Assert.Equal($"{path} is not a token shard: it begins with 20240521, but a shard begins with 20240520", Failure(Changed(0, 20240521)));
        Assert.Equal($"{path} is a token shard of version 7; supported: 1 (uint16 ids), 2 (uint32 ids)", Failure(Changed(4, 7)));
        Assert.StartsWith($"{path} declares -5 tokens", Failure(Changed(8, -5)));
        Assert.Throws<FileNotFoundException>(() => TokenShard.Open(_directory.File("missing.bin")));

        byte[] Changed(int offset, int value)
        {
            byte[] bad = [.. good];
            BinaryPrimitives.WriteInt32LittleEndian(bad.AsSpan(offset), value);
            return bad;
        }

        string Failure(byte[] content)
        {
            File.WriteAllBytes(path, content);
            return Assert.Throws<InvalidDataException>(() => TokenShard.Open(path)).Message;
        }
    }

    private string Write(int vocabSize, int[] ids)
    {
        string path = _directory.File("shard.bin");
        using TokenShardWriter writer = new(path, vocabSize);
        writer.Append(ids);
        writer.Complete();
        return path;
    }
}
