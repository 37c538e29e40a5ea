using System.IO.Compression;
using System.Runtime.InteropServices;
using System.Text;
using Foreword.IO;
using Foreword.Weights;
using Foreword.Weights.Catalog;
using Foreword.Weights.PyTorch;

namespace Foreword.Tests.Weights.PyTorch;

/// <summary>Tests files of torch.save with one tensor, whose pickles are written by hand.</summary>
public sealed class PyTorchFileTests : IDisposable
{
    private static readonly float[] Numbers = [.. Enumerable.Range(1, 12).Select(number => (float)number)];

    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Theory]
    [InlineData(new[] { 2, 3 }, new[] { 3, 1 }, 4, new[] { 5f, 6, 7, 8, 9, 10 })]
    [InlineData(new[] { 2, 3 }, new[] { 1, 2 }, 0, new[] { 1f, 3, 5, 2, 4, 6 })]
    [InlineData(new[] { 2, 1, 3 }, new[] { 3, 3, 1 }, 0, new[] { 1f, 2, 3, 4, 5, 6 })]
    [InlineData(new[] { 1, 2 }, new[] { 7, 1 }, 10, new[] { 11f, 12 })]
    [InlineData(new[] { 2, 0 }, new[] { 1, 1 }, 0, new float[0])]
    public void AViewWithoutGapsIsRead(int[] shape, int[] strides, int first, float[] values)
    {
        using MappedFile file = MappedFile.Open(Archive(Pickle("Float", 12, first, shape, strides)));
        StoredTensor tensor = Assert.Single(PyTorchFile.Read(file));
        float[] read = new float[tensor.ElementCount];
        tensor.Read(0, read);
        Assert.Equal(shape.Select(size => (long)size), tensor.Shape);
        Assert.Equal(values, read);
    }

    [Theory]
    [InlineData(new[] { 2, 3 }, new[] { 6, 1 }, 0, "of shape [2, 3] has the strides [6, 1]; only tensors without gaps are supported")]
    [InlineData(new[] { 2 }, new[] { 2 }, 0, "of shape [2] has the strides [2]; only")]
    [InlineData(new[] { 1, 2, 2, 1, 1 }, new[] { 4, 2, 1, 1, 1 }, 0, "has 5 dimensions; at most 4 are supported")]
    [InlineData(new[] { 3 }, new[] { 1 }, 10, "of shape [3] from element 10 on is not inside its storage of 12")]
    [InlineData(new[] { 3 }, new[] { 1, 1 }, 0, "of shape [3] from element 0 on is not inside its storage of 12")]
    public void AnyOtherViewIsRefused(int[] shape, int[] strides, int first, string fault) =>
        Refused(Archive(Pickle("Float", 12, first, shape, strides)), $"tensor 'a' {fault}");

    [Fact]
    public void StoragesHaveTheTypesOfTorch()
    {
        (string Name, TensorDType Type)[] types =
        [
            ("Float", TensorDType.F32), ("Half", TensorDType.F16), ("BFloat16", TensorDType.Bf16), ("Double", TensorDType.F64), ("Long", TensorDType.I64),
            ("Int", TensorDType.I32), ("Short", TensorDType.I16), ("Char", TensorDType.I8), ("Byte", TensorDType.U8), ("Bool", TensorDType.Bool),
        ];
        foreach ((string name, TensorDType type) in types)
        {
            using MappedFile file = MappedFile.Open(Archive(Pickle(name, 6, 0, [6], [1])));
            Assert.Equal(type, Assert.Single(PyTorchFile.Read(file)).DType);
        }
    }

    /// <summary>In a file from before PyTorch 1.6, the storage with its length is at the end.</summary>
    [Theory]
    [InlineData(0, 12, null)]
    [InlineData(1, 12, "it ends inside storage '0' of 12 elements")]
    [InlineData(48, 12, "it ends inside storage '0' of 12 elements")]
    [InlineData(49, 12, "it ends before storage '0'")]
    [InlineData(56, 12, "it ends before storage '0'")]
    [InlineData(0, 13, "it ends inside storage '0' of 13 elements")]
    [InlineData(0, -1, "it ends inside storage '0' of -1 elements")]
    [InlineData(0, 11, "storage '0' has 44 bytes; 12 elements of F32 need 48")]
    public void AnOldFileThatEndsTooEarlyIsRefused(int missing, long count, string? fault)
    {
        byte[] start = [.. Pickled("\u008A\u000A\u006C\u00FC\u009C\u0046\u00F9\u0020\u006A\u00A8\u0050\u0019"), .. Pickled("M\u00E9\u0003"), .. Pickled("}")];
        byte[] whole =
        [
            .. start, .. Pickle("Float", 12, 0, [12], [1]), .. Pickled("]X\u0001\0\0\00a"),
            .. BitConverter.GetBytes(count), .. MemoryMarshal.AsBytes<float>(Numbers),
        ];
        string path = _directory.File("old.pt");
        File.WriteAllBytes(path, whole[..^missing]);
        if (fault is not null)
        {
            Refused(path, fault);
            return;
        }

        using MappedFile file = MappedFile.Open(path);
        float[] read = new float[12];
        Assert.Single(PyTorchFile.Read(file)).Read(0, read);
        Assert.Equal(Numbers, read);
    }

    /// <summary>A file of any name is known by its ending and its first bytes: those of a zip archive, or of a pickle.</summary>
    [Theory]
    [InlineData("pytorch-zip", "best.ckpt", true)]
    [InlineData("pytorch-legacy", "best.pt", true)]
    [InlineData("pytorch-legacy", "best.txt", false)]
    public void ACheckpointCanBeNamedItself(string fixture, string name, bool isOne)
    {
        foreach ((string from, string to) in (ReadOnlySpan<(string, string)>)[("pytorch_model.bin", name), ("config.json", "config.json")])
            File.Copy(Fixtures.Path($"formats/{fixture}/{from}"), _directory.File(to));
        Assert.Equal(isOne ? "torch" : null, WeightsCatalog.FormatOf(_directory.File(name))?.Name);
        if (isOne)
            WeightsCatalog.Open(_directory.File(name)).Dispose();
    }

    private static void Refused(string path, string fault)
    {
        using MappedFile file = MappedFile.Open(path);
        string message = Assert.Throws<InvalidDataException>(() => PyTorchFile.Read(file)).Message;
        Assert.StartsWith(path, message, StringComparison.Ordinal);
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    /// <summary>Returns a pickle of protocol 2.</summary>
    private static byte[] Pickled(string opcodes) => Encoding.Latin1.GetBytes($"\u0080\u0002{opcodes}.");

    /// <summary>Returns the pickle of a dictionary with the tensor 'a', a view of storage '0'.</summary>
    private static byte[] Pickle(string type, int count, int first, int[] shape, int[] strides) => Pickled(
        $"}}X\u0001\0\0\0actorch._utils\n_rebuild_tensor_v2\n((X\u0007\0\0\0storagectorch\n{type}Storage\nX\u0001\0\0\00X\u0003\0\0\0cpu{Number(count)}tQ"
        + $"{Number(first)}({string.Concat(shape.Select(Number))}t({string.Concat(strides.Select(Number))}t\u0089NtRs");

    private static string Number(int number) => $"K{(char)number}";

    private string Archive(byte[] pickle)
    {
        string path = _directory.File("archive.pt");
        File.Delete(path);
        using ZipArchive archive = ZipFile.Open(path, ZipArchiveMode.Create);
        Add("archive/data.pkl", pickle);
        Add("archive/data/0", MemoryMarshal.AsBytes<float>(Numbers));
        return path;

        void Add(string name, ReadOnlySpan<byte> content)
        {
            using Stream entry = archive.CreateEntry(name, CompressionLevel.NoCompression).Open();
            entry.Write(content);
        }
    }
}
