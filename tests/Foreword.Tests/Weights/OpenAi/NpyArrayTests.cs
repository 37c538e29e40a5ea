using System.Text;
using Foreword.IO;
using Foreword.Weights;
using Foreword.Weights.OpenAi;

namespace Foreword.Tests.Weights.OpenAi;

/// <summary>Tests arrays whose bytes are written by hand (numpy.lib.format).</summary>
public sealed class NpyArrayTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    /// <summary>The length of the header has 2 bytes in version 1, and 4 bytes in versions 2 and 3.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void EachVersionIsRead(byte version)
    {
        using MappedFile file = MappedFile.Open(Write(version));
        StoredElements elements = NpyArray.Read(file);
        Assert.Equal(2, elements.ElementCount);
        StoredTensor tensor = new("a", TensorDType.F32, [2], [elements]);
        float[] values = new float[2];
        tensor.Read(0, values);
        Assert.Equal([0.5f, -3], values);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    public void AnotherVersionIsRefused(byte version) => Refused(Write(version), $"version {version} of the .npy format is not supported");

    /// <summary>The count needs more bytes than a 64-bit number can express, or fewer or more than the file has.</summary>
    [Theory]
    [InlineData("2", 4, "the header declares 2 numbers, but 12 bytes follow it")]
    [InlineData("2", -4, "the header declares 2 numbers, but 4 bytes follow it")]
    [InlineData("4611686018427387906", 0, "the header declares 4611686018427387906 numbers, but 8 bytes follow it")]
    public void ACountThatDoesNotFitTheFileIsRefused(string count, int surplus, string fault) => Refused(Write(1, count, surplus), fault);

    [Theory]
    [InlineData(11)]
    [InlineData(6)]
    public void AFileThatEndsBeforeTheHeaderIsRefused(int length)
    {
        string path = Write(1);
        File.WriteAllBytes(path, File.ReadAllBytes(path)[..length]);
        Refused(path, "not a .npy file");
    }

    private static void Refused(string path, string fault)
    {
        using MappedFile file = MappedFile.Open(path);
        Assert.StartsWith($"{path}: {fault}", Assert.Throws<InvalidDataException>(() => NpyArray.Read(file)).Message);
    }

    private string Write(byte version, string count = "2", int surplus = 0)
    {
        byte[] header = Encoding.ASCII.GetBytes($"{{'descr': '<f4', 'fortran_order': False, 'shape': ({count},), }}   \n");
        byte[] length = version == 1 ? BitConverter.GetBytes((ushort)header.Length) : BitConverter.GetBytes(header.Length);
        byte[] data = [.. BitConverter.GetBytes(0.5f), .. BitConverter.GetBytes(-3f), 0, 0, 0, 0];
        string path = _directory.File("a.npy");
        File.WriteAllBytes(path, [.. NpyArray.Mark, version, 0, .. length, .. header, .. data[..(8 + surplus)]]);
        return path;
    }
}
