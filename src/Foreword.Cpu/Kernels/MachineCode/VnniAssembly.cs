using System.Runtime.InteropServices;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;
using Pass = Foreword.Cpu.Kernels.MachineCode.VnniKernels.Pass;

namespace Foreword.Cpu.Kernels.MachineCode;

/// <summary>Assembles a kernel of <see cref="VnniKernels"/>. It computes eight rows of one panel, block after block.</summary>
/// <param name="bits">Bits of a weight: 8 or 4.</param>
/// <param name="block">Number of inputs of a block: a multiple of 4, or of 8 if weights have 4 bits.</param>
internal sealed class VnniAssembly(int bits, int block)
{
    /// <summary>Number of rows of a pass.</summary>
    public const int Rows = 8;

    private const int Line = 64; // one vector: 16 outputs with four inputs each (8 bits) or eight (4 bits)

    private static readonly AssemblerRegister64 Arguments = rdi, X = rax, X1 = rcx, Stride = rdx, Stride3 = rsi, W = r8, Next = r9, Tail = r10, Tail1 = r11;

    private static readonly AssemblerRegisterZMM Low = zmm0, High = zmm1, Scales = zmm2, Product = zmm3, RowScale = zmm4, Mask = zmm5;

    private static readonly AssemblerRegisterZMM[] Sums = [zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23]; // sums of the block, int32, one vector per row

    private static readonly AssemblerRegisterZMM[] Y = [zmm24, zmm25, zmm26, zmm27, zmm28, zmm29, zmm30, zmm31]; // sums over blocks, float32

    private readonly Assembler _code = new(64);
    private readonly int _lines = block * bits / 8 / 4;

    /// <summary>Returns the machine code: a function with one <see cref="Pass"/>* argument, in the System V calling convention.</summary>
    public byte[] Assemble()
    {
        LoadArguments();
        Label nextBlock = _code.CreateLabel();
        _code.Label(ref nextBlock);
        BeginSums();
        for (int line = 0; line < _lines; line++)
            MultiplyLine(line);
        AddBlock();
        Advance();
        _code.jne(nextBlock);
        StoreAndReturn();

        using MemoryStream code = new();
        _code.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    private void LoadArguments()
    {
        _code.mov(X, Field(nameof(Pass.X)));
        _code.mov(Stride, Field(nameof(Pass.XStride)));
        _code.mov(W, Field(nameof(Pass.Weights)));
        _code.mov(Next, Field(nameof(Pass.Next)));
        _code.lea(X1, __qword_ptr[X + Stride]);
        _code.lea(Stride3, __qword_ptr[Stride + Stride * 2]);
        if (bits == 4)
        {
            _code.mov(r10d, 0x0f0f0f0f);
            _code.vpbroadcastd(Mask, r10d);
        }

        for (int row = 0; row < Rows; row++)
            _code.vpxord(Y[row], Y[row], Y[row]);
    }

    /// <summary>Sets the block's sums to the corrections that the tail of each row holds.</summary>
    private void BeginSums()
    {
        _code.mov(Tail, Field(nameof(Pass.Tail)));
        _code.lea(Tail1, __qword_ptr[Tail + Stride]);
        for (int row = 0; row < Rows; row++)
            _code.vpbroadcastd(Sums[row], __dword_ptr[OfRow(Tail, Tail1, row) + sizeof(float)]);
    }

    /// <summary>Adds the products of one line of weights to the block's sums.</summary>
    private void MultiplyLine(int line)
    {
        int inputsOfLine = 32 / bits;
        _code.prefetcht0(__byte_ptr[Next + line * Line]);
        _code.vmovdqu32(Low, __zmmword_ptr[W + line * Line]);
        if (bits == 4)
        {
            _code.vpsrlw(High, Low, 4);
            _code.vpandd(Low, Low, Mask);
            _code.vpandd(High, High, Mask);
        }

        for (int row = 0; row < Rows; row++)
            _code.vpdpbusd(Sums[row], Low, __dword_bcst[OfRow(X, X1, row) + line * inputsOfLine]);
        for (int row = 0; bits == 4 && row < Rows; row++)
            _code.vpdpbusd(Sums[row], High, __dword_bcst[OfRow(X, X1, row) + line * inputsOfLine + Int8Kernels.Quad]);
    }

    /// <summary>Computes y += float(sums) * (scales of the outputs * scale of the row), as in <see cref="Int8Kernels"/>.</summary>
    private void AddBlock()
    {
        _code.mov(Tail1, Field(nameof(Pass.Scales)));
        _code.vpmovzxwd(Scales, __ymmword_ptr[Tail1]);
        _code.vpslld(Scales, Scales, 16);
        _code.lea(Tail1, __qword_ptr[Tail + Stride]);
        for (int row = 0; row < Rows; row++)
        {
            _code.vcvtdq2ps(Product, Sums[row]);
            _code.vmulps(RowScale, Scales, __dword_bcst[OfRow(Tail, Tail1, row)]);
            _code.vfmadd231ps(Y[row], Product, RowScale);
        }
    }

    /// <summary>Moves to the next block. The flags then tell whether there is one.</summary>
    private void Advance()
    {
        _code.add(X, block);
        _code.add(X1, block);
        _code.add(W, _lines * Line);
        _code.add(Next, _lines * Line);
        _code.add(Field(nameof(Pass.Tail)), Int8Kernels.BlockTail);
        _code.add(Field(nameof(Pass.Scales)), FloatKernels.Panel * sizeof(ushort));
        _code.dec(Field(nameof(Pass.Blocks)));
    }

    private void StoreAndReturn()
    {
        _code.mov(X, Field(nameof(Pass.Y)));
        _code.mov(Stride, Field(nameof(Pass.YStride)));
        _code.lea(X1, __qword_ptr[X + Stride]);
        _code.lea(Stride3, __qword_ptr[Stride + Stride * 2]);
        for (int row = 0; row < Rows; row++)
            _code.vmovups(__zmmword_ptr[OfRow(X, X1, row)], Y[row]);
        _code.vzeroupper();
        _code.ret();
    }

    private static AssemblerMemoryOperand Field(string name) => __qword_ptr[Arguments + (int)Marshal.OffsetOf<Pass>(name)];

    private static AssemblerMemoryOperand OfRow(AssemblerRegister64 first, AssemblerRegister64 second, int row) => OfRow(first, second, Stride, Stride3, row);

    /// <summary>Addresses eight rows with the addresses of the first two, the stride and three times the stride.</summary>
    internal static AssemblerMemoryOperand OfRow(AssemblerRegister64 first, AssemblerRegister64 second, AssemblerRegister64 stride, AssemblerRegister64 stride3, int row) => row switch
    {
        0 => first + 0,
        3 => first + stride3,
        5 => second + stride * 4,
        6 => first + stride3 * 2,
        7 => second + stride3 * 2,
        _ => first + stride * row,
    };
}
