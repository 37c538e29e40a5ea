using Foreword.Cpu.Kernels;

namespace Foreword.Cpu.Matrices;

/// <summary>
/// The weights of y = x W, divided into panels of 16 outputs. A panel is read from start to end. Each number format has its own subclass. Outputs
/// beyond the last are padding with weights 0.
/// </summary>
/// <param name="inputs">K, the number of elements of an input row.</param>
/// <param name="outputs">N, the number of elements of an output row.</param>
internal abstract unsafe class PanelMatrix(int inputs, int outputs) : IDisposable
{
    /// <summary>Gets K, the number of inputs.</summary>
    public int Inputs { get; } = inputs;

    /// <summary>Gets N, the number of outputs.</summary>
    public int Outputs { get; } = outputs;

    /// <summary>Gets the number of panels of 16 outputs.</summary>
    public int PanelCount { get; } = Panels.Count(outputs);

    /// <summary>Gets the number of bytes that <see cref="Encode"/> writes for a row; 0 if the product reads the floats themselves.</summary>
    public virtual int EncodedBytes => 0;

    /// <summary>Gets the memory of the weights in bytes.</summary>
    public abstract long ByteCount { get; }

    /// <summary>Gets the size in bytes of the scratch memory that a worker passes to <see cref="Multiply"/>.</summary>
    public virtual int ScratchBytes => 0;

    /// <summary>Gets the number of panels that a kernel processes together when there is one row.</summary>
    public virtual int RowPanels => 4;

    /// <summary>Gets the number of panels that a kernel processes together when there are several rows.</summary>
    public virtual int TilePanels => FloatKernels.TilePanels;

    /// <summary>Converts a row to the format that the product reads.</summary>
    /// <param name="row">The row, [K].</param>
    /// <param name="encoded">Receives <see cref="EncodedBytes"/> bytes.</param>
    public virtual void Encode(float* row, byte* encoded)
    {
    }

    /// <summary>Computes the outputs of some panels for all rows, without bias.</summary>
    /// <param name="x">The input rows: one row, or a multiple of 8.</param>
    /// <param name="firstPanel">The first panel.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="y">Receives the output rows, starting at output 0. Whole panels are written.</param>
    /// <param name="yStride">Elements from one output row to the next.</param>
    /// <param name="scratch"><see cref="ScratchBytes"/> bytes that no other worker uses.</param>
    /// <param name="next">
    /// The panel that this worker reads after these; some kernels prefetch it. Null: the panel that is stored directly after these.
    /// </param>
    public abstract void Multiply(in InputRows x, int firstPanel, int panels, float* y, int yStride, byte* scratch, byte* next = null);

    /// <summary>Returns the address of a panel.</summary>
    public abstract byte* Panel(int index);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>The input rows of a product, both as floats and encoded for one matrix.</summary>
internal readonly unsafe struct InputRows(float* values, int stride, byte* encoded, int encodedStride, int count)
{
    public readonly float* Values = values;
    public readonly int Stride = stride;
    public readonly byte* Encoded = encoded;
    public readonly int EncodedStride = encodedStride;
    public readonly int Count = count;
}

/// <summary>Defines the width of a panel and counts panels.</summary>
internal static class Panels
{
    /// <summary>Number of outputs of a panel: one 512-bit vector of float32.</summary>
    public const int Width = FloatKernels.Panel;

    /// <summary>Returns the number of panels that hold <paramref name="outputs"/> outputs.</summary>
    public static int Count(int outputs) => (outputs + Width - 1) / Width;

    /// <summary>Rounds <paramref name="value"/> up to a multiple of <paramref name="multiple"/>.</summary>
    public static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
