using System.Runtime.InteropServices;
using CsCheck;
using Foreword.Weights.Gguf;

namespace Foreword.Tests.Weights.Gguf;

public sealed class Q8BlockTests
{
    /// <summary>The environment variable with a folder in which node-llama-cpp is installed: <c>npm install node-llama-cpp</c>.</summary>
    private const string Variable = "FOREWORD_NODE_LLAMA_CPP";

    private static readonly Gen<float[]> Blocks = Gen.Select(Gen.Float[-4, 4], Gen.Int[-20, 20]).Select((value, exponent) => MathF.ScaleB(value, exponent)).Array[32];

    [Fact]
    public void EveryElementIsTheNearestOf255StepsOfTheLargest() => Blocks.Sample(values =>
    {
        (byte[] block, float[] read) = Through(values);
        float scale = values.Max(Math.Abs) / 127;
        Assert.Equal((Half)scale, MemoryMarshal.Read<Half>(block));
        for (int i = 0; i < values.Length; i++)
        {
            int quantized = (sbyte)block[2 + i];
            Assert.InRange(Math.Abs(quantized - (scale == 0 ? 0 : values[i] / (double)scale)), 0, 0.50001);
            Assert.Equal((float)(Half)scale * quantized, read[i]);
        }
    }, iter: 2_000);

    [Fact]
    public void HalvesAreRoundedAwayFromZero()
    {
        float[] values = new float[32];
        (values[0], values[1], values[2], values[3]) = (127, 0.5f, -0.5f, 2.5f); // the scale is 1
        Assert.Equal([127, 1, -1, 3], Through(values).Block[2..6].Select(value => (int)(sbyte)value));
    }

    [Fact]
    public void ABlockOfZerosStaysZero() => Assert.All(Through(new float[32]).Block, value => Assert.Equal(0, value));

    [Theory]
    [InlineData(31, 34)]
    [InlineData(32, 33)]
    public void PartsOfBlocksAreRefused(int elements, int bytes)
    {
        Assert.Throws<ArgumentException>(() => Q8Block.Quantize(new float[elements], new byte[bytes]));
        string message = Assert.Throws<ArgumentException>(() => Q8Block.Dequantize(new byte[bytes], new float[elements])).Message;
        Assert.Equal($"{elements} elements in {bytes} bytes are not whole blocks of 32 elements in 34 bytes", message);
    }

    [Fact]
    public unsafe void TheBytesAreThoseOfGgmlItself()
    {
        string? folder = Environment.GetEnvironmentVariable(Variable);
        Assert.SkipWhen(string.IsNullOrEmpty(folder), $"{Variable} names no folder in which node-llama-cpp is installed (npm install node-llama-cpp)");
        string? library = Directory.EnumerateFiles(folder!, "libggml-base.so", SearchOption.AllDirectories).FirstOrDefault(path => path.Contains($"linux-{RuntimeInformation.ProcessArchitecture}/", StringComparison.OrdinalIgnoreCase));
        Assert.SkipWhen(library is null, $"{folder} holds no libggml-base.so for this processor");
        var quantize = (delegate* unmanaged<float*, byte*, long, void>)NativeLibrary.GetExport(NativeLibrary.Load(library!), "quantize_row_q8_0_ref");
        byte[] theirs = new byte[Q8Block.Bytes];
        Blocks.Sample(values =>
        {
            fixed (float* from = values)
            fixed (byte* to = theirs)
                quantize(from, to, values.Length);
            Assert.Equal(theirs, Through(values).Block);
        }, iter: 100_000, threads: 1);
    }

    private static (byte[] Block, float[] Values) Through(float[] values)
    {
        byte[] block = new byte[Q8Block.Bytes];
        Q8Block.Quantize(values, block);
        float[] read = new float[values.Length];
        Q8Block.Dequantize(block, read);
        return (block, read);
    }
}
