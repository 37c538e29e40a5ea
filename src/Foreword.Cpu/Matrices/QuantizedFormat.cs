using System.Numerics.Tensors;
using Foreword.Cpu.Kernels;

namespace Foreword.Cpu.Matrices;

/// <summary>How weights are quantised: a weight is (byte - zero) * scale, the scale belonging to one output and a block of its inputs.</summary>
/// <param name="Bits">8 or 4.</param>
/// <param name="Block">Inputs of a block.</param>
internal sealed record QuantizedFormat(int Bits, int Block)
{
    /// <summary>Scales tried for a block of 4-bit weights, as parts of the largest magnitude's own; the one with the least squared error is kept.</summary>
    private const int Trials = 12;

    /// <summary>The scale of a block that holds an infinity or a NaN: bfloat16's NaN, so that the outputs are NaN, too.</summary>
    private const ushort NoNumber = 0x7fc0;

    /// <summary>8 bits: 8.25 bits a weight with its scale.</summary>
    public static QuantizedFormat Int8 { get; } = new(8, 64);

    /// <summary>4 bits: 4.5 bits a weight with its scale.</summary>
    public static QuantizedFormat Int4 { get; } = new(4, 32);

    /// <summary>The byte that stands for 0.</summary>
    public int Zero => 1 << (Bits - 1);

    /// <summary>Blocks of so many inputs; the last may be padded.</summary>
    public int Blocks(int inputs) => (inputs + Block - 1) / Block;

    /// <summary>Bytes of a panel's weights.</summary>
    public long PanelBytes(int inputs) => (long)Blocks(inputs) * Block * Bits / 8 * Panels.Width;

    /// <summary>Scales of a panel.</summary>
    public long PanelScales(int inputs) => (long)Blocks(inputs) * Panels.Width;

    /// <summary>Bytes of a matrix's weights.</summary>
    public long WeightBytes(int inputs, int outputs) => Panels.Count(outputs) * PanelBytes(inputs);

    /// <summary>Scales of a matrix.</summary>
    public long ScaleCount(int inputs, int outputs) => Panels.Count(outputs) * PanelScales(inputs);

    /// <summary>Quantises a panel.</summary>
    /// <param name="panel">[K][16].</param>
    /// <param name="inputs">K.</param>
    /// <param name="weights">Receives <see cref="PanelBytes"/>.</param>
    /// <param name="scales">Receives <see cref="PanelScales"/>, bfloat16.</param>
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
                Round(values, Scale(scale), bytes);
                for (int i = 0; i < Block; i++)
                    Put(weights, block * Block + i, n, bytes[i]);
            }
        }
    }

    /// <summary>The weight that a panel's byte stands for; the inverse of <see cref="Quantize"/>.</summary>
    public unsafe float Weight(byte* weights, ushort* scales, int k, int n)
    {
        int value = Bits == 8
            ? weights[(k / 4 * Panels.Width + n) * 4 + k % 4]
            : weights[(k / 8 * Panels.Width + n) * 4 + k % 4] >> (k % 8 < 4 ? 0 : 4) & 0x0f;
        return (value - Zero) * Scale(scales[k / Block * Panels.Width + n]);
    }

    private unsafe void Put(byte* weights, int k, int n, byte value)
    {
        if (Bits == 8)
            weights[(k / 4 * Panels.Width + n) * 4 + k % 4] = value;
        else
            weights[(k / 8 * Panels.Width + n) * 4 + k % 4] |= (byte)(k % 8 < 4 ? value : value << 4);
    }

    /// <summary>The smallest scale with which no weight is cut off.</summary>
    private ushort LargestScale(ReadOnlySpan<float> values)
    {
        float largest = 0;
        foreach (float value in values)
            largest = MathF.Max(largest, MathF.Abs(value));
        return BFloat16.Up(largest / (Zero - 1));
    }

    /// <summary>
    /// 4 bits are few: a scale that cuts off the largest weight a little may fit the others better. The scale may be negative, so that the
    /// eighth step that one side has more serves the side that needs it.
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
            ushort scale = BFloat16.Nearest(-extreme / (Zero - 1.2f + 0.12f * trial)); // the largest magnitude at step 6.8 to 8.1
            double error = Error(values, Scale(scale));
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

    private static float Scale(ushort bits) => BFloat16.ToSingle(bits);
}
