using System.Buffers.Binary;
using Foreword.Settings;

namespace Foreword.Weights.Gguf;

/// <summary>
/// Converts to and from Q8_0, ggml's 8-bit format. A block of 32 consecutive elements shares the scale d = max|x| / 127 in half precision. Each
/// element is stored as the signed byte nearest to x / d, with halves rounded away from zero. The result is identical, bit for bit, to ggml's
/// <c>quantize_row_q8_0_ref</c> (ggml-quants.c).
/// </summary>
internal static class Q8Block
{
    /// <summary>The number of elements of a block.</summary>
    public const int Length = 32;

    /// <summary>The number of bytes of a block: the scale and the elements.</summary>
    public const int Bytes = sizeof(ushort) + Length;

    /// <summary>Quantizes whole blocks.</summary>
    /// <param name="values">The elements, a multiple of 32.</param>
    /// <param name="blocks">Receives 34 bytes for each 32 elements.</param>
    /// <exception cref="ArgumentException">
    /// The lengths do not match, or an element is not finite or too large for a scale in half precision.
    /// </exception>
    public static void Quantize(ReadOnlySpan<float> values, Span<byte> blocks)
    {
        Check(values.Length, blocks.Length);
        for (; !values.IsEmpty; values = values[Length..], blocks = blocks[Bytes..])
        {
            float largest = 0;
            foreach (float value in values[..Length])
            {
                if (!float.IsFinite(value))
                    throw new ArgumentException("a weight that is not finite cannot be quantized to q8_0", nameof(values));
                largest = Math.Max(largest, Math.Abs(value));
            }

            float scale = largest / sbyte.MaxValue;
            if (Half.IsInfinity((Half)scale))
                throw new ArgumentException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"a weight of {largest} is too large for q8_0; use bf16 or f32"), nameof(values));
            float inverse = scale == 0 ? 0 : 1 / scale; // computed from the scale before it is rounded to half precision, as in ggml
            BinaryPrimitives.WriteHalfLittleEndian(blocks, (Half)scale);
            for (int i = 0; i < Length; i++)
                blocks[sizeof(ushort) + i] = (byte)(sbyte)MathF.Round(values[i] * inverse, MidpointRounding.AwayFromZero);
        }
    }

    /// <summary>Computes the values of whole blocks: scale times byte, in float32.</summary>
    /// <exception cref="ArgumentException">The lengths do not match.</exception>
    public static void Dequantize(ReadOnlySpan<byte> blocks, Span<float> values)
    {
        Check(values.Length, blocks.Length);
        for (; !values.IsEmpty; values = values[Length..], blocks = blocks[Bytes..])
        {
            float scale = (float)BinaryPrimitives.ReadHalfLittleEndian(blocks);
            for (int i = 0; i < Length; i++)
                values[i] = scale * (sbyte)blocks[sizeof(ushort) + i];
        }
    }

    /// <summary>Writes a tensor whose rows are whole blocks, one chunk of elements at a time.</summary>
    /// <exception cref="InvalidDataException">A number is not finite. The message names the file and the tensor.</exception>
    /// <exception cref="NotSupportedException">A number is too large.</exception>
    internal static void Write(WeightTensor tensor, Stream stream)
    {
        const int ChunkLength = 1 << 20; // number of elements in memory at a time, a multiple of the block length
        float[] values = new float[Math.Min(ChunkLength, tensor.ElementCount)];
        byte[] blocks = new byte[values.Length / Length * Bytes];
        for (long first = 0; first < tensor.ElementCount; first += values.Length)
        {
            Span<float> read = values.AsSpan(0, (int)Math.Min(values.Length, tensor.ElementCount - first));
            tensor.Read(first, read);
            Span<byte> written = blocks.AsSpan(0, read.Length / Length * Bytes);
            try
            {
                Quantize(read, written);
            }
            catch (ArgumentException problem)
            {
                throw new NotSupportedException($"{tensor.FileName}: {ArgumentSentence.Of(problem)}", problem);
            }

            stream.Write(written);
        }
    }

    private static void Check(int elements, int bytes)
    {
        if (elements % Length != 0 || bytes != elements / Length * Bytes)
            throw new ArgumentException($"{elements} elements in {bytes} bytes are not whole blocks of {Length} elements in {Bytes} bytes");
    }
}
