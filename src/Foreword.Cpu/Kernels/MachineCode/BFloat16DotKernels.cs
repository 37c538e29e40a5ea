using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Cpu.Kernels.MachineCode;

// .NET does not offer VDPBF16PS of AVX512_BF16. In every 32-bit lane, it adds the products of two bfloat16 inputs and two bfloat16 weights to a float32 sum.
// That is twice as many products per cycle as in float32, and the weights need not be widened. These kernels are therefore assembled when they are first
// needed. Every output sums in the order of the inputs, so its number depends neither on the tile nor on the division of the inputs into passes.

/// <summary>Multiplies bfloat16 rows with bfloat16 panels and sums in float32, on processors with AVX512_BF16 under Linux.</summary>
internal static unsafe class BFloat16DotKernels
{
    /// <summary>Number of panels of the tile for one row.</summary>
    public const int RowPanels = 2;

    private const int Rows = 8;

    private const int Line = 64; // bytes of a cache line: the weights of two inputs for a panel

    /// <summary>Number of input pairs of a pass. With this many, three panels stay in the first-level cache while all rows are processed.</summary>
    private const int PassPairs = 192;

    private static readonly delegate* unmanaged[SuppressGCTransition]<Pass*, void> Tile8x3 = Map(Rows, 3, fetchesNear: false);
    private static readonly delegate* unmanaged[SuppressGCTransition]<Pass*, void> Alone8x3 = Map(Rows, 3, fetchesNear: true);
    private static readonly delegate* unmanaged[SuppressGCTransition]<Pass*, void> Tile8x1 = Map(Rows, 1, fetchesNear: false);
    private static readonly delegate* unmanaged[SuppressGCTransition]<Pass*, void> Tile1x2 = Map(1, RowPanels, fetchesNear: true);
    private static readonly delegate* unmanaged[SuppressGCTransition]<Pass*, void> Tile1x1 = Map(1, 1, fetchesNear: true);

    /// <summary>Gets whether this machine has the kernels.</summary>
    public static bool CanMultiply => Tile8x3 != null && Alone8x3 != null && Tile8x1 != null && Tile1x2 != null && Tile1x1 != null;

    /// <summary>Computes Y[rows, 16 panels] = X[rows, K] W.</summary>
    /// <param name="rows">Number of rows: 1, or a multiple of 8.</param>
    /// <param name="pairs">K / 2, the number of input pairs.</param>
    /// <param name="x">X, 2 pairs bfloat16 numbers a row.</param>
    /// <param name="xStride">Bytes from row to row of X.</param>
    /// <param name="w">The panels, [pairs][16][2] each, one after the other.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="yStride">Elements from row to row of Y.</param>
    /// <param name="next">The panels that are read after these; they are fetched. Null: those that are stored after these.</param>
    public static void Multiply(int rows, int pairs, byte* x, int xStride, ushort* w, int panels, float* y, int yStride, byte* next)
    {
        long panelWeights = 2L * pairs * FloatKernels.Panel;
        int most = rows == 1 ? RowPanels : FloatKernels.TilePanels, tiles = Math.Max(1, rows / Rows);
        for (int panel = 0, count; panel < panels; panel += count)
        {
            count = panels - panel >= most ? most : 1;
            for (int row = 0; row < rows; row++)
                new Span<float>(y + (long)row * yStride + panel * FloatKernels.Panel, count * FloatKernels.Panel).Clear(); // the kernels add
            for (int pair = 0, pass; pair < pairs; pair += pass)
            {
                pass = tiles == 1 ? pairs : Math.Min(PassPairs, pairs - pair);
                ushort* weights = w + panel * panelWeights + 2L * pair * FloatKernels.Panel;
                byte* following = (byte*)(pair + pass < pairs ? weights + 2L * pass * FloatKernels.Panel : w + (panel + count) * panelWeights);
                if (tiles == 1)
                    following = (byte*)weights + FloatKernels.Ahead * sizeof(float); // a single tile waits for memory and fetches its own weights
                else if (pair + pass == pairs && panel + count == panels && next is not null)
                    following = next;
                int step = Line / tiles; // every tile fetches its part of the weights that follow
                for (int tile = 0; tile < tiles; tile++, following += (long)step * pass)
                {
                    Pass now = PassOf(
                        pass, x + (long)tile * Rows * xStride + 2L * pair * sizeof(ushort), xStride, weights, panelWeights,
                        y + (long)tile * Rows * yStride + panel * FloatKernels.Panel, yStride, following, step);
                    Run(rows, count, &now);
                }
            }
        }
    }

    /// <summary>Returns the arguments of a kernel.</summary>
    internal static Pass PassOf(int pairs, byte* x, int xStride, ushort* w, long panelWeights, float* y, int yStride, byte* next, int nextStep) =>
        new() { X = x, XStride = xStride, Weights = w, PanelStride = panelWeights * sizeof(ushort), Pairs = pairs, Y = y, YStride = (long)yStride * sizeof(float), Next = next, NextStep = nextStep };

    /// <summary>The arguments of a kernel, which adds to Y.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Pass
    {
        public byte* X;
        public long XStride;
        public ushort* Weights;
        public long PanelStride;
        public long Pairs;
        public float* Y;
        public long YStride;
        public byte* Next;
        public long NextStep;
    }

    private static void Run(int rows, int panels, Pass* pass)
    {
        if (rows == 1 && panels > 1)
            Tile1x2(pass);
        else if (rows == 1)
            Tile1x1(pass);
        else if (panels > 1 && rows == Rows)
            Alone8x3(pass);
        else if (panels > 1)
            Tile8x3(pass);
        else
            Tile8x1(pass);
    }

    private static delegate* unmanaged[SuppressGCTransition]<Pass*, void> Map(int rows, int panels, bool fetchesNear) =>
        HasBFloat16 ? (delegate* unmanaged[SuppressGCTransition]<Pass*, void>)ExecutableMemory.Map(new BFloat16DotAssembly(rows, panels, fetchesNear).Assemble()) : null;

    /// <summary>
    /// Gets whether .NET reports AVX-512 (so that it can be disabled) and the processor has VDPBF16PS: CPUID, leaf 7, subleaf 1, EAX, bit 5.
    /// </summary>
    private static bool HasBFloat16 => OperatingSystem.IsLinux() && Avx512BW.IsSupported && (X86Base.CpuId(7, 1).Eax & 1 << 5) != 0;
}
