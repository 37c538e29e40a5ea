using Foreword.IO;
using Foreword.Weights.Gguf;

namespace Foreword.Tests.Weights.Gguf;

public sealed class Q8TensorTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    // The matrix ends where its file ends, so a reader that goes one block too far leaves the file. It has more than 32 x 32 rows, so the block that
    // a part begins in differs from the row divided by 32 twice.
    [Theory]
    [InlineData(0, 4416)]
    [InlineData(0, 1)]
    [InlineData(2111, 2)]
    [InlineData(4161, 255)]
    [InlineData(4415, 1)]
    public void APartOfATransposedMatrixAtTheEndOfAFileIsThatPart(int first, int count)
    {
        const int rows = 2208, columns = 2; // 69 blocks of 32 rows
        float[] stored = [.. Enumerable.Range(0, rows * columns).Select(i => (float)(i * 37 % 255 - 127))];
        for (int block = 0; block < stored.Length; block += Q8Block.Length)
            stored[block] = 127; // so the scale of every block is 1 and every number is exact
        byte[] blocks = new byte[stored.Length / Q8Block.Length * Q8Block.Bytes];
        Q8Block.Quantize(stored, blocks);
        string path = _directory.File("blocks");
        File.WriteAllBytes(path, blocks);

        using MappedFile file = MappedFile.Open(path);
        Q8Tensor matrix = new(file, new GgufTensor("stored", GgmlType.Q8_0, [columns, rows], 0, blocks.Length), "read", isTransposed: true);
        float[] part = new float[count];
        matrix.Read(first, part);
        Assert.Equal(Enumerable.Range(first, count).Select(i => stored[i % columns * rows + i / columns]), part);
    }
}
