using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;
using CsCheck;
using Foreword.IO;
using Foreword.Weights;
using Foreword.Weights.HuggingFace;
using Microsoft.Win32.SafeHandles;

namespace Foreword.Tests.Weights.HuggingFace;

public sealed class SafetensorsFileTests : IDisposable
{
    private readonly TemporaryDirectory _directory = Fixtures.NewDirectory();

    public void Dispose() => _directory.Dispose();

    [Fact]
    public void TheGoldenModelIsReadWithItsShapesAndMetadata()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path("golden/gpt2-tiny/model.safetensors"));
        Assert.Equal("pt", file.Metadata["format"]);
        TensorInfo weight = file.Tensor("transformer.h.0.attn.c_attn.weight");
        Assert.Equal(TensorDType.F32, weight.DType);
        Assert.Equal([32, 96], weight.Shape);
        Assert.Equal(32 * 96 * 4, weight.Length);
        Assert.Equal(3 * 12 + 4, file.Tensors.Count);
    }

    [Fact]
    public void AFileThatIsOpenIsMappedAlthoughAnotherOneHasItsPathByNow()
    {
        string path = Write("""{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]}}""", 4);
        using SafeFileHandle handle = MappedFile.OpenHandle(path);
        string other = _directory.File("other");
        File.WriteAllBytes(other, [.. File.ReadAllBytes(path)[..^4], 9, 9, 9, 9]);
        File.Move(other, path, overwrite: true);
        using SafetensorsFile opened = SafetensorsFile.Open(path, handle), now = SafetensorsFile.Open(path);
        Assert.Equal([0, 1, 2, 3], opened.Bytes("a").ToArray());
        Assert.Equal([9, 9, 9, 9], now.Bytes("a").ToArray());
    }

    [Fact]
    public void OnlyElementsOfTheTensorAreRead()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Write("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[8,16]}}""", 16));
        Assert.Contains("tensor 'a' has 2 elements; the destination has 1", Assert.Throws<ArgumentException>(() => file.CopyTo("a", new float[1])).Message);
        Assert.Contains("elements 1 to 3 are not inside tensor 'a' of 2", Assert.Throws<ArgumentException>(() => file.CopyTo("a", 1, new float[2])).Message);
        Assert.Contains("bytes 4 to 9 are not inside tensor 'a' of 8 bytes", Assert.Throws<ArgumentException>(() => _ = file.Bytes("a", 4, 5).Length).Message);
        Assert.Equal([4, 5, 6, 7], file.Bytes("a", 4, 4).ToArray());
    }

    /// <summary>The number in the name of a type is its number of bits. The numbers after an underscore divide them.</summary>
    [Fact]
    public void TheSizeOfATypeIsInItsName()
    {
        foreach (TensorDType type in Enum.GetValues<TensorDType>())
        {
            string bits = string.Concat(type.HeaderName().Split('_')[0].Where(char.IsAsciiDigit));
            Assert.Equal(type == TensorDType.Bool ? 1 : int.Parse(bits, System.Globalization.CultureInfo.InvariantCulture) / 8, type.Size());
        }
    }

    [Fact]
    public void AScalarHasOneElementAndAnEmptyShape()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path("golden/gpt2-tiny/outputs.safetensors"));
        float[] loss = new float[1];
        file.CopyTo("loss", loss);
        Assert.Empty(file.Tensor("loss").Shape);
        Assert.InRange(loss[0], 5f, 8f);
    }

    [Fact]
    public void EveryFloatTypeIsReadAsTheFloatThatItStores()
    {
        float[] exact = [0f, -1.5f, 0.25f, 1024f]; // representable in all four types
        string path = Save(writer =>
        {
            writer.Add("f32", TensorDType.F32, [4], Bytes<float>(exact));
            writer.Add("f16", TensorDType.F16, [2, 2], Bytes<Half>([.. exact.Select(x => (Half)x)]));
            writer.Add("bf16", TensorDType.Bf16, [4], Bytes<ushort>([.. exact.Select(x => (ushort)(BitConverter.SingleToUInt32Bits(x) >> 16))]));
            writer.Add("f64", TensorDType.F64, [4], Bytes<double>([.. exact.Select(x => (double)x)]));
        });
        using SafetensorsFile file = SafetensorsFile.Open(path);
        foreach (string name in file.Tensors.Keys)
        {
            float[] read = new float[4];
            file.CopyTo(name, read);
            Assert.Equal(exact, read);
            file.CopyTo(name, 1, read.AsSpan(0, 2));
            Assert.Equal(exact[1..3], read[..2]);
        }
    }

    [Fact]
    public void APieceOfATensorIsReadWithoutTheRest()
    {
        string path = Save(writer => writer.Add("x", TensorDType.U8, [5], new byte[] { 1, 2, 3, 4, 5 }));
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal([3, 4], file.Bytes("x", 2, 2).ToArray());
        Assert.Throws<ArgumentException>(() => file.Bytes("x", 4, 2).ToArray());
        Assert.Throws<ArgumentException>(() => file.Bytes("x", -1, 2).ToArray());
        Assert.Throws<ArgumentException>(() => file.CopyTo("x", new float[5]));
    }

    [Fact]
    public void ATensorAboveTwoGigabytesIsReadInPieces()
    {
        const long elements = (1L << 30) + 3;
        string path = Write($$$"""{"x":{"dtype":"BF16","shape":[{{{elements}}}],"data_offsets":[0,{{{2 * elements}}}]}}""", 0);
        using (FileStream stream = File.Open(path, FileMode.Open))
        {
            stream.SetLength(stream.Length + 2 * elements); // a sparse file, which takes no space on the disk
            stream.Position = stream.Length - 2;
            stream.Write([0x80, 0x3f]);
        }

        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Contains("read it in parts", Assert.Throws<ArgumentException>(() => file.Bytes("x").Length).Message);
        Assert.Equal([0x80, 0x3f], file.Bytes("x", 2 * elements - 2, 2).ToArray());
        float[] last = new float[2];
        file.CopyTo("x", elements - 2, last);
        Assert.Equal([0f, 1f], last);
    }

    /// <summary>A part has as many elements as fit into the number of bytes, which is 2^31 - 1 outside this test.</summary>
    [Theory]
    [InlineData(8)]
    [InlineData(23)] // two elements and most of a third one
    [InlineData(40)]
    [InlineData(48)]
    public void AReadOfSeveralPartsGivesEachElementOnce(int mostBytes)
    {
        double[] numbers = [.. Enumerable.Range(0, 7).Select(number => (double)number)];
        using SafetensorsFile file = SafetensorsFile.Open(Save(writer => writer.Add("x", TensorDType.F64, [7], Bytes(numbers))));
        float[] read = new float[5];
        file.CopyTo("x", 1, read, mostBytes);
        Assert.Equal([1f, 2, 3, 4, 5], read);
    }

    [Fact]
    public void AnUnknownTensorNamesTheNearest()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path("golden/gpt1-tiny/model.safetensors"));
        Assert.Contains("did you mean 'tokens_embed.weight'?", Assert.Throws<ArgumentException>(() => file.Tensor("token_embed.weight")).Message);
    }

    [Fact]
    public void AClosedFileIsNotRead()
    {
        SafetensorsFile file = SafetensorsFile.Open(Fixtures.Path("golden/gpt1-tiny/model.safetensors"));
        file.Dispose();
        file.Dispose();
        Assert.Throws<ObjectDisposedException>(() => file.Bytes("tokens_embed.weight").Length);
    }

    [Theory]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}""", 8, "not well-formed JSON")]
    [InlineData("""[1]""", 0, "not a JSON object")]
    [InlineData(""" {}""", 0, "not a JSON object")]
    [InlineData("""{} x""", 0, "not well-formed JSON")]
    [InlineData("""{"a":3}""", 0, "tensor 'a' is not described by an object")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2]}}""", 8, "tensor 'a' has no 'data_offsets'")]
    [InlineData("""{"a":{"shape":[2],"data_offsets":[0,8]}}""", 8, "tensor 'a' has no 'dtype'")]
    [InlineData("""{"a":{"dtype":"F32","data_offsets":[0,8]}}""", 8, "tensor 'a' has no 'shape'")]
    [InlineData("""{"a":{"dtype":"F31","shape":[2],"data_offsets":[0,8]}}""", 8, "tensor 'a' has the unknown dtype 'F31'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", 8, "tensor 'a' has the negative entry -2 in 'shape'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2.5],"data_offsets":[0,8]}}""", 8, "not a 64-bit integer")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", 8, "tensor 'a' begins at byte 8 and ends before that, at byte 0")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8,8]}}""", 8, "more than 2 entries in 'data_offsets'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[2],"data_offsets":[0]}}""", 8, "does not have two 'data_offsets'")]
    [InlineData("""{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}""", 8, "needs 12 bytes, but its offsets give 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4],"data_offsets":[0,16]}}""", 8, "tensor 'a' ends at byte 16 of the data, but the file has only 8")]
    [InlineData("""{"a":{"dtype":"U8","shape":[0],"data_offsets":[9223372036854775807,9223372036854775807]}}""", 8, "the file has only 8")]
    [InlineData("""{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}""", 0, "whose size in bytes does not fit into 64 bits")]
    [InlineData("""{"a":{"dtype":"U8","shape":[8],"data_offsets":[0,8]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", 8, "tensor 'b' begins at byte 4, inside 'a', which ends at 8")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]}}""", 8, "tensor 'b' begins at byte 4, but the tensors before it end at 2: a hole")]
    [InlineData("""{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}""", 8, "6 bytes follow the last tensor")]
    [InlineData("""{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[1,2]}}""", 2, "tensor 'a' occurs twice")]
    [InlineData("""{"a":{"dtype":"U8","dtype":"I8","shape":[1],"data_offsets":[0,1]}}""", 1, "tensor 'a' has 'dtype' twice")]
    [InlineData("""{"__metadata__":{"a":1}}""", 0, "__metadata__ is not an object of strings")]
    [InlineData("""{"__metadata__":{"a":"1","a":"2"}}""", 0, "__metadata__ has the key 'a' twice")]
    [InlineData("""{"\ud800":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}""", 1, "not well-formed JSON")]
    public void ABrokenHeaderIsRefusedInOneSentence(string header, int dataLength, string expected)
    {
        string path = Write(header, dataLength);
        string message = Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path)).Message;
        Assert.StartsWith($"{path}: ", message, StringComparison.Ordinal);
        Assert.Contains(expected, message);
    }

    [Fact]
    public void AFileShorterThanItsHeaderIsRefused()
    {
        string path = _directory.File("x.safetensors");
        File.WriteAllBytes(path, [1, 2, 3]);
        Assert.Contains("the file has 3 bytes", Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path)).Message);
        File.WriteAllBytes(path, [100, 0, 0, 0, 0, 0, 0, 0, (byte)'{']);
        Assert.Contains("the header claims 100 bytes, but the file ends 99 bytes earlier", Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path)).Message);
        File.WriteAllBytes(path, [255, 255, 255, 255, 255, 255, 255, 255, (byte)'{']);
        Assert.Contains("the format allows 100000000", Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path)).Message);
        File.WriteAllBytes(path, []);
        Assert.Contains("the file has 0 bytes", Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path)).Message);
    }

    [Fact]
    public void AHeaderThatIsNotUtf8IsRefused()
    {
        string path = _directory.File("x.safetensors");
        File.WriteAllBytes(path, [3, 0, 0, 0, 0, 0, 0, 0, (byte)'{', 0xff, (byte)'}']);
        Assert.Contains("not UTF-8", Assert.Throws<InvalidDataException>(() => SafetensorsFile.Open(path)).Message);
    }

    [Fact]
    public void EmptyTensorsAndTensorsInAnotherOrderThanTheirBytesAreFine()
    {
        string path = Write("""{"b":{"dtype":"U8","shape":[4],"data_offsets":[4,8]},"none":{"dtype":"F32","shape":[0,3],"data_offsets":[4,4]},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4],"note":[1,{"x":2}]}}   """, 8);
        using SafetensorsFile file = SafetensorsFile.Open(path);
        Assert.Equal(["b", "none", "a"], file.Tensors.Keys);
        Assert.Equal(0, file.Bytes("none").Length);
        Assert.Equal([0, 1, 2, 3], file.Bytes("a").ToArray());
    }

    /// <summary>The reference implementation behaves in the same way: its metadata is optional.</summary>
    [Fact]
    public void MetadataOfNullIsNone()
    {
        using SafetensorsFile file = SafetensorsFile.Open(Write("""{"__metadata__":null,"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}""", 1));
        Assert.Empty(file.Metadata);
        Assert.Equal(["a"], file.Tensors.Keys);
    }

    /// <summary>Bytes are changed, cut out, duplicated or appended. The reader must return tensors or throw one type of exception.</summary>
    [Fact]
    public void AMutatedFileIsReadOrRefusedAndNothingElse()
    {
        byte[] original = File.ReadAllBytes(Write(
            """{"__metadata__":{"format":"pt"},"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"I64","shape":[],"data_offsets":[24,32]}}""", 32));
        int headerEnd = original.Length - 32;
        Gen<byte> byteGen = Gen.OneOf(Gen.Byte, Gen.OneOf("{}[]\",:-0129eE.\\uxF"u8.ToArray()));
        Gen<byte[]> mutated =
            from changes in Gen.Select(Gen.Int[0, headerEnd], byteGen, Gen.Int[0, 3]).Array[1, 4]
            select changes.Aggregate(original, (bytes, change) => Mutate(bytes, change.Item1, change.Item2, change.Item3));
        int refused = 0;
        mutated.Sample(bytes =>
        {
            string path = _directory.File($"{Guid.NewGuid():N}.safetensors");
            File.WriteAllBytes(path, bytes);
            try
            {
                using SafetensorsFile file = SafetensorsFile.Open(path);
                foreach (string name in file.Tensors.Keys)
                    Assert.Equal(file.Tensors[name].Length, file.Bytes(name).Length);
            }
            catch (InvalidDataException problem)
            {
                Assert.StartsWith(path, problem.Message, StringComparison.Ordinal);
                Interlocked.Increment(ref refused);
            }
            finally
            {
                File.Delete(path);
            }
        }, iter: 2_000, threads: 1);
        Assert.InRange(refused, 500, 2_000);
    }

    private static byte[] Mutate(byte[] bytes, int at, byte value, int kind)
    {
        at = Math.Min(at, bytes.Length - 1);
        return kind switch
        {
            0 => [.. bytes[..at], value, .. bytes[(at + 1)..]],
            1 => [.. bytes[..at], value, .. bytes[at..]],
            2 when bytes.Length > 1 => [.. bytes[..at], .. bytes[(at + 1)..]],
            _ => bytes.Length > 1 && value < 40 ? bytes[..at] is { Length: > 0 } head ? head : bytes : [.. bytes, value],
        };
    }

    /// <summary>Writes a file with this header, followed by the bytes 0, 1, 2 ...</summary>
    private string Write(string header, int dataLength)
    {
        byte[] json = Encoding.UTF8.GetBytes(header);
        byte[] length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, json.Length);
        string path = _directory.File("written.safetensors");
        File.WriteAllBytes(path, [.. length, .. json, .. Enumerable.Range(0, dataLength).Select(i => (byte)i)]);
        return path;
    }

    private string Save(Action<SafetensorsWriter> add)
    {
        SafetensorsWriter writer = new();
        add(writer);
        string path = _directory.File("saved.safetensors");
        writer.Save(path);
        return path;
    }

    private static byte[] Bytes<T>(T[] values) where T : struct => MemoryMarshal.AsBytes(values.AsSpan()).ToArray();
}
