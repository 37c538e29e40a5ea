using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Cpu.Kernels.MachineCode;

// .NET offers VPDPBUSD (four products of bytes per 32-bit lane) only for vectors of 256 bits and 16 registers. AVX512_VNNI has it for 512 bits and 32
// registers. The instruction can also read an input's four bytes from memory and broadcast them to the lanes. This doubles the products per cycle and
// needs no other instruction for the inputs. These two kernels are therefore assembled when they are first needed. Weights and inputs are stored as in
// Int8Kernels, and the results are the same to the last bit.

/// <summary>Multiplies rows of bytes with panels of 8-bit and 4-bit weights, on processors with AVX512_VNNI under Linux.</summary>
internal static unsafe class VnniKernels
{
    private const int Rows = VnniAssembly.Rows;

    private static readonly delegate* unmanaged[SuppressGCTransition]<Pass*, void> Bytes = Map(bits: 8, block: 64);
    private static readonly delegate* unmanaged[SuppressGCTransition]<Pass*, void> Nibbles = Map(bits: 4, block: 32);

    /// <summary>Returns whether this machine has a kernel for weights of <paramref name="bits"/> bits in blocks of <paramref name="block"/> inputs.</summary>
    public static bool CanMultiply(int bits, int block) => (bits, block) switch
    {
        (8, 64) => Bytes != null,
        (4, 32) => Nibbles != null,
        _ => false,
    };

    /// <summary>Computes Y[rows, 16] = X[rows, K] W of one panel.</summary>
    /// <param name="rows">Number of rows, a multiple of 8.</param>
    /// <param name="bits">Bits of a weight, 8 or 4; <see cref="CanMultiply"/> must return true for them.</param>
    /// <param name="blocks">Number of blocks of inputs; 1 or more.</param>
    /// <param name="block">Number of inputs of a block.</param>
    /// <param name="x">The encoded rows.</param>
    /// <param name="xStride">Bytes from row to row of X.</param>
    /// <param name="w">The panel.</param>
    /// <param name="scales">The panel's scales.</param>
    /// <param name="y">Receives the outputs.</param>
    /// <param name="yStride">Elements from row to row of Y.</param>
    /// <param name="next">Memory of the panel's size that will be read next; it is prefetched.</param>
    public static void MultiplyRows(int rows, int bits, int blocks, int block, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next)
    {
        delegate* unmanaged[SuppressGCTransition]<Pass*, void> tile = bits == 8 ? Bytes : Nibbles;
        for (int row = 0; row < rows; row += Rows, x += (long)Rows * xStride, y += (long)Rows * yStride)
        {
            Pass pass = PassOf(blocks, block, x, xStride, w, scales, y, yStride, next);
            tile(&pass);
        }
    }

    /// <summary>Returns the arguments of a kernel for eight rows.</summary>
    internal static Pass PassOf(int blocks, int block, byte* x, int xStride, byte* w, ushort* scales, float* y, int yStride, byte* next) =>
        new() { X = x, XStride = xStride, Tail = x + blocks * block, Weights = w, Scales = scales, Next = next, Blocks = blocks, Y = y, YStride = (long)yStride * sizeof(float) };

    /// <summary>The arguments of a kernel. The kernel also uses some fields as counters.</summary>
    [StructLayout(LayoutKind.Sequential)]
    internal struct Pass
    {
        public byte* X;
        public long XStride;
        public byte* Tail;
        public byte* Weights;
        public ushort* Scales;
        public byte* Next;
        public long Blocks;
        public float* Y;
        public long YStride;
    }

    /// <summary>Assembles the machine code of a kernel: a function with one <see cref="Pass"/>* argument, in the System V calling convention.</summary>
    /// <param name="bits">Bits of a weight: 8 or 4.</param>
    /// <param name="block">Number of inputs of a block: a multiple of 4, or of 8 if weights have 4 bits.</param>
    internal static byte[] Assemble(int bits, int block) => new VnniAssembly(bits, block).Assemble();

    private static delegate* unmanaged[SuppressGCTransition]<Pass*, void> Map(int bits, int block) =>
        HasVnni512 ? (delegate* unmanaged[SuppressGCTransition]<Pass*, void>)ExecutableMemory.Map(Assemble(bits, block)) : null;

    /// <summary>
    /// Gets whether .NET reports AVX-512 (so that it can be disabled) and the processor has VPDPBUSD of 512 bits: CPUID, leaf 7, ECX, bit 11.
    /// </summary>
    private static bool HasVnni512 => OperatingSystem.IsLinux() && Avx512BW.IsSupported && (X86Base.CpuId(7, 0).Ecx & 1 << 11) != 0;
}
