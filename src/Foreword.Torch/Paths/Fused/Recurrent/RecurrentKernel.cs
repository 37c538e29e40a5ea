using System.Runtime.Intrinsics;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Paths.Fused.Recurrent;

// B sequences, T positions, H units. Rows are in the order of the positions: row t B + b is position t of sequence b.

/// <summary>
/// Runs the positions of an LSTM one after another, forward and backward. At each position, every sequence is multiplied with the recurrent weights, so
/// these are rounded and packed once for all positions. Each worker multiplies one panel of 64 columns, and computes the gates of the panel's units while
/// the product is in the first-level cache.
/// </summary>
internal static unsafe class RecurrentKernel<T> where T : unmanaged, IElement<T>
{
    private const int Block = Product<T>.Block, Lanes = GateKernel<T>.Lanes, Gates = 4;

    /// <summary>Largest inner size of one call, as in <see cref="Product{T}"/>.</summary>
    private const int LongestInner = 1024;

    /// <summary>Computes all positions.</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="weights">The recurrent weights, float32 [4H, H].</param>
    /// <param name="bias">The sum of both biases, [4H].</param>
    /// <param name="memory">The memory of the pass, with the products of the inputs in its gates.</param>
    public static void Forward(Workspace work, float* weights, float* bias, RecurrentMemory<T> memory)
    {
        (int B, int T, int H) = (memory.B, memory.Positions, memory.H);
        var mark = work.Mark();
        T* packed = PackForward(work, weights, H);
        float* tiles = work.TakeForEachWorker<float>(Block * Block);
        using StepProfile.Lap lap = work.Time($"recurrent steps {T} x {B} x {4 * H}, inner {H}", 2.0 * B * T * 4 * H * H);
        int chunks = (B + Block - 1) / Block;
        for (int t = 0; t < T; t++)
        {
            int position = t;
            work.Workers.ForEach(H / Lanes * chunks, (worker, item) =>
            {
                int unit = item / chunks * Lanes, first = item % chunks * Block, rows = Math.Min(Block, B - first);
                float* tile = tiles + worker * Block * Block;
                Multiply(memory.OutputsBefore(position) + (long)first * H, H, packed + (long)unit * Gates * H, rows, tile);
                for (int m = 0; m < rows; m++)
                {
                    long row = (long)position * B + first + m, at = row * H + unit;
                    GateKernel<T>.Forward(tile + m * Block, memory.Gates + row * Gates * H + unit, bias + unit, H, memory.CellsBefore + at, memory.Cells + at, memory.Outputs + at);
                }
            });
        }

        work.Release(mark);
    }

    /// <summary>Computes the gradients of the gates at all positions, from the last one to the first.</summary>
    /// <param name="work">Threads and memory.</param>
    /// <param name="weights">The recurrent weights, float32 [4H, H].</param>
    /// <param name="memory">The memory that <see cref="Forward"/> filled.</param>
    /// <param name="outputGradient">Gradient with respect to the outputs after dropout, [B T, H].</param>
    /// <param name="dropout">The dropout of the outputs.</param>
    /// <param name="gateGradients">Receives the gradients of the gates before their activation functions, rounded, [B T, 4H].</param>
    public static void Backward(Workspace work, float* weights, RecurrentMemory<T> memory, float* outputGradient, DropoutMask dropout, T* gateGradients)
    {
        (int B, int T, int H) = (memory.B, memory.Positions, memory.H);
        var mark = work.Mark();
        T* packed = PackBackward(work, weights, H);
        float* tiles = work.TakeForEachWorker<float>(Block * Block), cellGradient = work.Take<float>((long)B * H);
        for (long i = 0; i < (long)B * H; i += Lanes)
            Vector512<float>.Zero.Store(cellGradient + i);
        using StepProfile.Lap lap = work.Time($"recurrent steps backward {T} x {B} x {H}, inner {4 * H}", 2.0 * B * T * 4 * H * H);
        int chunks = (B + Block - 1) / Block;
        for (int t = T - 1; t >= 0; t--)
        {
            int position = t;
            work.Workers.ForEach(Product<T>.Padded(H) / Block * chunks, (worker, item) =>
            {
                int unit = item / chunks * Block, first = item % chunks * Block, rows = Math.Min(Block, B - first), units = Math.Min(Block, H - unit);
                float* tile = tiles + worker * Block * Block;
                if (position == T - 1)
                    new Span<float>(tile, Block * Block).Clear();
                else
                    Multiply(gateGradients + ((long)(position + 1) * B + first) * Gates * H, Gates * H, packed + (long)unit * Gates * H, rows, tile);
                for (int m = 0; m < rows; m++)
                {
                    long row = (long)position * B + first + m;
                    uint key = dropout.RowKey(row);
                    for (int n = 0; n < units; n += Lanes)
                    {
                        long at = row * H + unit + n, gate = row * Gates * H + unit + n;
                        Vector512<float> gradient = Vector512.Load(tile + m * Block + n) + dropout.Apply(Vector512.Load(outputGradient + at), key, unit + n);
                        GateKernel<T>.Backward(gradient, memory.Gates + gate, H, memory.CellsBefore + at, memory.Cells + at, cellGradient + (long)(first + m) * H + unit + n, gateGradients + gate);
                    }
                }
            });
        }

        work.Release(mark);
    }

