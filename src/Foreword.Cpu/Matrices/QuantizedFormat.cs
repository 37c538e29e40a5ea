using System.Numerics.Tensors;
using Foreword.Numerics;

namespace Foreword.Cpu.Matrices;

/// <summary>Describes how weights are quantized: weight = (byte - zero) * scale. Each output has a scale for every block of its inputs.</summary>
/// <param name="Bits">Bits of a weight: 8 or 4.</param>
/// <param name="Block">Number of inputs of a block.</param>
internal sealed record QuantizedFormat(int Bits, int Block)
{
    /// <summary>
    /// Number of scales that are tried for a block of 4-bit weights, all near the scale of the largest magnitude. The scale with the least squared
    /// error is kept.
    /// </summary>
    private const int Trials = 12;

    /// <summary>The scale of a block that holds an infinity or a NaN. It is bfloat16's NaN, so that the outputs are NaN too.</summary>
    private const ushort NoNumber = 0x7fc0;

    /// <summary>Gets the 8-bit format: 8.25 bits per weight, including its scale.</summary>
    public static QuantizedFormat Int8 { get; } = new(8, 64);

    /// <summary>Gets the 4-bit format: 4.5 bits per weight, including its scale.</summary>
    public static QuantizedFormat Int4 { get; } = new(4, 32);

    /// <summary>Gets the byte that represents the weight 0.</summary>
    public int Zero => 1 << (Bits - 1);

    /// <summary>Returns the number of blocks that hold <paramref name="inputs"/> inputs; the last block may be padded.</summary>
    public int Blocks(int inputs) => (inputs + Block - 1) / Block;

    /// <summary>Returns the size of a panel's weights in bytes.</summary>
    public long PanelBytes(int inputs) => (long)Blocks(inputs) * Block * Bits / 8 * Panels.Width;

    /// <summary>Returns the number of scales of a panel.</summary>
    public long PanelScales(int inputs) => (long)Blocks(inputs) * Panels.Width;

    /// <summary>Returns the size of a matrix's weights in bytes.</summary>
    public long WeightBytes(int inputs, int outputs) => Panels.Count(outputs) * PanelBytes(inputs);

    /// <summary>Returns the number of scales of a matrix.</summary>
    public long ScaleCount(int inputs, int outputs) => Panels.Count(outputs) * PanelScales(inputs);

    /// <summary>Quantizes a panel.</summary>
    /// <param name="panel">The weights, [K][16].</param>
    /// <param name="inputs">K, the number of inputs.</param>
    /// <param name="weights">Receives <see cref="PanelBytes"/> bytes.</param>
    /// <param name="scales">Receives <see cref="PanelScales"/> scales in bfloat16.</param>
    public unsafe void Quantize(float* panel, int inputs, byte* weights, ushort* scales)
    {
        new Span<byte>(weights, (int)PanelBytes(inputs)).Clear();
        Span<float> values = stackalloc float[Block];
        Span<byte> bytes = stackalloc byte[Block];
        for (int block = 0; block < Blocks(inputs); block++)
        {
            for (int n = 0; n < Panels.Width; n++)
            {
                for (int i = 0; i < Block; i++)
                {
                    int k = block * Block + i;
                    values[i] = k < inputs ? panel[(long)k * Panels.Width + n] : 0;
                }

                ushort scale = !float.IsFinite(TensorPrimitives.MaxMagnitude<float>(values)) ? NoNumber : Bits == 8 ? LargestScale(values) : BestScale(values);
                scales[block * Panels.Width + n] = scale;
                Round(values, BFloat16Bits.ToSingle(scale), bytes);
                for (int i = 0; i < Block; i++)
                    Put(weights, block * Block + i, n, bytes[i]);
            }
        }
    }

    /// <summary>Returns the weight that a panel's byte represents; the inverse of <see cref="Quantize"/>.</summary>
    public unsafe float Weight(byte* weights, ushort* scales, int k, int n)
    {
        int value = Bits == 8
            ? weights[(k / 4 * Panels.Width + n) * 4 + k % 4]
            : weights[(k / 8 * Panels.Width + n) * 4 + k % 4] >> (k % 8 < 4 ? 0 : 4) & 0x0f;
        return (value - Zero) * BFloat16Bits.ToSingle(scales[k / Block * Panels.Width + n]);
    }

    private unsafe void Put(byte* weights, int k, int n, byte value)
    {
        if (Bits == 8)
            weights[(k / 4 * Panels.Width + n) * 4 + k % 4] = value;
        else
            weights[(k / 8 * Panels.Width + n) * 4 + k % 4] |= (byte)(k % 8 < 4 ? value : value << 4);
    }

    /// <summary>Returns the smallest scale with which no weight is clipped.</summary>
    private ushort LargestScale(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
            largest = MathF.Max(largest, MathF.Abs(value));
        return BFloat16Bits.Up(largest / (Zero - 1));
    }

    /// <summary>
    /// Returns the 4-bit scale with the least squared error. With so few bits, a scale that clips the largest weight a little may fit the other weights
    /// better. Steps range from -8 to 7. The scale may be negative, so that the largest magnitude always falls on the negative side, which has one step
    /// more.
    /// </summary>
    private ushort BestScale(ReadOnlySpan<float> values)
    {
        float extreme = 0;
        foreach (float value in values)
        {
            if (MathF.Abs(value) > MathF.Abs(extreme))
                extreme = value;
        }

        ushort best = 0;
        double leastError = double.PositiveInfinity;
        for (int trial = 0; trial < Trials && extreme != 0; trial++)
        {
            ushort scale = BFloat16Bits.Nearest(-extreme / (Zero - 1.2f + 0.12f * trial)); // puts the largest magnitude at step -6.8 to -8.1
            double error = Error(values, BFloat16Bits.ToSingle(scale));
            if (error < leastError)
                (best, leastError) = (scale, error);
        }

        return best;
    }

    private double Error(ReadOnlySpan<float> values, float scale)
    {
        float inverse = Inverse(scale), sum = 0;
        foreach (float value in values)
        {
            float difference = value - scale * Step(value * inverse);
            sum += difference * difference;
        }

        return sum;
    }

    private void Round(ReadOnlySpan<float> values, float scale, Span<byte> bytes)
    {
        float inverse = Inverse(scale);
        for (int i = 0; i < values.Length; i++)
            bytes[i] = (byte)(Step(values[i] * inverse) + Zero);
    }

    private static float Inverse(float scale) => scale == 0 ? 0 : 1 / scale;

    private float Step(float value) => Math.Clamp(MathF.Round(value), Bits == 8 ? 1 - Zero : -Zero, Zero - 1);
}
