using System.Runtime.InteropServices;
using Iced.Intel;
using static Iced.Intel.AssemblerRegisters;
using Pass = Foreword.Cpu.Kernels.MachineCode.BFloat16DotKernels.Pass;

namespace Foreword.Cpu.Kernels.MachineCode;

/// <summary>Assembles a kernel of <see cref="BFloat16DotKernels"/>: a tile of rows and panels whose sums stay in registers.</summary>
/// <param name="rows">Number of rows: 1 or 8.</param>
/// <param name="panels">Number of panels, 1 to 3.</param>
/// <param name="fetchesNear">Whether the memory to fetch is read soon, and so belongs in the first-level cache instead of the second.</param>
internal sealed class BFloat16DotAssembly(int rows, int panels, bool fetchesNear)
{
    private const int Line = 64; // one vector: 16 outputs with the weights of two inputs each

    private static readonly AssemblerRegister64 Arguments = rdi, X = rax, X1 = rcx, Stride = rdx, Stride3 = rsi, W = r8, PanelStride = r9, Pairs = r10, Next = r11;

    private static readonly AssemblerRegisterZMM[] Sums = [
        zmm0, zmm1, zmm2, zmm3, zmm4, zmm5, zmm6, zmm7, zmm8, zmm9, zmm10, zmm11, zmm12, zmm13, zmm14, zmm15, zmm16, zmm17, zmm18, zmm19, zmm20, zmm21, zmm22, zmm23];

    private static readonly AssemblerRegisterZMM[] Weights = [zmm24, zmm25, zmm26];

    private static readonly AssemblerRegisterZMM[] Inputs = [zmm27, zmm28, zmm29, zmm30];

    private readonly Assembler _code = new(64);

    /// <summary>Returns the machine code: a function with one <see cref="Pass"/>* argument, in the System V calling convention.</summary>
    public byte[] Assemble()
    {
        Address(nameof(Pass.Y), nameof(Pass.YStride));
        ForEachSum((sum, output) => _code.vmovups(sum, output));
        _code.mov(W, Field(nameof(Pass.Weights)));
        _code.mov(PanelStride, Field(nameof(Pass.PanelStride)));
        _code.mov(Pairs, Field(nameof(Pass.Pairs)));
        _code.mov(Next, Field(nameof(Pass.Next)));
        Address(nameof(Pass.X), nameof(Pass.XStride));
        Label nextPair = _code.CreateLabel();
        _code.Label(ref nextPair);
        MultiplyPair();
        _code.add(X, 2 * sizeof(ushort));
        _code.add(X1, 2 * sizeof(ushort));
        _code.add(W, Line);
        _code.add(Next, Field(nameof(Pass.NextStep)));
        _code.dec(Pairs);
        _code.jne(nextPair);
        StoreAndReturn();

        using MemoryStream code = new();
        _code.Assemble(new StreamCodeWriter(code), 0);
        return code.ToArray();
    }

    /// <summary>Adds the products of two inputs to all sums.</summary>
    private void MultiplyPair()
    {
        for (int panel = 0; panel < panels; panel++)
        {
            if (fetchesNear)
                _code.prefetcht0(__byte_ptr[OfPanel(Next, panel)]);
            else
                _code.prefetcht1(__byte_ptr[OfPanel(Next, panel)]);
        }

        for (int panel = 0; panel < panels; panel++)
            _code.vmovdqu32(Weights[panel], __zmmword_ptr[OfPanel(W, panel)]);
        for (int row = 0; row < rows; row++)
        {
            AssemblerRegisterZMM input = Inputs[row % Inputs.Length];
            _code.vpbroadcastd(input, __dword_ptr[OfRow(row)]);
            for (int panel = 0; panel < panels; panel++)
                _code.vdpbf16ps(Sums[row * panels + panel], Weights[panel], input);
        }
    }

    private void StoreAndReturn()
    {
        Address(nameof(Pass.Y), nameof(Pass.YStride));
        ForEachSum((sum, output) => _code.vmovups(output, sum));
        _code.vzeroupper();
        _code.ret();
    }

    private void ForEachSum(Action<AssemblerRegisterZMM, AssemblerMemoryOperand> action)
    {
        for (int row = 0; row < rows; row++)
        {
            for (int panel = 0; panel < panels; panel++)
                action(Sums[row * panels + panel], __zmmword_ptr[OfRow(row) + panel * Line]);
        }
    }

    /// <summary>Prepares the registers that <see cref="OfRow"/> uses.</summary>
    private void Address(string first, string stride)
    {
        _code.mov(X, Field(first));
        _code.mov(Stride, Field(stride));
        _code.lea(X1, __qword_ptr[X + Stride]);
        _code.lea(Stride3, __qword_ptr[Stride + Stride * 2]);
    }

    private static AssemblerMemoryOperand Field(string name) => __qword_ptr[Arguments + (int)Marshal.OffsetOf<Pass>(name)];

    private static AssemblerMemoryOperand OfPanel(AssemblerRegister64 first, int panel) => panel == 0 ? first + 0 : first + PanelStride * panel;

    private static AssemblerMemoryOperand OfRow(int row) => VnniAssembly.OfRow(X, X1, Stride, Stride3, row);
}
