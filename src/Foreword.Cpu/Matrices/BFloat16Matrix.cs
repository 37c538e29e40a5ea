using System.Runtime.Intrinsics;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Kernels.MachineCode;
using Foreword.Cpu.Threading;
using Foreword.Numerics;

namespace Foreword.Cpu.Matrices;

/// <summary>
/// A weight matrix in bfloat16. Inputs are rounded to bfloat16 too, and sums are float32. Processors with AVX512_BF16 multiply these inputs as they are.
/// For others, a rounded input is stored as float32.
/// </summary>
internal sealed unsafe class BFloat16Matrix : PanelMatrix
{
    /// <summary>Number of input pairs that are widened to float32 in one pass.</summary>
    private const int PairsTogether = FloatKernels.PassInputs / 2;

    /// <summary>Number of panels in a register tile.</summary>
    private const int PanelsTogether = FloatKernels.TilePanels;

    private readonly NativeBuffer<ushort> _weights; // [N / 16][K / 2][16][2]

    private BFloat16Matrix(int inputs, int outputs, NativeBuffer<ushort> weights) : base(inputs, outputs) => _weights = weights;

    /// <inheritdoc/>
    public override long ByteCount => _weights.Length * sizeof(ushort);

    /// <inheritdoc/>
    public override int EncodedBytes => 2 * Pairs * (BFloat16DotKernels.CanMultiply ? sizeof(ushort) : sizeof(float));

    /// <inheritdoc/>
    public override int ScratchBytes => BFloat16DotKernels.CanMultiply ? 0 : PanelsTogether * 2 * PairsTogether * Panels.Width * sizeof(float);

    private int Pairs => (Inputs + 1) / 2;

    /// <summary>Reads a weight matrix and rounds it to bfloat16.</summary>
    public static BFloat16Matrix Read(PanelReader reader, Workers workers)
    {
        int K = reader.Inputs, pairs = (K + 1) / 2;
        long panelWeights = 2L * pairs * Panels.Width;
        NativeBuffer<ushort> weights = new(reader.PanelCount * panelWeights);
        using NativeBuffer<float> floats = new((long)reader.PanelsTogether * K * Panels.Width);
        for (int first = 0; first < reader.PanelCount; first += reader.PanelsTogether)
        {
            int count = Math.Min(reader.PanelsTogether, reader.PanelCount - first);
            reader.Read(first, count, floats.Pointer, workers);
            workers.ForEach(count, panel => Round(floats.Pointer + (long)panel * K * Panels.Width, K, weights.Pointer + (first + panel) * panelWeights));
        }

        return new BFloat16Matrix(K, reader.Outputs, weights);
    }

    /// <inheritdoc/>
    public override byte* Panel(int index) => (byte*)(_weights.Pointer + index * 2L * Pairs * Panels.Width);

    /// <inheritdoc/>
    public override void Encode(float* row, byte* encoded)
    {
        if (BFloat16DotKernels.CanMultiply)
            BFloat16Kernels.Round(Inputs, row, (ushort*)encoded);
        else
            BFloat16Kernels.Round(Inputs, row, (float*)encoded);
    }

    /// <inheritdoc/>
    public override void Multiply(in InputRows x, int firstPanel, int panels, float* y, int yStride, byte* scratch, byte* next = null)
    {
        long panelWeights = 2L * Pairs * Panels.Width;
        ushort* weights = _weights.Pointer + firstPanel * panelWeights;
        float* outputs = y + firstPanel * Panels.Width;
        if (BFloat16DotKernels.CanMultiply)
            BFloat16DotKernels.Multiply(x.Count, Pairs, x.Encoded, x.EncodedStride, weights, panels, outputs, yStride, next);
        else
            Multiply(x.Count, (float*)x.Encoded, x.EncodedStride / sizeof(float), weights, panels, outputs, yStride, (float*)scratch, next);
    }

    /// <inheritdoc/>
    public override void Dispose() => _weights.Dispose();

    /// <summary>Multiplies rows of rounded float32 numbers, with kernels that every processor has.</summary>
    private void Multiply(int rows, float* x, int xStride, ushort* weights, int panels, float* outputs, int yStride, float* floats, byte* next)
    {
        long panelWeights = 2L * Pairs * Panels.Width;
        if (rows == 1)
        {
            BFloat16Kernels.MultiplyRow(Pairs, x, weights, panels, outputs);
            return;
        }

        if (rows <= FloatKernels.FewRows && !Vector512.IsHardwareAccelerated)
        {
            BFloat16Kernels.MultiplyFewRows(rows, Pairs, x, xStride, weights, panels, outputs, yStride, next);
            return;
        }

        if (rows <= FloatKernels.FewRows)
        {
            for (int panel = 0, wide; panel < panels; panel += wide)
            {
                wide = panels - panel >= PanelsTogether ? PanelsTogether : 1;
                for (int pair = 0; pair < Pairs; pair += PairsTogether)
                {
                    for (int row = 0; row < rows; row += 8)
                    {
                        BFloat16Kernels.MultiplyEight(
                            Math.Min(PairsTogether, Pairs - pair), x + (long)row * xStride + 2 * pair, xStride, weights + panel * panelWeights + 2L * pair * Panels.Width,
                            panelWeights, wide, outputs + (long)row * yStride + panel * Panels.Width, yStride, add: pair > 0);
                    }
                }
            }

            return;
        }

        for (int pair = 0; pair < Pairs; pair += PairsTogether)
        {
            int pairs = Math.Min(PairsTogether, Pairs - pair);
            long panelFloats = 2L * pairs * Panels.Width;
            for (int panel = 0; panel < panels; panel += PanelsTogether)
            {
                int together = Math.Min(PanelsTogether, panels - panel);
                for (int i = 0; i < together; i++)
                    BFloat16Kernels.WidenPanel(pairs, weights + (panel + i) * panelWeights + 2L * pair * Panels.Width, floats + i * panelFloats);
                FloatKernels.MultiplyRows(rows, 2 * pairs, x + 2 * pair, xStride, floats, panelFloats, together, outputs + panel * Panels.Width, yStride, add: pair > 0);
            }
        }
    }

    private static void Round(float* panel, int K, ushort* weights)
    {
        for (int k = 0; k < K + K % 2; k++)
        {
            for (int n = 0; n < Panels.Width; n++)
                weights[(k / 2 * Panels.Width + n) * 2 + k % 2] = k < K ? BFloat16Bits.Nearest(panel[k * Panels.Width + n]) : (ushort)0;
        }
    }
}
