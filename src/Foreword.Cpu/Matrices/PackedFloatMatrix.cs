using System.Runtime.Intrinsics;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Threading;

namespace Foreword.Cpu.Matrices;

/// <summary>
/// A weight matrix in float32, packed without loss into 7/8 of its memory. A product with one row is limited by memory bandwidth, so fewer bytes make
/// it faster. <see cref="PackedFloatKernels"/> describes the layout. A panel that cannot be packed is stored as float32.
/// </summary>
internal sealed unsafe class PackedFloatMatrix : PanelMatrix
{
    /// <summary>Marks a panel that is not packed, in place of its number of exceptions.</summary>
    private const int NotPacked = -1;

    /// <summary>At most one weight in this many may be an exception. With more exceptions, reading the panel unpacked is faster.</summary>
    private const int WeightsPerException = 256;

    /// <summary>Number of panels that are unpacked together when there are several rows.</summary>
    private const int PanelsTogether = FloatKernels.TilePanels;

    /// <summary>Largest number of rows for which the weights are unpacked again for every eight rows.</summary>
    private const int FewRows = 16;

    /// <summary>Number of sums of eight rows and two panels.</summary>
    private const int SumsOfEight = 8 * 2 * Panels.Width;

    private readonly nint[] _panels; // address of each panel
    private readonly int[] _exceptions; // number of exceptions of each panel, or NotPacked
    private readonly List<NativeBuffer<byte>> _memory = [];

    private PackedFloatMatrix(int inputs, int outputs) : base(inputs, outputs)
    {
        _panels = new nint[PanelCount];
        _exceptions = new int[PanelCount];
    }

    /// <inheritdoc/>
    public override long ByteCount => _memory.Sum(memory => memory.Length);

    /// <inheritdoc/>
    public override int ScratchBytes => PanelsTogether * FloatKernels.PassInputs * Panels.Width * sizeof(float);

    /// <inheritdoc/>
    public override int RowPanels => PackedFloatKernels.Streams;

    /// <inheritdoc/>
    public override int TilePanels => 2 * PanelsTogether; // also three pairs of panels in MultiplyFewRows

    /// <summary>Gets the number of panels that are not packed.</summary>
    public int NotPackedCount => _exceptions.Count(count => count == NotPacked);

    /// <summary>Gets the number of weights in packed panels that are stored separately.</summary>
    public int ExceptionCount => _exceptions.Sum(count => Math.Max(0, count));

    /// <summary>Gets the size of all panels in bytes.</summary>
    public long Bytes => _memory.Sum(memory => memory.Length);

    private int Blocks => Inputs / PackedFloatKernels.Block;

    private int PackedBytes => PackedFloatKernels.TableBytes + Blocks * PackedFloatKernels.BlockBytes;

    private int PanelFloats => Inputs * Panels.Width;

    /// <summary>Returns whether this processor can multiply packed weights and <paramref name="inputs"/> fills whole blocks.</summary>
    public static bool CanHold(int inputs) => PackedFloatKernels.IsSupported && inputs % PackedFloatKernels.Block == 0;

    /// <summary>Reads and packs a weight matrix whose number of inputs satisfies <see cref="CanHold"/>.</summary>
    public static PackedFloatMatrix Read(PanelReader reader, Workers workers)
    {
        PackedFloatMatrix matrix = new(reader.Inputs, reader.Outputs);
        using NativeBuffer<float> floats = new((long)reader.PanelsTogether * matrix.PanelFloats);
        for (int first = 0; first < reader.PanelCount; first += reader.PanelsTogether)
        {
            int count = Math.Min(reader.PanelsTogether, reader.PanelCount - first);
            reader.Read(first, count, floats.Pointer, workers);
            matrix.Pack(first, count, floats.Pointer, workers);
        }

        return matrix;
    }

    /// <inheritdoc/>
    public override byte* Panel(int index) => (byte*)_panels[index];

    /// <inheritdoc/>
    public override void Multiply(in InputRows x, int firstPanel, int panels, float* y, int yStride, byte* scratch, byte* next = null)
    {
        float* outputs = y + firstPanel * Panels.Width;
        if (x.Count == 1)
        {
            MultiplyRow(x.Values, firstPanel, panels, outputs);
            return;
        }

        if (x.Count <= FewRows)
            MultiplyFewRows(x, firstPanel, panels, outputs, yStride, (float*)scratch);
        else
            MultiplyRows(x, firstPanel, panels, outputs, yStride, (float*)scratch, next);
    }

