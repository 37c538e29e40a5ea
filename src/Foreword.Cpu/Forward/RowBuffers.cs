using Foreword.Cpu.Matrices;

namespace Foreword.Cpu.Forward;

/// <summary>The activations of a pass, grown to the largest pass so far. Rows beyond those in use may hold anything.</summary>
internal sealed class RowBuffers(int stride, int qkvStride, int wideStride, int encodedStride, int logitsStride) : IDisposable
{
    /// <summary>Register tiles read up to 7 rows beyond the last.</summary>
    private const int Spare = 8;

    private int _rows;
    private int _logitRows;

    /// <summary>The residual stream, [rows, C].</summary>
    public NativeBuffer<float> X { get; private set; } = new(0);

    /// <summary>What LayerNorm made of it.</summary>
    public NativeBuffer<float> Normed { get; private set; } = new(0);

    /// <summary>Queries, keys and values, [rows, 3C].</summary>
    public NativeBuffer<float> Qkv { get; private set; } = new(0);

    /// <summary>What the heads saw, [rows, C].</summary>
    public NativeBuffer<float> Attended { get; private set; } = new(0);

    /// <summary>What a branch adds to the stream, [rows, C].</summary>
    public NativeBuffer<float> Branch { get; private set; } = new(0);

    /// <summary>Inside the feed-forward network, [rows, 4C].</summary>
    public NativeBuffer<float> Wide { get; private set; } = new(0);

    /// <summary>Rows encoded for a quantised matrix.</summary>
    public NativeBuffer<byte> Encoded { get; private set; } = new(0);

    /// <summary>[rows, V].</summary>
    public NativeBuffer<float> Logits { get; private set; } = new(0);

    /// <summary>Makes room for so many rows; what was in them is lost when they must grow.</summary>
    public void Reserve(int rows)
    {
        if (rows <= _rows)
            return;
        int grown = Panels.RoundUp(rows, Spare), all = grown + Spare;
        _rows = 0; // until all of them are there: memory may run out
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

    /// <summary>Makes room for so many rows of logits.</summary>
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

    /// <summary>Cleared, for the channels beyond the last one must be 0.</summary>
    private static NativeBuffer<float> Grown(NativeBuffer<float> old, int rows, int stride)
    {
        old.Dispose();
        NativeBuffer<float> buffer = new((long)rows * stride);
        buffer.Clear();
        return buffer;
    }
}
