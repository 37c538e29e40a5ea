using System.Runtime.InteropServices;

namespace Foreword.Weights;

/// <summary>Writes a stored tensor in a given element type, one chunk of elements at a time.</summary>
internal static class TensorBytes
{
    /// <summary>The number of elements that are in memory at a time.</summary>
    private const int ChunkLength = 1 << 20;

    /// <summary>Writes all elements in row-major order, little-endian. If the element type is the stored one, the bits stay the same.</summary>
    /// <param name="tensor">The tensor to read.</param>
    /// <param name="dtype">The element type to write: F32, F16 or BF16.</param>
    /// <param name="stream">The stream to write to.</param>
    /// <exception cref="InvalidDataException">A number is not finite. The message names the file and the tensor.</exception>
    /// <exception cref="NotSupportedException">A number is too large for F16 or BF16.</exception>
    public static void Write(WeightTensor tensor, TensorDType dtype, Stream stream)
    {
        float[] values = new float[Math.Min(ChunkLength, tensor.ElementCount)];
        byte[] bytes = new byte[values.Length * dtype.Size()];
        for (long first = 0; first < tensor.ElementCount; first += values.Length)
        {
            Span<float> read = values.AsSpan(0, (int)Math.Min(values.Length, tensor.ElementCount - first));
            tensor.Read(first, read);
            Span<byte> written = bytes.AsSpan(0, read.Length * dtype.Size());
            dtype.FromFloats(read, written);
            CheckRange(tensor, dtype, read, written);
            stream.Write(written);
        }
    }

    /// <summary>Rejects finite numbers that the conversion made infinite.</summary>
    private static void CheckRange(WeightTensor tensor, TensorDType dtype, ReadOnlySpan<float> values, ReadOnlySpan<byte> written)
    {
        if (dtype == TensorDType.F32)
            return;
        ushort infinity = (ushort)(dtype == TensorDType.F16 ? 0x7C00 : 0x7F80);
        ReadOnlySpan<ushort> bits = MemoryMarshal.Cast<byte, ushort>(written);
        for (int i = 0; i < bits.Length; i++)
        {
            if ((bits[i] & 0x7FFF) == infinity)
                throw new NotSupportedException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{tensor.FileName} contains {values[i]}, more than {dtype.HeaderName().ToLowerInvariant()} can represent; use {(dtype == TensorDType.F16 ? "bf16 or f32" : "f32")}"));
        }
    }
}
