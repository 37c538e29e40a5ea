using System.Runtime.Intrinsics.X86;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Kernels.MachineCode;
using Foreword.Cpu.Threading;

namespace Foreword.Cpu.Matrices;

/// <summary>
/// A weight matrix of 8 or 4 bits, with a scale for every output and block of inputs. Rows are quantized to 8 bits as they arrive, with a scale for
/// every token and block. <see cref="Int8Kernels"/> describes the layout.
/// </summary>
internal sealed unsafe class QuantizedMatrix : PanelMatrix
{
    private readonly byte* _weights;
    private readonly ushort* _scales;
    private readonly IDisposable? _memory;

    /// <summary>Creates a matrix over weights that are in memory already.</summary>
    /// <param name="inputs">K, the number of inputs.</param>
    /// <param name="outputs">N, the number of outputs.</param>
    /// <param name="format">Bits and block size.</param>
    /// <param name="weights"><see cref="QuantizedFormat.WeightBytes"/> bytes.</param>
    /// <param name="scales"><see cref="QuantizedFormat.ScaleCount"/> scales.</param>
    /// <param name="memory">The owner of the memory, which is disposed with this object; null if another object owns it.</param>
    public QuantizedMatrix(int inputs, int outputs, QuantizedFormat format, byte* weights, ushort* scales, IDisposable? memory) : base(inputs, outputs)
    {
        Format = format;
        _weights = weights;
        _scales = scales;
        _memory = memory;
    }

    /// <summary>Gets the number of bits and the block size.</summary>
    public QuantizedFormat Format { get; }

    /// <summary>Gets the weights' bytes.</summary>
    public ReadOnlySpan<byte> Weights => new(_weights, checked((int)Format.WeightBytes(Inputs, Outputs)));

    /// <summary>Gets the scales in bfloat16.</summary>
    public ReadOnlySpan<ushort> Scales => new(_scales, checked((int)Format.ScaleCount(Inputs, Outputs)));

    /// <inheritdoc/>
    public override long ByteCount => Weights.Length + (long)Scales.Length * sizeof(ushort);

    /// <inheritdoc/>
    public override int EncodedBytes => NarrowBytes + (ReadsWide ? Int8Kernels.WideBytes(Blocks * Format.Block) : 0);

    /// <inheritdoc/>
    public override int ScratchBytes => Format.Bits == 4 ? Blocks * Format.Block * Panels.Width : 0;

    private int Blocks => Format.Blocks(Inputs);

    private int Quads => Format.Block / Int8Kernels.Quad;

    private int NarrowBytes => Blocks * (Format.Block + Int8Kernels.BlockTail);

    /// <summary>Gets whether products of several rows read inputs that have been widened to 16 bits.</summary>
    private bool ReadsWide => Avx2.IsSupported && !AvxVnni.IsSupported && Format.Bits == 8 && !VnniKernels.CanMultiply(Format.Bits, Format.Block);

    /// <summary>Reads and quantizes a weight matrix.</summary>
    public static QuantizedMatrix Read(PanelReader reader, QuantizedFormat format, Workers workers)
    {
        int K = reader.Inputs;
        NativeBuffer<byte> memory = new(format.WeightBytes(K, reader.Outputs) + format.ScaleCount(K, reader.Outputs) * sizeof(ushort));
        ushort* scales = (ushort*)(memory.Pointer + format.WeightBytes(K, reader.Outputs));
        using NativeBuffer<float> floats = new((long)reader.PanelsTogether * K * Panels.Width);
        for (int first = 0; first < reader.PanelCount; first += reader.PanelsTogether)
        {
            int count = Math.Min(reader.PanelsTogether, reader.PanelCount - first);
            reader.Read(first, count, floats.Pointer, workers);
            workers.ForEach(count, panel =>
                format.Quantize(floats.Pointer + (long)panel * K * Panels.Width, K, memory.Pointer + (first + panel) * format.PanelBytes(K), scales + (first + panel) * format.PanelScales(K)));
        }

        return new QuantizedMatrix(K, reader.Outputs, format, memory.Pointer, scales, memory);
    }

    /// <inheritdoc/>
    public override void Encode(float* row, byte* encoded)
    {
        Int8Kernels.Encode(row, Inputs, Format.Block, Format.Zero, (sbyte*)encoded);
        if (ReadsWide)
            Int8Kernels.Widen(Blocks * Format.Block, encoded, encoded + NarrowBytes);
    }

    /// <inheritdoc/>
    public override byte* Panel(int index) => _weights + index * Format.PanelBytes(Inputs);

    /// <inheritdoc/>
    public override void Multiply(in InputRows x, int firstPanel, int panels, float* y, int yStride, byte* scratch, byte* next = null)
    {
        long panelBytes = Format.PanelBytes(Inputs), panelScales = Format.PanelScales(Inputs);
        byte* weights = _weights + firstPanel * panelBytes;
        ushort* scales = _scales + firstPanel * panelScales;
        float* outputs = y + firstPanel * Panels.Width;
        if (x.Count == 1 && Format.Bits == 8)
        {
            Int8Kernels.MultiplyRow8(Blocks, Quads, x.Encoded, weights, scales, panels, outputs);
        }
        else if (x.Count == 1)
        {
            Int8Kernels.MultiplyRow4(Blocks, Quads, x.Encoded, weights, scales, panels, outputs);
        }
        else
        {
            for (int panel = 0; panel < panels; panel++, weights += panelBytes, scales += panelScales, outputs += Panels.Width)
                MultiplyPanel(x, weights, scales, outputs, yStride, scratch, panel + 1 < panels || next == null ? weights + panelBytes : next);
        }
    }

    /// <summary>Multiplies several rows with one panel, using the fastest kernel on this processor. All kernels compute the same numbers.</summary>
    private void MultiplyPanel(in InputRows x, byte* weights, ushort* scales, float* y, int yStride, byte* scratch, byte* next)
    {
        if (VnniKernels.CanMultiply(Format.Bits, Format.Block))
            VnniKernels.MultiplyRows(x.Count, Format.Bits, Blocks, Format.Block, x.Encoded, x.EncodedStride, weights, scales, y, yStride, next);
        else if (ReadsWide)
            Int8Kernels.MultiplyWideRows8(x.Count, Blocks, Quads, x.Encoded, x.EncodedStride, weights, scales, y, yStride, next);
        else if (Format.Bits == 8)
            Int8Kernels.MultiplyRows8(x.Count, Blocks, Quads, x.Encoded, x.EncodedStride, weights, scales, y, yStride, next);
        else
            Int8Kernels.MultiplyRows4(x.Count, Blocks, Quads, x.Encoded, x.EncodedStride, weights, scales, y, yStride, next, scratch);
    }

    /// <inheritdoc/>
    public override void Dispose() => _memory?.Dispose();
}
