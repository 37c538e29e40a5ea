using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;

namespace Foreword.Cpu.Kernels;

// .NET offers VPDPBUSD (four products of bytes per 32-bit lane) only for vectors of 256 bits and 16 registers. AVX512_VNNI has it for 512 bits and 32
// registers. The instruction can also read an input's four bytes from memory and broadcast them to the lanes. This doubles the products per cycle and
// needs no other instruction for the inputs. These two kernels are therefore assembled when they are first needed. Weights and inputs are stored as in
// Int8Kernels, and the results are the same to the last bit.

/// <summary>Multiplies rows of bytes with panels of 8-bit and 4-bit weights, on processors with AVX512_VNNI under Linux.</summary>
internal static unsafe class VnniKernels
{
    private const int Rows = 8;
    private const int Line = 64; // one vector: 16 outputs with four inputs each (8 bits) or eight (4 bits)

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
    internal static byte[] Assemble(int bits, int block)
    {
        Assembler c = new(64);
        (AssemblerRegister64 pass, AssemblerRegister64 x, AssemblerRegister64 x1, AssemblerRegister64 stride, AssemblerRegister64 stride3) = (rdi, rax, rcx, rdx, rsi);
        (AssemblerRegister64 w, AssemblerRegister64 next, AssemblerRegister64 tail, AssemblerRegister64 tail1) = (r8, r9, r10, r11);
        (AssemblerRegisterZMM low, AssemblerRegisterZMM high, AssemblerRegisterZMM scale, AssemblerRegisterZMM product, AssemblerRegisterZMM rowScale, AssemblerRegisterZMM mask) = (zmm0, zmm1, zmm2, zmm3, zmm4, zmm5);
        AssemblerRegisterZMM[] sums = [zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23]; // sums of the block, int32, one vector per row
        AssemblerRegisterZMM[] y = [zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31]; // sums over blocks, float32
        int lines = block * bits / 8 / 4, inputsOfLine = 32 / bits;

        c.mov(x, __qword_ptr[pass + Offset(nameof(Pass.X))]);
        c.mov(stride, __qword_ptr[pass + Offset(nameof(Pass.XStride))]);
        c.mov(w, __qword_ptr[pass + Offset(nameof(Pass.Weights))]);
        c.mov(next, __qword_ptr[pass + Offset(nameof(Pass.Next))]);
        c.lea(x1, __qword_ptr[x + stride]);
        c.lea(stride3, __qword_ptr[stride + stride * 2]);
        if (bits == 4)
        {
            c.mov(r10d, 0x0f0f0f0f);
            c.vpbroadcastd(mask, r10d);
        }

        for (int row = 0; row < Rows; row++)
            c.vpxord(y[row], y[row], y[row]);

        Label nextBlock = c.CreateLabel();
        c.Label(ref nextBlock);
        c.mov(tail, __qword_ptr[pass + Offset(nameof(Pass.Tail))]);
        c.lea(tail1, __qword_ptr[tail + stride]);
        for (int row = 0; row < Rows; row++)
            c.vpbroadcastd(sums[row], __dword_ptr[OfRow(tail, tail1, row) + sizeof(float)]);
        for (int line = 0; line < lines; line++)
        {
            c.prefetcht0(__byte_ptr[next + line * Line]);
            c.vmovdqu32(low, __zmmword_ptr[w + line * Line]);
            if (bits == 4)
            {
                c.vpsrlw(high, low, 4);
                c.vpandd(low, low, mask);
                c.vpandd(high, high, mask);
            }

            for (int row = 0; row < Rows; row++)
                c.vpdpbusd(sums[row], low, __dword_bcst[OfRow(x, x1, row) + line * inputsOfLine]);
            for (int row = 0; bits == 4 && row < Rows; row++)
                c.vpdpbusd(sums[row], high, __dword_bcst[OfRow(x, x1, row) + line * inputsOfLine + Int8Kernels.Quad]);
        }

        // y += float(sums) * (scales of the outputs * scale of the row), as in Int8Kernels.
        c.mov(tail1, __qword_ptr[pass + Offset(nameof(Pass.Scales))]);
        c.vpmovzxwd(scale, __ymmword_ptr[tail1]);
        c.vpslld(scale, scale, 16);
        c.lea(tail1, __qword_ptr[tail + stride]);
        for (int row = 0; row < Rows; row++)
        {
            c.vcvtdq2ps(product, sums[row]);
            c.vmulps(rowScale, scale, __dword_bcst[OfRow(tail, tail1, row)]);
            c.vfmadd231ps(y[row], product, rowScale);
        }

        c.add(x, block);
        c.add(x1, block);
        c.add(w, lines * Line);
        c.add(next, lines * Line);
        c.add(__qword_ptr[pass + Offset(nameof(Pass.Tail))], Int8Kernels.BlockTail);
        c.add(__qword_ptr[pass + Offset(nameof(Pass.Scales))], FloatKernels.Panel * sizeof(ushort));
        c.dec(__qword_ptr[pass + Offset(nameof(Pass.Blocks))]);
        c.jne(nextBlock);

        c.mov(x, __qword_ptr[pass + Offset(nameof(Pass.Y))]);
        c.mov(stride, __qword_ptr[pass + Offset(nameof(Pass.YStride))]);
        c.lea(x1, __qword_ptr[x + stride]);
        c.lea(stride3, __qword_ptr[stride + stride * 2]);
        for (int row = 0; row < Rows; row++)
            c.vmovups(__zmmword_ptr[OfRow(x, x1, row)], y[row]);
        c.vzeroupper();
        c.ret();

        using MemoryStream code = new();
        c.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();

        // Addresses eight rows with the addresses of two rows, the stride and three times the stride.
        AssemblerMemoryOperand OfRow(AssemblerRegister64 first, AssemblerRegister64 second, int row) => row switch
        {
            0 => first + 0,
            3 => first + stride3,
            5 => second + stride * 4,
            6 => first + stride3 * 2,
            7 => second + stride3 * 2,
            _ => first + stride * row,
        };
    }

    private static int Offset(string field) => (int)Marshal.OffsetOf<Pass>(field);

    private static delegate* unmanaged[SuppressGCTransition]<Pass*, void> Map(int bits, int block) =>
        HasVnni512 ? (delegate* unmanaged[SuppressGCTransition]<Pass*, void>)ExecutableMemory.Map(Assemble(bits, block)) : null;

    /// <summary>
    /// Gets whether .NET reports AVX-512 (so that it can be disabled) and the processor has VPDPBUSD of 512 bits: CPUID, leaf 7, ECX, bit 11.
    /// </summary>
    private static bool HasVnni512 => OperatingSystem.IsLinux() && Avx512BW.IsSupported && (X86Base.CpuId(7, 0).Ecx & 1 << 11) != 0;
}
