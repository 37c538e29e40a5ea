using System.Runtime.Intrinsics;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Threading;

namespace Foreword.Cpu.Matrices;

/// <summary>A weight matrix in float32.</summary>
internal sealed unsafe class FloatMatrix : PanelMatrix
{
    private readonly NativeBuffer<float> _weights; // [N / 16][K][16]

    private FloatMatrix(int inputs, int outputs, NativeBuffer<float> weights) : base(inputs, outputs) => _weights = weights;

    /// <summary>Reads a weight matrix into panels.</summary>
    public static FloatMatrix Read(PanelReader reader, Workers workers)
    {
        long panelFloats = (long)reader.Inputs * Panels.Width;
        NativeBuffer<float> weights = new(reader.PanelCount * panelFloats);
        for (int first = 0; first < reader.PanelCount; first += reader.PanelsTogether)
            reader.Read(first, Math.Min(reader.PanelsTogether, reader.PanelCount - first), weights.Pointer + first * panelFloats, workers);
        return new FloatMatrix(reader.Inputs, reader.Outputs, weights);
    }

    /// <inheritdoc/>
    public override long ByteCount => _weights.Length * sizeof(float);

    /// <inheritdoc/>
    public override byte* Panel(int index) => (byte*)(_weights.Pointer + (long)index * Inputs * Panels.Width);

    /// <inheritdoc/>
    public override void Multiply(in InputRows x, int firstPanel, int panels, float* y, int yStride, byte* scratch, byte* next = null)
    {
        long panelFloats = (long)Inputs * Panels.Width;
        float* weights = _weights.Pointer + firstPanel * panelFloats;
        float* outputs = y + firstPanel * Panels.Width;
        if (x.Count == 1)
            FloatKernels.MultiplyRow(Inputs, x.Values, weights, panels, outputs);
        else if (x.Count <= FloatKernels.FewRows && !Vector512.IsHardwareAccelerated)
            FloatKernels.MultiplyFewRows(x.Count, Inputs, x.Values, x.Stride, weights, panels, outputs, yStride, next);
        else
            FloatKernels.MultiplyRows(x.Count, Inputs, x.Values, x.Stride, weights, panelFloats, panels, outputs, yStride);
    }

    /// <inheritdoc/>
    public override void Dispose() => _weights.Dispose();
}