    /// <summary>Multiplies many rows: unpacks three panels at a time and prefetches the next three.</summary>
    private void MultiplyRows(in InputRows x, int firstPanel, int panels, float* outputs, int yStride, float* floats, byte* next)
    {
        for (int k = 0; k < Inputs; k += FloatKernels.PassInputs)
        {
            int inputs = Math.Min(FloatKernels.PassInputs, Inputs - k), stride = inputs * Panels.Width;
            for (int panel = 0; panel < panels; panel += PanelsTogether)
            {
                int together = Math.Min(PanelsTogether, panels - panel);
                for (int i = 0; i < together; i++)
                    Unpack(firstPanel + panel + i, k, inputs, floats + i * stride);
                byte* then = panel + PanelsTogether < panels ? Place(firstPanel + panel + PanelsTogether, k) : k + inputs < Inputs ? Place(firstPanel, k + inputs) : next;
                FloatKernels.MultiplyRows(x.Count, inputs, x.Values + k, x.Stride, floats, stride, together, outputs + panel * Panels.Width, yStride, add: k > 0, (float*)then, PackedBytes / sizeof(float));
            }
        }
    }

    /// <summary>Writes the weights of some inputs as float32, bit for bit as they were before packing.</summary>
    /// <param name="panel">The panel.</param>
    /// <param name="firstInput">The first input, a multiple of 8.</param>
    /// <param name="inputs">Number of inputs, a multiple of 8.</param>
    /// <param name="weights">Receives [inputs][16].</param>
    public void Unpack(int panel, int firstInput, int inputs, float* weights)
    {
        if (_exceptions[panel] == NotPacked)
        {
            new ReadOnlySpan<float>(Place(panel, firstInput), inputs * Panels.Width).CopyTo(new Span<float>(weights, inputs * Panels.Width));
            return;
        }

        PackedFloatKernels.Unpack(Panel(panel), Place(panel, firstInput), inputs / PackedFloatKernels.Block, weights);
        foreach (PackedException exception in Exceptions(panel))
        {
            if (exception.Input >= firstInput + inputs)
                return;
            if (exception.Input >= firstInput)
                weights[exception.At - firstInput * Panels.Width] = exception.Value;
        }
    }

    /// <inheritdoc/>
    public override void Dispose() => _memory.ForEach(memory => memory.Dispose());

    /// <summary>
    /// Multiplies a few rows: so few that the products hardly take longer than reading the weights. Two panels at a time are unpacked in registers.
    /// </summary>
    private void MultiplyFewRows(in InputRows x, int firstPanel, int panels, float* y, int yStride, float* scratch)
    {
        for (int panel = 0, together; panel < panels; panel += together)
        {
            together = panel + 1 < panels && _exceptions[firstPanel + panel] != NotPacked && _exceptions[firstPanel + panel + 1] != NotPacked ? 2 : 1;
            if (together == 1)
            {
                MultiplyRows(x, firstPanel + panel, 1, y + panel * Panels.Width, yStride, scratch, null);
                continue;
            }

            for (int row = 0; row < x.Count; row += 8)
            {
                for (int k = 0; k < Inputs; k += FloatKernels.PassInputs)
                    MultiplyEightRows(x.Values + (long)row * x.Stride, x.Stride, firstPanel + panel, k, Math.Min(FloatKernels.PassInputs, Inputs - k), y + (long)row * yStride + panel * Panels.Width, yStride, scratch);
            }
        }
    }

