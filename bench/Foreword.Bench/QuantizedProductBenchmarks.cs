using BenchmarkDotNet.Attributes;
using Foreword.Cpu.Kernels;
using Foreword.Cpu.Kernels.MachineCode;
using Foreword.Numerics;

namespace Foreword.Bench;

/// <summary>
/// Measures products of eight rows of 768 bytes with panels of quantized weights, on one core. Compares C# intrinsics with machine code for
/// AVX512_VNNI. One panel stays in the L1 cache; 4,096 panels are read from memory, as in decoding. A panel needs 98,304 multiplications.
/// </summary>
[ShortRunJob]
public unsafe class QuantizedProductBenchmarks
{
    private const int K = 768, Rows = 8, Width = 16;

    private byte[] _weights = [];
    private byte[] _x = [];
    private ushort[] _scales = [];
    private readonly byte[] _scratch = new byte[K * Width];
    private readonly float[] _y = new float[Rows * Width];

    [Params(8, 4)]
    public int Bits { get; set; }

    [Params(1, 4096)]
    public int PanelCount { get; set; }

    private int Block => Bits == 8 ? 64 : 32;

    private int Blocks => K / Block;

    private int PanelBytes => K * Width * Bits / 8;

    private int Stride => K + Blocks * Int8Kernels.BlockTail;

    [GlobalSetup]
    public void Fill()
    {
        Random random = new(1);
        _weights = new byte[PanelCount * PanelBytes];
        random.NextBytes(_weights);
        _scales = [.. Enumerable.Repeat(BFloat16Bits.Nearest(0.01f), Blocks * Width)];
        _x = new byte[Rows * Stride];
        float[] row = [.. Enumerable.Range(0, K).Select(_ => random.NextSingle() - 0.5f)];
        fixed (float* values = row)
        fixed (byte* x = _x)
        {
            for (int r = 0; r < Rows; r++)
                Int8Kernels.Encode(values, K, Block, 1 << (Bits - 1), (sbyte*)x + r * Stride);
        }
    }

    [Benchmark(Baseline = true)]
    public void Intrinsics()
    {
        fixed (byte* x = _x, weights = _weights, scratch = _scratch)
        fixed (ushort* scales = _scales)
        fixed (float* y = _y)
        {
            byte* w = weights;
            for (int panel = 0; panel < PanelCount; panel++, w += PanelBytes)
            {
                byte* next = panel + 1 < PanelCount ? w + PanelBytes : weights;
                if (Bits == 8)
                    Int8Kernels.MultiplyRows8(Rows, Blocks, Block / Int8Kernels.Quad, x, Stride, w, scales, y, Width, next);
                else
                    Int8Kernels.MultiplyRows4(Rows, Blocks, Block / Int8Kernels.Quad, x, Stride, w, scales, y, Width, next, scratch);
            }
        }
    }

    [Benchmark]
    public void MachineCode()
    {
        if (!VnniKernels.CanMultiply(Bits, Block))
            throw new PlatformNotSupportedException("the processor has no AVX512_VNNI, or the system is not Linux");
        fixed (byte* x = _x, weights = _weights)
        fixed (ushort* scales = _scales)
        fixed (float* y = _y)
        {
            byte* w = weights;
            for (int panel = 0; panel < PanelCount; panel++, w += PanelBytes)
                VnniKernels.MultiplyRows(Rows, Bits, Blocks, Block, x, Stride, w, scales, y, Width, panel + 1 < PanelCount ? w + PanelBytes : weights);
        }
    }
}
