using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using CsCheck;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Kernels.MachineCode;
using Foreword.Numerics;

namespace Foreword.Cpu.Tests.Kernels.MachineCode;

public sealed unsafe class VnniKernelsTests
{
    private const int Rows = 8, Outputs = 16;

    private static readonly Gen<(int Bits, Operands Operands)> Any =
        from eight in Gen.Bool
        from blocks in Gen.Int[1, 4]
        from padding in Gen.Int[0, 3]
        from seed in Gen.Int
        select (eight ? 8 : 4, new Operands(eight ? 8 : 4, eight ? 64 : 32, blocks, padding, seed));

    [Fact]
    public void TheMachineCodeGivesThePlainLoopsNumbersToTheLastBit() => Any.Sample((bits, operands) =>
    {
        float[] y = new float[Rows * operands.YStride];
        fixed (sbyte* x = operands.X)
        fixed (byte* w = operands.Weights)
        fixed (ushort* scales = operands.Scales)
        fixed (float* py = y)
        {
            VnniKernels.Pass pass = VnniKernels.PassOf(operands.Blocks, operands.Block, (byte*)x, operands.XStride, w, scales, py, operands.YStride, w);
            Interpreter interpreter = new();
            interpreter.Allow<sbyte>(operands.X);
            interpreter.Allow<byte>(operands.Weights);
            interpreter.Allow<ushort>(operands.Scales);
            interpreter.Allow<float>(y);
            interpreter.Allow(new Span<VnniKernels.Pass>(ref pass));
            interpreter.Call(VnniKernels.Assemble(bits, operands.Block), &pass);
        }

        Assert.Equal(operands.Product(), y);
    }, iter: 30);

    [Fact]
    public void TheProcessorGivesThem()
    {
        Assert.SkipUnless(VnniKernels.CanMultiply(8, 64) && VnniKernels.CanMultiply(4, 32), "this processor has no AVX512_VNNI, or the system is not Linux");
        Any.Sample((bits, operands) =>
        {
            float[] y = new float[Rows * operands.YStride];
            fixed (sbyte* x = operands.X)
            fixed (byte* w = operands.Weights)
            fixed (ushort* scales = operands.Scales)
            fixed (float* py = y)
                VnniKernels.MultiplyRows(Rows, bits, operands.Blocks, operands.Block, (byte*)x, operands.XStride, w, scales, py, operands.YStride, w);
            Assert.Equal(operands.Product(), y);
        }, iter: 1000);
    }

    [Fact]
    public void ThereAreNoneWithoutAvx512OrForOtherBlocks()
    {
        Assert.True(Avx512BW.IsSupported || !VnniKernels.CanMultiply(8, 64));
        Assert.False(VnniKernels.CanMultiply(8, 32));
        Assert.False(VnniKernels.CanMultiply(4, 64));
    }

    [Fact]
    public void WrittenMachineCodeRuns()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux() && X86Base.X64.IsSupported, "the function is one of x86-64 under Linux");
        byte[] sum = [0x48, 0x8d, 0x04, 0x37, 0xc3]; // lea rax, [rdi + rsi]; ret
        var function = (delegate* unmanaged<long, long, long>)ExecutableMemory.Map(sum);
        Assert.True(function != null, "this system lets no program execute what it has written");
        Assert.Equal(42, function(40, 2));
        string mapping = File.ReadLines("/proc/self/maps").Single(line => Contains(line, (ulong)function));
        Assert.Equal("r-x", mapping.Split(' ')[1][..3]); // executed, not written

        static bool Contains(string line, ulong address)
        {
            ulong[] ends = [.. line.Split(' ')[0].Split('-').Select(end => ulong.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            return ends[0] <= address && address < ends[1];
        }
    }

    [Fact]
    public void WhereNothingCanBeMappedThereIsNoFunction() => Assert.True(ExecutableMemory.Map([]) == null);

    /// <summary>The random input of a kernel, with every possible byte. Rows are longer than their contents.</summary>
    private sealed class Operands
    {
        private readonly int _bits;

        public Operands(int bits, int block, int blocks, int padding, int seed)
        {
            (_bits, Block, Blocks) = (bits, block, blocks);
            XStride = blocks * (block + Int8Kernels.BlockTail) + padding;
            YStride = Outputs + padding;
            Random random = new(seed);
            X = new sbyte[Rows * XStride];
            Weights = new byte[blocks * block * bits / 8 * Outputs];
            random.NextBytes(Weights);
            Scales = [.. Enumerable.Range(0, blocks * Outputs).Select(_ => BFloat16Bits.Nearest(random.NextSingle() - 0.5f))];
            float[] row = new float[blocks * block];
            fixed (sbyte* x = X)
            {
                for (int r = 0; r < Rows; r++)
                {
                    for (int k = 0; k < row.Length; k++)
                        row[k] = random.NextSingle() * 4 - 2;
                    fixed (float* values = row)
                        Int8Kernels.Encode(values, row.Length, block, 1 << (bits - 1), x + r * XStride);
                }
            }
        }

        public int Block { get; }

        public int Blocks { get; }

        public int XStride { get; }

        public int YStride { get; }

        public sbyte[] X { get; }

        public byte[] Weights { get; }

        public ushort[] Scales { get; }

        /// <summary>Y by the plain loop: exact within a block, float32 over blocks.</summary>
        public float[] Product()
        {
            float[] y = new float[Rows * YStride];
            for (int r = 0; r < Rows; r++)
            {
                ReadOnlySpan<sbyte> x = X.AsSpan(r * XStride, XStride);
                ReadOnlySpan<byte> tail = MemoryMarshal.AsBytes(x)[(Blocks * Block)..];
                for (int n = 0; n < Outputs; n++)
                {
                    float sum = 0;
                    for (int b = 0; b < Blocks; b++)
                    {
                        int products = BitConverter.ToInt32(tail[(b * Int8Kernels.BlockTail + 4)..]);
                        for (int k = b * Block; k < (b + 1) * Block; k++)
                            products += Weight(k, n) * x[k];
                        float scale = BFloat16Bits.ToSingle(Scales[b * Outputs + n]) * BitConverter.ToSingle(tail[(b * Int8Kernels.BlockTail)..]);
                        sum = MathF.FusedMultiplyAdd(products, scale, sum);
                    }

                    y[r * YStride + n] = sum;
                }
            }

            return y;
        }

        private int Weight(int k, int n) => _bits == 8
            ? Weights[(k / 4 * Outputs + n) * 4 + k % 4]
            : Weights[(k / 8 * Outputs + n) * 4 + k % 4] >> (k % 8 < 4 ? 0 : 4) & 0x0f;
    }
}
