using Foreword.Cpu.Matrices;

namespace Foreword.Cpu.Forward;

/// <summary>The activations of a pass. Buffers grow to the largest pass so far. Rows after those in use have undefined contents.</summary>
internal sealed class RowBuffers(int stride, int qkvStride, int wideStride, int encodedStride, int logitsStride) : IDisposable
{
    /// <summary>Number of additional rows, because register tiles read up to 7 rows after the last.</summary>
    private const int Spare = 8;

    private int _rows;
    private int _logitRows;

    /// <summary>Gets the residual stream, [rows, C].</summary>
    public NativeBuffer<float> X { get; private set; } = new(0);

    /// <summary>Gets the residual stream after LayerNorm, [rows, C].</summary>
    public NativeBuffer<float> Normed { get; private set; } = new(0);

    /// <summary>Gets the queries, keys and values, [rows, 3C].</summary>
    public NativeBuffer<float> Qkv { get; private set; } = new(0);

    /// <summary>Gets the output of the attention heads, [rows, C].</summary>
    public NativeBuffer<float> Attended { get; private set; } = new(0);

    /// <summary>Gets the output of a branch, which is added to the residual stream, [rows, C].</summary>
    public NativeBuffer<float> Branch { get; private set; } = new(0);

    /// <summary>Gets the hidden layer of the feed-forward network, [rows, 4C].</summary>
    public NativeBuffer<float> Wide { get; private set; } = new(0);

    /// <summary>Gets the rows encoded for a quantized matrix.</summary>
    public NativeBuffer<byte> Encoded { get; private set; } = new(0);

    /// <summary>Gets the logits, [rows, V].</summary>
    public NativeBuffer<float> Logits { get; private set; } = new(0);

    /// <summary>Makes room for <paramref name="rows"/> rows. If the buffers must grow, their contents are lost.</summary>
    public void Reserve(int rows)
    {
        if (rows <= _rows)
            return;
        int grown = Panels.RoundUp(rows, Spare), all = grown + Spare;
        _rows = 0; // until all buffers have grown: memory may run out
        X = Grown(X, all, stride);
        Normed = Grown(Normed, all, stride);
        Qkv = Grown(Qkv, all, qkvStride);
        Attended = Grown(Attended, all, stride);
        Branch = Grown(Branch, all, stride);
        Wide = Grown(Wide, all, wideStride);
        Encoded.Dispose();
        Encoded = new NativeBuffer<byte>((long)all * encodedStride);
        Encoded.Clear();
        _rows = grown;
    }

    /// <summary>Makes room for <paramref name="rows"/> rows of logits.</summary>
    public void ReserveLogits(int rows)
    {
        if (rows <= _logitRows)
            return;
        _logitRows = 0;
        Logits = Grown(Logits, rows, logitsStride);
        _logitRows = rows;
    }

    public void Dispose()
    {
        foreach (NativeBuffer<float> buffer in (NativeBuffer<float>[])[X, Normed, Qkv, Attended, Branch, Wide, Logits])
            buffer.Dispose();
        Encoded.Dispose();
    }

    /// <summary>Returns a larger buffer filled with 0, because the channels after the last one must be 0.</summary>
    private static NativeBuffer<float> Grown(NativeBuffer<float> old, int rows, int stride)
    {
        old.Dispose();
        NativeBuffer<float> buffer = new((long)rows * stride);
        buffer.Clear();
        return buffer;
    }
}
