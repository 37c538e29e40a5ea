using System.Runtime.InteropServices;
using Foreword.IO;
using Foreword.Weights;

namespace Foreword.Tests.Weights;

public sealed class StoredTensorTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TheTransposeIsReadFromTheSameBytes()
    {
        using MappedFile file = Map(MemoryMarshal.AsBytes<float>([1, 2, 3, 4, 5, 6]));
        StoredTensor matrix = new("m", TensorDType.F32, [2, 3], [new StoredElements(file, 0, 6)]);
        Assert.Equal([1f, 4, 2, 5, 3, 6], Values(matrix.Transposed()));
        Assert.Equal([3L, 2], matrix.Transposed().Shape);
        Assert.Equal([1f, 2, 3, 4, 5, 6], Values(matrix.Transposed().Transposed()));
        Assert.Equal("tensor 'm' of shape [6] is not a matrix", Assert.Throws<ArgumentException>(() => matrix.As("v", [6]).Transposed()).Message);
    }

    [Fact]
    public void OnlyAMatrixInOneRangeCanBeTransposed()
    {
        using MappedFile file = Map(new byte[24]);
        StoredElements all = new(file, 0, 6), half = new(file, 0, 3);
        Assert.Throws<ArgumentException>(() => new StoredTensor("m", TensorDType.F32, [6], [all], isTransposed: true));
        Assert.Throws<ArgumentException>(() => new StoredTensor("m", TensorDType.F32, [2, 3], [half, half], isTransposed: true));
    }

    [Fact]
    public void RangesAreReadInTheirOrderAndMustFillTheShape()
    {
        using MappedFile file = Map(MemoryMarshal.AsBytes<float>([1, 2, 3, 4]));
        StoredElements[] parts = [new(file, 8, 2), new(file, 0, 1)];
        Assert.Equal([3f, 4, 1], Values(new StoredTensor("p", TensorDType.F32, [3], parts)));
        float[] acrossRanges = new float[2];
        new StoredTensor("p", TensorDType.F32, [3], parts).Read(1, acrossRanges);
        Assert.Equal([4f, 1], acrossRanges);
        Assert.Contains("tensor 'p' ends 2 elements before the end of its shape [5]",
            Assert.Throws<InvalidDataException>(() => Values(new StoredTensor("p", TensorDType.F32, [5], parts))).Message);
    }

    [Fact]
    public void ZerosNeedNoFile()
    {
        float[] values = [7, 8];
        StoredTensor.Zeros("z", [2]).Read(0, values);
        Assert.Equal([0f, 0], values);
    }

    [Fact]
    public void IntegersAreNotReadAsFloats()
    {
        using MappedFile file = Map(new byte[8]);
        StoredTensor tensor = new("i", TensorDType.I32, [2], [new StoredElements(file, 0, 2)]);
        Assert.Equal("tensor 'i' is I32; only F32, F16, BF16 and F64 can be read as floats", Assert.Throws<ArgumentException>(() => Values(tensor)).Message);
    }

    [Fact]
    public void TheBytesAreCheckedBeforeTheFirstReadOnly()
    {
        int checks = 0;
        using MappedFile file = Map(new byte[8]);
        StoredTensor tensor = new("c", TensorDType.F32, [2], [new StoredElements(file, 0, 2)], check: () => checks++);
        Assert.Equal(0, checks);
        Values(tensor);
        Values(tensor);
        Assert.Equal(1, checks);
    }

    // The bytes are compared in chunks of 16 MiB. These tensors have two chunks, of which the second is short.
    [Fact]
    public void TheSameBytesAreFoundInEveryChunk()
    {
        const int elements = (1 << 22) + 5, length = 4 * elements;
        byte[] bytes = new byte[2 * length + 4];
        for (int i = 0; i < length; i++)
            bytes[i] = bytes[length + i] = (byte)(i % 251);
        bytes[^1] = 1; // what follows the tensors differs
        using MappedFile same = Map(bytes);
        Assert.True(Tensor(same, 0).HasBytesOf(Tensor(same, length)));
        Assert.True(Tensor(same, 0).HasBytesOf(Tensor(same, 0)));

        foreach (int changed in new[] { 0, (1 << 24) - 1, 1 << 24, length - 1 })
        {
            bytes[length + changed] ^= 1;
            using MappedFile other = Map(bytes);
            Assert.False(Tensor(other, 0).HasBytesOf(Tensor(other, length)));
            bytes[length + changed] ^= 1;
        }

        static StoredTensor Tensor(MappedFile file, long offset) => new("t", TensorDType.F32, [elements], [new StoredElements(file, offset, elements)]);
    }

    [Fact]
    public void TensorsOfAnotherTypeSizeOrOrderDiffer()
    {
        using MappedFile file = Map(new byte[16]);
        StoredElements four = new(file, 0, 4), half = new(file, 0, 2);
        StoredTensor tensor = new("t", TensorDType.F32, [2, 2], [four]);
        Assert.True(tensor.HasBytesOf(new("t", TensorDType.F32, [4], [four])));
        Assert.False(tensor.HasBytesOf(new("t", TensorDType.I32, [2, 2], [four])));
        Assert.False(tensor.HasBytesOf(new("t", TensorDType.F32, [2, 1], [half])));
        Assert.False(tensor.HasBytesOf(tensor.Transposed()));
        Assert.False(tensor.HasBytesOf(new("t", TensorDType.F32, [2, 2], [half, half])));
        Assert.False(new StoredTensor("t", TensorDType.F32, [2, 2], [half, half]).HasBytesOf(tensor));
    }

    private MappedFile Map(ReadOnlySpan<byte> bytes)
    {
        string path = _directory.File(Guid.NewGuid().ToString("N"));
        File.WriteAllBytes(path, bytes);
        return MappedFile.Open(path);
    }

    private static float[] Values(StoredTensor tensor)
    {
        float[] values = new float[tensor.ElementCount];
        tensor.Read(0, values);
        return values;
    }
}
