using Foreword.Cpu.Kernels;

namespace Foreword.Cpu.Matrices;

/// <summary>
/// The weights of y = x W, cut into panels of 16 outputs that are read from front to back. One class for each number format; outputs beyond
/// the last are padding with weights 0.
/// </summary>
/// <param name="inputs">K, numbers of an input row.</param>
/// <param name="outputs">N, numbers of an output row.</param>
internal abstract unsafe class PanelMatrix(int inputs, int outputs) : IDisposable
{
    /// <summary>K.</summary>
    public int Inputs { get; } = inputs;

    /// <summary>N.</summary>
    public int Outputs { get; } = outputs;

    /// <summary>Panels of 16 outputs.</summary>
    public int PanelCount { get; } = Panels.Count(outputs);

    /// <summary>Bytes that <see cref="Encode"/> writes for a row; 0 where the product reads the floats themselves.</summary>
    public virtual int EncodedBytes => 0;

    /// <summary>Bytes that a worker must give <see cref="Multiply"/> to work in.</summary>
    public virtual int ScratchBytes => 0;

    /// <summary>Panels that go through a kernel together where there is one row.</summary>
    public virtual int RowPanels => 4;

    /// <summary>The same where there are several.</summary>
    public virtual int TilePanels => FloatKernels.TilePanels;

    /// <summary>Turns a row into what the product reads.</summary>
    public virtual void Encode(float* row, byte* encoded)
    {
    }

    /// <summary>Computes the outputs of some panels for all rows, without bias.</summary>
    /// <param name="x">One row, or a multiple of 8 of them.</param>
    /// <param name="firstPanel">The first panel.</param>
    /// <param name="panels">How many.</param>
    /// <param name="y">Output rows, from output 0 on; whole panels are written.</param>
    /// <param name="yStride">Elements from one to the next.</param>
    /// <param name="scratch"><see cref="ScratchBytes"/> of the worker's own.</param>
    /// <param name="next">The panel that the worker reads after these; a kernel that has the time asks for it on the way. Null: the one that lies behind them.</param>
    public abstract void Multiply(in InputRows x, int firstPanel, int panels, float* y, int yStride, byte* scratch, byte* next = null);

    /// <summary>Where a panel begins.</summary>
    public abstract byte* Panel(int index);

    /// <inheritdoc/>
    public abstract void Dispose();
}

/// <summary>The rows of a product, as floats and encoded for one matrix.</summary>
internal readonly unsafe struct InputRows(float* values, int stride, byte* encoded, int encodedStride, int count)
{
    public readonly float* Values = values;
    public readonly int Stride = stride;
    public readonly byte* Encoded = encoded;
    public readonly int EncodedStride = encodedStride;
    public readonly int Count = count;
}

/// <summary>How outputs are counted in panels.</summary>
internal static class Panels
{
    /// <summary>Outputs of a panel: a 512-bit vector of float32.</summary>
    public const int Width = FloatKernels.Panel;

    /// <summary>Panels that hold so many outputs.</summary>
    public static int Count(int outputs) => (outputs + Width - 1) / Width;

    /// <summary>The next multiple.</summary>
    public static int RoundUp(int value, int multiple) => (value + multiple - 1) / multiple * multiple;
}
