using System.Buffers.Binary;
using System.Text;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;

namespace Foreword.Tests.Weights.HuggingFace;

public sealed class SafetensorsWriterTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public static TheoryData<string> GoldenFiles { get; } =
        [.. Directory.EnumerateFiles(Fixtures.Path("golden"), "*.safetensors", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Fixtures.Path("."), path)).Order(StringComparer.Ordinal)];

    public void Dispose() => _directory.Dispose();

    [Theory]
    [MemberData(nameof(GoldenFiles))]
    public void AGoldenFileWrittenAgainHoldsTheSameTensors(string golden)
    {
        using SafetensorsFile original = SafetensorsFile.Open(Fixtures.Path(golden));
        SafetensorsWriter writer = new();
        foreach (TensorInfo tensor in original.Tensors.Values)
            writer.Add(tensor.Name, tensor.DType, tensor.Shape, stream => stream.Write(original.Bytes(tensor.Name)));
        string path = _directory.File("again.safetensors");
        writer.Save(path);

        using SafetensorsFile again = SafetensorsFile.Open(path);
        Assert.Equal(original.Tensors.Keys, again.Tensors.Keys);
        Assert.Equal("pt", again.Metadata["format"]);
        foreach (TensorInfo tensor in original.Tensors.Values)
        {
            Assert.Equal(tensor.DType, again.Tensor(tensor.Name).DType);
            Assert.Equal(tensor.Shape, again.Tensor(tensor.Name).Shape);
            Assert.True(original.Bytes(tensor.Name).SequenceEqual(again.Bytes(tensor.Name)), tensor.Name);
        }
    }

    [Fact]
    public void TheHeaderIsPaddedWithSpacesSoThatDataBeginAtAMultipleOfEight()
    {
        for (int length = 1; length <= 8; length++)
        {
            SafetensorsWriter writer = new();
            writer.Add(new string('n', length), TensorDType.U8, [1], new byte[] { 7 });
            string path = _directory.File("padded.safetensors");
            writer.Save(path);
            byte[] bytes = File.ReadAllBytes(path);
            int header = (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
            Assert.Equal(0, header % 8);
            Assert.Equal(8 + header + 1, bytes.Length);
            Assert.EndsWith("}", Encoding.UTF8.GetString(bytes, 8, header).TrimEnd(' '), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void ATensorThatWritesTheWrongNumberOfBytesLeavesTheOldFileAndNoOther()
    {
        string path = _directory.Write("kept.safetensors", "old");
        SafetensorsWriter writer = new();
        writer.Add("a", TensorDType.F32, [2], stream => stream.Write(new byte[12]));
        ArgumentException problem = Assert.Throws<ArgumentException>(() => writer.Save(path));
        Assert.Equal("tensor 'a' wrote 12 bytes; shape [2] and dtype F32 need 8", problem.Message);
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.EnumerateFiles(_directory.Path));
    }

    [Fact]
    public void WhatCannotBeWrittenIsRefusedWhenItIsAdded()
    {
        SafetensorsWriter writer = new();
        writer.Add("a", TensorDType.U8, [1], new byte[1]);
        Assert.Contains("the name is already used", Assert.Throws<ArgumentException>(() => writer.Add("a", TensorDType.U8, [1], new byte[1])).Message);
        Assert.Contains("the name is already used", Assert.Throws<ArgumentException>(() => writer.Add("__metadata__", TensorDType.U8, [1], new byte[1])).Message);
        Assert.Contains("shape [-1]", Assert.Throws<ArgumentException>(() => writer.Add("b", TensorDType.U8, [-1], new byte[1])).Message);
        Assert.Contains("cannot have the shape", Assert.Throws<ArgumentException>(() => writer.Add("b", TensorDType.F64, [long.MaxValue / 4, 2], new byte[1])).Message);
        Assert.Contains("needs 8 bytes, not 4", Assert.Throws<ArgumentException>(() => writer.Add("b", TensorDType.F32, [2], new byte[4])).Message);
        writer.Add("b", TensorDType.F32, [1], new byte[4]); // the rejected tensor did not reserve the name
        string path = _directory.File("accepted.safetensors");
        writer.Save(path);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal(["a", "b"], file.Tensors.Keys.Order());
    }

    [Fact]
    public void NamesOutsideAsciiSurviveTheRoundTrip()
    {
        string name = "层.\"0\"\\é🙂\n";
        SafetensorsWriter writer = new();
        writer.Add(name, TensorDType.Bool, [], new byte[] { 1 });
        string path = _directory.File("names.safetensors");
        writer.Save(path, new Dictionary<string, string> { ["why"] = name });
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal([1], file.Bytes(name).ToArray());
        Assert.Equal(name, file.Metadata["why"]);
    }
}