    /// <summary>Multiplies rows [rows, K] with a packed panel [K, 64].</summary>
    private static void Multiply(T* a, int K, T* panel, int rows, float* tile)
    {
        for (int inner = 0; inner < K; inner += LongestInner)
            T.Multiply(rows, Block, Math.Min(LongestInner, K - inner), a + inner, K, panel + (long)inner * Block, Block, tile, Block, add: inner > 0);
    }

    /// <summary>Packs the transpose of the weights, [H, 4H], in panels that hold the four gates of 16 units.</summary>
    private static T* PackForward(Workspace work, float* weights, int H)
    {
        using StepProfile.Lap lap = work.Time("pack recurrent weights");
        T* packed = work.Take<T>((long)Gates * H * H);
        work.Workers.ForEach(H / Lanes, (_, panel) =>
        {
            uint* words = (uint*)(packed + (long)panel * Block * H);
            for (int gate = 0; gate < Gates; gate++)
                Packing<T>.RoundTransposed(weights + ((long)gate * H + panel * Lanes) * H, H, Lanes, H, (T*)(words + gate * Lanes), Block);
        });
        return packed;
    }

    /// <summary>Packs the weights, [4H, H], in panels of 64 units.</summary>
    private static T* PackBackward(Workspace work, float* weights, int H)
    {
        using StepProfile.Lap lap = work.Time("pack recurrent weights");
        WeightMatrix<T> matrix = new(weights, Gates * H, H, transposed: false);
        T* packed = work.Take<T>((long)Gates * H * Product<T>.Padded(H));
        float* edges = work.TakeForEachWorker<float>((long)H * Block);
        work.Workers.ForEach(Product<T>.Padded(H) / Block * Gates, (worker, item) =>
        {
            int panel = item / Gates, gate = item % Gates;
            matrix.Pack(gate * H, H, panel * Block, edges + (long)worker * H * Block, packed + ((long)panel * Gates + gate) * H * Block);
        });
        return packed;
    }
}

/// <summary>The activations of an LSTM for one batch, with one row for each position of each sequence.</summary>
internal sealed unsafe class RecurrentMemory<T> where T : unmanaged, IElement<T>
{
    /// <summary>Allocates the memory, and clears the state before the first position.</summary>
    /// <param name="work">The memory.</param>
    /// <param name="B">Number of sequences.</param>
    /// <param name="positions">Number of positions (T).</param>
    /// <param name="M">B T rounded up to a multiple of 32. The rows after B T are 0.</param>
    /// <param name="H">Number of units.</param>
    public RecurrentMemory(Workspace work, int B, int positions, int M, int H)
    {
        (this.B, Positions, this.M, this.H) = (B, positions, M, H);
        Gates = work.Take<float>((long)M * 4 * H);
        CellsBefore = work.Take<float>((long)(M + B) * H);
        FirstOutputs = work.Take<T>((long)(M + B) * H);
        new Span<float>(CellsBefore, B * H).Clear();
        new Span<T>(FirstOutputs, B * H).Clear();
        new Span<T>(Outputs + (long)B * positions * H, (M - B * positions) * H).Clear();
    }

    /// <summary>Gets the number of sequences.</summary>
    public int B { get; }

    /// <summary>Gets the number of positions (T).</summary>
    public int Positions { get; }

    /// <summary>Gets the number of rows, B T rounded up to a multiple of 32.</summary>
    public int M { get; }

    /// <summary>Gets the number of units.</summary>
    public int H { get; }

    /// <summary>Gets the gates, [M, 4H]: the products of the inputs before the pass, and the gates after their activation functions later.</summary>
    public float* Gates { get; }

    /// <summary>Gets the cells, [M, H].</summary>
    public float* Cells => CellsBefore + (long)B * H;

    /// <summary>Gets the cells at the position before each row, [M, H]; 0 for the first one.</summary>
    public float* CellsBefore { get; }

    /// <summary>Gets the outputs, rounded, [M, H].</summary>
    public T* Outputs => FirstOutputs + (long)B * H;

    /// <summary>Gets the outputs at the position before each row, [M, H]; 0 for the first one.</summary>
    public T* FirstOutputs { get; }

    /// <summary>Returns the outputs before a position, [B, H].</summary>
    public T* OutputsBefore(int position) => FirstOutputs + (long)position * B * H;
}
