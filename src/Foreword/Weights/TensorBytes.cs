namespace Foreword.Weights;

/// <summary>Writes a stored tensor as elements of a type, a piece at a time.</summary>
internal static class TensorBytes
{
    /// <summary>Elements in memory at a time.</summary>
    private const int Piece = 1 << 20;

    /// <summary>Writes all elements, row-major and little-endian; the same type as the stored one gives the same bits.</summary>
    /// <param name="tensor">What is read.</param>
    /// <param name="dtype">F32, F16 or BF16.</param>
    /// <param name="stream">Where to.</param>
    /// <exception cref="NotSupportedException">A number is too large for F16.</exception>
    public static void Write(WeightTensor tensor, TensorDType dtype, Stream stream)
    {
        float[] values = new float[Math.Min(Piece, tensor.ElementCount)];
        byte[] bytes = new byte[values.Length * dtype.Size()];
        for (long first = 0; first < tensor.ElementCount; first += values.Length)
        {
            Span<float> read = values.AsSpan(0, (int)Math.Min(values.Length, tensor.ElementCount - first));
            tensor.Read(first, read);
            if (dtype == TensorDType.F16)
                CheckRange(tensor, read);
            Span<byte> written = bytes.AsSpan(0, read.Length * dtype.Size());
            dtype.FromFloats(read, written);
            stream.Write(written);
        }
    }

    private static void CheckRange(WeightTensor tensor, ReadOnlySpan<float> values)
    {
        foreach (float value in values)
        {
            if (float.IsFinite(value) && Half.IsInfinity((Half)value))
                throw new NotSupportedException(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{tensor.FileName} holds {value}, more than f16 can; take bf16 or f32"));
        }
    }
}