    /// <summary>Multiplies 8 rows with one pass of inputs of two panels. Blocks with exceptions are processed separately.</summary>
    private void MultiplyEightRows(float* x, int xStride, int panel, int firstInput, int inputs, float* y, int yStride, float* scratch)
    {
        const int Block = PackedFloatKernels.Block;
        float* sums = scratch;
        float* weights = scratch + SumsOfEight;
        new Span<float>(sums, SumsOfEight).Clear();
        ReadOnlySpan<PackedException> a = Exceptions(panel), b = Exceptions(panel + 1);
        a = a[Before(a, firstInput)..];
        b = b[Before(b, firstInput)..];
        for (int k = firstInput, end = firstInput + inputs; k < end;)
        {
            int exception = Math.Min(a.IsEmpty ? end : a[0].Input, b.IsEmpty ? end : b[0].Input), to = Math.Min(end, exception / Block * Block);
            if (to > k)
            {
                PackedFloatKernels.AddEightRows((to - k) / Block, x + k, xStride, Panel(panel), Place(panel, k), Panel(panel + 1), Place(panel + 1, k), sums);
                k = to;
                continue;
            }

            Unpack(panel, k, Block, weights);
            Unpack(panel + 1, k, Block, weights + Block * Panels.Width);
            PackedFloatKernels.AddEightRows(x + k, xStride, weights, sums);
            k += Block;
            a = a[Before(a, k)..];
            b = b[Before(b, k)..];
        }

        for (int row = 0; row < 8; row++)
        {
            for (int n = 0; n < 2 * Panels.Width; n += Panels.Width)
            {
                Vector512<float> sum = Vector512.Load(sums + row * 2 * Panels.Width + n);
                (firstInput > 0 ? sum + Vector512.Load(y + row * yStride + n) : sum).Store(y + row * yStride + n);
            }
        }

        static int Before(ReadOnlySpan<PackedException> exceptions, int input)
        {
            int count = 0;
            while (count < exceptions.Length && exceptions[count].Input < input)
                count++;
            return count;
        }
    }

    /// <summary>Returns the address of an input's weights. The number of inputs is allowed too and yields the address after the last weights.</summary>
    private byte* Place(int panel, int input) => Panel(panel) +
        (_exceptions[panel] == NotPacked ? input * (long)Panels.Width * sizeof(float) : PackedFloatKernels.TableBytes + input / PackedFloatKernels.Block * (long)PackedFloatKernels.BlockBytes);

    private void MultiplyRow(float* x, int firstPanel, int panels, float* y)
    {
        fixed (nint* all = _panels)
        {
            for (int panel = firstPanel, run; panel < firstPanel + panels; panel += run, y += run * Panels.Width)
            {
                run = 1;
                if (_exceptions[panel] == NotPacked)
                {
                    FloatKernels.MultiplyRow(Inputs, x, (float*)all[panel], run, y);
                    continue;
                }

                while (panel + run < firstPanel + panels && _exceptions[panel + run] != NotPacked)
                    run++;
                PackedFloatKernels.MultiplyRow(Blocks, x, (byte**)(all + panel), run, y);
                for (int i = 0; i < run; i++)
                {
                    foreach (PackedException exception in Exceptions(panel + i))
                        y[i * Panels.Width + exception.Lane] += x[exception.Input] * exception.Value;
                }
            }
        }
    }

    private ReadOnlySpan<PackedException> Exceptions(int panel) => new(Panel(panel) + PackedBytes, _exceptions[panel]);

    /// <summary>Packs consecutive panels into newly allocated memory.</summary>
    private void Pack(int first, int count, float* floats, Workers workers)
    {
        byte[] tables = new byte[count * PackedFloatKernels.TableEntries];
        workers.ForEach(count, i =>
        {
            int exceptions = PackedFloatKernels.ChooseTable((uint*)floats + (long)i * PanelFloats, PanelFloats, Table(i));
            _exceptions[first + i] = exceptions <= PanelFloats / WeightsPerException ? exceptions : NotPacked;
        });
        long[] places = new long[count + 1];
        for (int i = 0; i < count; i++)
            places[i + 1] = places[i] + PanelBytes(_exceptions[first + i]);
        NativeBuffer<byte> memory = new(places[count]);
        _memory.Add(memory);
        workers.ForEach(count, i =>
        {
            float* weights = floats + (long)i * PanelFloats;
            byte* packed = memory.Pointer + places[i];
            _panels[first + i] = (nint)packed;
            if (_exceptions[first + i] == NotPacked)
                new ReadOnlySpan<float>(weights, PanelFloats).CopyTo(new Span<float>(packed, PanelFloats));
            else
                PackedFloatKernels.Pack(weights, Blocks, Table(i), packed, (PackedException*)(packed + PackedBytes));
        });

        Span<byte> Table(int i) => tables.AsSpan(i * PackedFloatKernels.TableEntries, PackedFloatKernels.TableEntries);
    }

    private int PanelBytes(int exceptions) =>
        exceptions == NotPacked ? PanelFloats * sizeof(float) : Panels.RoundUp(PackedBytes + exceptions * sizeof(PackedException), PackedFloatKernels.TableBytes);
}
