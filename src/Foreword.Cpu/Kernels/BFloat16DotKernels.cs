using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Cpu.Kernels;

// .NET does not offer VDPBF16PS of AVX512_BF16. In every 32-bit lane, it adds the products of two bfloat16 inputs and two bfloat16 weights to a float32 sum.
// That is twice as many products per cycle as in float32, and the weights need not be widened. These kernels are therefore assembled when they are first
// needed. Every output sums in the order of the inputs, so its number depends neither on the tile nor on the division of the inputs into passes.

/// <summary>Multiplies bfloat16 rows with bfloat16 panels and sums in float32, on processors with AVX512_BF16 under Linux.</summary>
internal static unsafe class BFloat16DotKernels
{
    /// <summary>Number of panels of the tile for one row.</summary>
    public const int RowPanels = 2;

    private const int Rows = 8;

    /// <summary>Number of input pairs of a pass. With this many, three panels stay in the first-level cache while all rows are processed.</summary>
    private const int PassPairs = 192;

    private static readonly delegate* unmanaged[SuppressGCTransition]<Pass*, void> Tile8x3 = Map(Rows, 3);
    private static readonly delegate* unmanaged[SuppressGCTransition]<Pass*, void> Tile8x1 = Map(Rows, 1);
    private static readonly delegate* unmanaged[SuppressGCTransition]<Pass*, void> Tile1x2 = Map(1, RowPanels);
    private static readonly delegate* unmanaged[SuppressGCTransition]<Pass*, void> Tile1x1 = Map(1, 1);

    /// <summary>Gets whether this machine has the kernels.</summary>
    public static bool CanMultiply => Tile8x3 != null && Tile8x1 != null && Tile1x2 != null && Tile1x1 != null;

    /// <summary>Computes Y[rows, 16 panels] = X[rows, K] W.</summary>
    /// <param name="rows">Number of rows: 1, or a multiple of 8.</param>
    /// <param name="pairs">K / 2, the number of input pairs.</param>
    /// <param name="x">X, 2 pairs bfloat16 numbers a row.</param>
    /// <param name="xStride">Bytes from row to row of X.</param>
    /// <param name="w">The panels, [pairs][16][2] each, one after the other.</param>
    /// <param name="panels">Number of panels.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="yStride">Elements from row to row of Y.</param>
    public static void Multiply(int rows, int pairs, byte* x, int xStride, ushort* w, int panels, float* y, int yStride)
    {
        long panelWeights = 2L * pairs * FloatKernels.Panel;
        int most = rows == 1 ? RowPanels : FloatKernels.TilePanels;
        for (int panel = 0, count; panel < panels; panel += count)
        {
            count = panels - panel >= most ? most : 1;
            int passPairs = rows > Rows ? PassPairs : pairs;
            for (int row = 0; row < rows; row++)
                new Span<float>(y + (long)row * yStride + panel * FloatKernels.Panel, count * FloatKernels.Panel).Clear(); // the kernels add
            for (int pair = 0; pair < pairs; pair += passPairs)
            {
                for (int row = 0; row < rows; row += Rows)
                {
                    Pass pass = PassOf(
                        Math.Min(passPairs, pairs - pair), x + (long)row * xStride + 2L * pair * sizeof(ushort), xStride,
                        w + panel * panelWeights + 2L * pair * FloatKernels.Panel, panelWeights, y + (long)row * yStride + panel * FloatKernels.Panel, yStride);
                    Run(rows == 1, count, &pass);
                }
            }
        }
    }

    /// <summary>Returns the arguments of a kernel.</summary>
    internal static Pass PassOf(int pairs, byte* x, int xStride, ushort* w, long panelWeights, float* y, int yStride) =>
        new() { X = x, XStride = xStride, Weights = w, PanelStride = panelWeights * sizeof(ushort), Pairs = pairs, Y = y, YStride = (long)yStride * sizeof(float) };

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
    }

    private static void Run(bool isRow, int panels, Pass* pass)
    {
        if (isRow && panels > 1)
            Tile1x2(pass);
        else if (isRow)
            Tile1x1(pass);
        else if (panels > 1)
            Tile8x3(pass);
        else
            Tile8x1(pass);
    }

    private static delegate* unmanaged[SuppressGCTransition]<Pass*, void> Map(int rows, int panels) =>
        HasBFloat16 ? (delegate* unmanaged[SuppressGCTransition]<Pass*, void>)ExecutableMemory.Map(new BFloat16DotAssembly(rows, panels).Assemble()) : null;

    /// <summary>
    /// Gets whether .NET reports AVX-512 (so that it can be disabled) and the processor has VDPBF16PS: CPUID, leaf 7, subleaf 1, EAX, bit 5.
    /// </summary>
    private static bool HasBFloat16 => OperatingSystem.IsLinux() && Avx512BW.IsSupported && (X86Base.CpuId(7, 1).Eax & 1 << 5) != 0;
}
