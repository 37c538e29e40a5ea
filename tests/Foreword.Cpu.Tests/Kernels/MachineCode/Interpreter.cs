using Iced.Intel;

namespace Foreword.Cpu.Tests.Kernels.MachineCode;

/// <summary>
/// Runs machine code one instruction after the other, in C#: the few instructions that our kernels are made of, as Intel's manual describes them (Software
/// Developer's Manual, volume 2). So kernels are tested on processors that lack them. It reads and writes the process's memory, where it is allowed to.
/// </summary>
internal sealed unsafe class Interpreter
{
    private const int Lanes = 16;

    private const int Upper = unchecked((int)0xffff0000); // the upper half of a lane

    /// <summary>What a vector holds that nothing was written to: a kernel that relied on zeros would be found out.</summary>
    private static readonly int[] Unwritten = [.. Enumerable.Repeat(0x4f5a5a5a, Lanes)];

    private readonly Dictionary<Register, ulong> _integers = [];
    private readonly Dictionary<Register, int[]> _vectors = [];
    private readonly List<(ulong First, ulong End)> _memory = [];
    private bool _zero; // the flag

    /// <summary>Lets the code read and write memory; all other is refused.</summary>
    public void Allow<T>(Span<T> memory) where T : unmanaged
    {
        fixed (T* first = memory)
            _memory.Add(((ulong)first, (ulong)(first + memory.Length)));
    }

    /// <summary>Calls a function of one argument by the System V convention.</summary>
    public void Call(byte[] code, void* argument)
    {
        Dictionary<ulong, Instruction> program = [];
        Decoder decoder = Decoder.Create(64, new ByteArrayCodeReader(code));
        while (decoder.IP < (ulong)code.Length)
        {
            Instruction instruction = decoder.Decode();
            program.Add(instruction.IP, instruction);
        }

        _integers[Register.RDI] = (ulong)argument;
        for (Instruction i = program[0]; i.Mnemonic != Mnemonic.Ret; i = program[i.Mnemonic == Mnemonic.Jne && !_zero ? i.NearBranchTarget : i.NextIP])
            Run(i);
    }

    private void Run(Instruction i)
    {
        switch (i.Mnemonic)
        {
            case Mnemonic.Jne or Mnemonic.Vzeroupper or Mnemonic.Prefetcht0 or Mnemonic.Prefetcht1:
                break;
            case Mnemonic.Mov:
                Set(i, Integer(i, 1));
                break;
            case Mnemonic.Lea:
                Set(i, Address(i));
                break;
            case Mnemonic.Add:
                Set(i, Integer(i, 0) + Integer(i, 1));
                break;
            case Mnemonic.Dec:
                ulong less = Integer(i, 0) - 1;
                _zero = less == 0;
                Set(i, less);
                break;
            case Mnemonic.Vmovups when i.Op0Kind == OpKind.Memory:
                Vector(i, 1).CopyTo(new Span<int>(Memory(i, 64), Lanes));
                break;
            case Mnemonic.Vmovups or Mnemonic.Vmovdqu32 or Mnemonic.Vpbroadcastd:
                Set(i, Vector(i, 1));
                break;
            case Mnemonic.Vpmovzxwd:
                ushort* words = (ushort*)Memory(i, 32);
                Set(i, [.. Enumerable.Range(0, Lanes).Select(lane => (int)words[lane])]);
                break;
            case Mnemonic.Vpxord:
                Set(i, (_, a, b) => a ^ b);
                break;
            case Mnemonic.Vpandd:
                Set(i, (_, a, b) => a & b);
                break;
            case Mnemonic.Vpslld:
                Set(i, [.. Vector(i, 1).Select(a => a << i.Immediate8)]);
                break;
            case Mnemonic.Vpsrlw:
                Set(i, [.. Vector(i, 1).Select(a => (int)(((uint)a >> 16 >> i.Immediate8 << 16) | ((uint)a & 0xffff) >> i.Immediate8))]);
                break;
            case Mnemonic.Vpdpbusd: // the first source's bytes are unsigned, the second's signed
                Set(i, (sum, a, b) => sum + Enumerable.Range(0, 4).Sum(n => (byte)(a >> 8 * n) * (sbyte)(b >> 8 * n)));
                break;
            case Mnemonic.Vdpbf16ps: // the second pair of products first
                Set(i, (sum, a, b) => Bits(MathF.FusedMultiplyAdd(Single(a << 16), Single(b << 16), MathF.FusedMultiplyAdd(Single(a & Upper), Single(b & Upper), Single(sum)))));
                break;
            case Mnemonic.Vcvtdq2ps:
                Set(i, [.. Vector(i, 1).Select(a => Bits(a))]);
                break;
            case Mnemonic.Vmulps:
                Set(i, (_, a, b) => Bits(Single(a) * Single(b)));
                break;
            case Mnemonic.Vfmadd231ps:
                Set(i, (sum, a, b) => Bits(MathF.FusedMultiplyAdd(Single(a), Single(b), Single(sum))));
                break;
            default:
                throw new NotSupportedException($"the interpreter does not know {i}");
        }
    }

    private static float Single(int bits) => BitConverter.Int32BitsToSingle(bits);

    private static int Bits(float value) => BitConverter.SingleToInt32Bits(value);

    private ulong Integer(Instruction i, int operand) => i.GetOpKind(operand) switch
    {
        OpKind.Register => _integers[i.GetOpRegister(operand).GetFullRegister()],
        OpKind.Memory => *(ulong*)Memory(i, sizeof(ulong)),
        _ => i.GetImmediate(operand),
    };

    private void Set(Instruction i, ulong value)
    {
        if (i.Op0Kind == OpKind.Memory)
            *(ulong*)Memory(i, sizeof(ulong)) = value;
        else
            _integers[i.Op0Register.GetFullRegister()] = i.Op0Register.IsGPR32() ? (uint)value : value;
    }

    private int[] Vector(Instruction i, int operand)
    {
        bool broadcast = i.IsBroadcast || i.Mnemonic == Mnemonic.Vpbroadcastd;
        if (i.GetOpKind(operand) == OpKind.Memory)
            return broadcast ? [.. Enumerable.Repeat(*(int*)Memory(i, sizeof(int)), Lanes)] : new Span<int>(Memory(i, 64), Lanes).ToArray();
        return i.GetOpRegister(operand).IsZMM() ? _vectors.GetValueOrDefault(i.GetOpRegister(operand), Unwritten) : [.. Enumerable.Repeat((int)Integer(i, operand), Lanes)];
    }

    private void Set(Instruction i, int[] vector) => _vectors[i.Op0Register] = vector;

    /// <summary>Runs an instruction of two sources, lane by lane. The function's first argument is what the lane held.</summary>
    private void Set(Instruction i, Func<int, int, int, int> function)
    {
        (int[] held, int[] a, int[] b) = (Vector(i, 0), Vector(i, 1), Vector(i, 2));
        Set(i, [.. Enumerable.Range(0, Lanes).Select(lane => function(held[lane], a[lane], b[lane]))]);
    }

    private ulong Address(Instruction i) => i.GetVirtualAddress(i.Op0Kind == OpKind.Memory ? 0 : i.OpCount - 1, 0, (register, _, _) => _integers.GetValueOrDefault(register));

    private void* Memory(Instruction i, int bytes)
    {
        ulong address = Address(i);
        if (!_memory.Exists(part => part.First <= address && address + (ulong)bytes <= part.End))
            throw new InvalidOperationException($"{i} touches memory that is not the kernel's");
        return (void*)address;
    }
}
