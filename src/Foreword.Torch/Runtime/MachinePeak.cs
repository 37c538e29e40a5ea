using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;
using Foreword.Numerics;
using Foreword.Torch.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Runtime;

/// <summary>
/// Measures the highest rate at which the device multiplies, the reference for "share of peak". On the CPU, float32 is measured as fused multiply-adds
/// in registers (512-bit vectors, or 256-bit ones if .NET reports no 512-bit hardware vectors). bfloat16 is measured with the micro-kernel of
/// libtorch's oneDNN on data in the first-level cache. On other devices, and if the micro-kernel is not exported, a large matrix product is measured.
/// </summary>
internal static unsafe class MachinePeak
{
    private const double SecondsPerProbe = 0.25;

    /// <summary>Measures the highest rate. Takes about half a second.</summary>
    /// <param name="precision">The number format of the products.</param>
    /// <param name="device">The device to measure.</param>
    /// <returns>The highest rate that was seen, in floating-point operations per second.</returns>
    public static double Measure(Precision precision, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        if (device.type != DeviceType.CPU)
            return MatrixProduct(precision, device);
        if (precision == Precision.Fp32)
            return OnAllThreads(FusedMultiplyAdds);
        return MicroKernel.Has(precision) ? OnAllThreads(BFloat16Products) : MatrixProduct(precision, device);
    }

    /// <summary>Runs the probe on as many threads as libtorch uses, all at the same time, and returns the sum of their rates.</summary>
    private static double OnAllThreads(Func<double> probe)
    {
        double[] rates = new double[get_num_threads()];
        Thread[] threads = [.. rates.Select((_, i) => new Thread(() => rates[i] = probe()))];
        foreach (Thread thread in threads)
            thread.Start();
        foreach (Thread thread in threads)
            thread.Join();
        return rates.Sum();
    }

    /// <summary>Returns the best rate of many short bursts within the probe's time, so that time slices of other processes do not count.</summary>
    private static double BestRate(Action burst, double operations)
    {
        double best = 0;
        long end = Stopwatch.GetTimestamp() + (long)(SecondsPerProbe * Stopwatch.Frequency);
        for (bool first = true; first || Stopwatch.GetTimestamp() < end; first = false)
        {
            long start = Stopwatch.GetTimestamp();
            burst();
            best = Math.Max(best, operations / Stopwatch.GetElapsedTime(start).TotalSeconds);
        }

        return best;
    }

    private static double FusedMultiplyAdds()
    {
        const int Rounds = 100_000, Chains = 12; // enough independent chains to hide the latency of 4 cycles on 2 ports
        return Vector512.IsHardwareAccelerated
            ? BestRate(() => Burst512(Rounds), 2.0 * Rounds * Chains * Vector512<float>.Count)
            : BestRate(() => Burst256(Rounds), 2.0 * Rounds * Chains * Vector256<float>.Count);
    }

    [MethodImpl(Compiled.Apart)]
    private static float Burst512(int rounds)
    {
        Vector512<float> x = Vector512.Create(0.999999f), y = Vector512.Create(1e-6f);
        Vector512<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (int round = 0; round < rounds; round++)
        {
            a = Vector512.FusedMultiplyAdd(a, x, y);
            b = Vector512.FusedMultiplyAdd(b, x, y);
            c = Vector512.FusedMultiplyAdd(c, x, y);
            d = Vector512.FusedMultiplyAdd(d, x, y);
            e = Vector512.FusedMultiplyAdd(e, x, y);
            f = Vector512.FusedMultiplyAdd(f, x, y);
            g = Vector512.FusedMultiplyAdd(g, x, y);
            h = Vector512.FusedMultiplyAdd(h, x, y);
            i = Vector512.FusedMultiplyAdd(i, x, y);
            j = Vector512.FusedMultiplyAdd(j, x, y);
            k = Vector512.FusedMultiplyAdd(k, x, y);
            l = Vector512.FusedMultiplyAdd(l, x, y);
        }

        return Vector512.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    /// <summary>Runs the multiply-adds in 256-bit vectors, whose operands fit 16 registers.</summary>
    [MethodImpl(Compiled.Apart)]
    private static float Burst256(int rounds)
    {
        Vector256<float> x = Vector256.Create(0.999999f), y = Vector256.Create(1e-6f);
        Vector256<float> a = y, b = y, c = y, d = y, e = y, f = y, g = y, h = y, i = y, j = y, k = y, l = y;
        for (int round = 0; round < rounds; round++)
        {
            a = Vector256.FusedMultiplyAdd(a, x, y);
            b = Vector256.FusedMultiplyAdd(b, x, y);
            c = Vector256.FusedMultiplyAdd(c, x, y);
            d = Vector256.FusedMultiplyAdd(d, x, y);
            e = Vector256.FusedMultiplyAdd(e, x, y);
            f = Vector256.FusedMultiplyAdd(f, x, y);
            g = Vector256.FusedMultiplyAdd(g, x, y);
            h = Vector256.FusedMultiplyAdd(h, x, y);
            i = Vector256.FusedMultiplyAdd(i, x, y);
            j = Vector256.FusedMultiplyAdd(j, x, y);
            k = Vector256.FusedMultiplyAdd(k, x, y);
            l = Vector256.FusedMultiplyAdd(l, x, y);
        }

        return Vector256.Sum(a + b + c + d + e + f + g + h + i + j + k + l);
    }

    private static double BFloat16Products()
    {
        const int M = 64, N = 64, K = 256, Calls = 500;
        ushort* a = (ushort*)NativeMemory.AlignedAlloc(M * K * sizeof(ushort), 64);
        ushort* b = (ushort*)NativeMemory.AlignedAlloc(K * N * sizeof(ushort), 64);
        float* c = (float*)NativeMemory.AlignedAlloc(M * N * sizeof(float), 64);
        try
        {
            new Span<ushort>(a, M * K).Fill(BFloat16Bits.Nearest(0.5f));
            new Span<ushort>(b, K * N).Fill(BFloat16Bits.Nearest(0.25f));
            return BestRate(() =>
            {
                for (int call = 0; call < Calls; call++)
                    MicroKernel.BFloat16(M, N, K, K, N, N, 0, a, b, c, 1);
            }, 2.0 * M * N * K * Calls);
        }
        finally
        {
            NativeMemory.AlignedFree(a);
            NativeMemory.AlignedFree(b);
            NativeMemory.AlignedFree(c);
        }
    }

    private static double MatrixProduct(Precision precision, Device device)
    {
        using var noGradient = no_grad();
        using var scope = NewDisposeScope();
        long size = device.type == DeviceType.CPU ? 1024 : 8192;
        Tensor a = ones([size, size], precision.ScalarType(), device), b = ones([size, size], precision.ScalarType(), device);
        return BestRate(() =>
        {
            using var burst = NewDisposeScope();
            a.matmul(b)[0, 0].ToDouble(); // reading a number waits for the device
        }, 2.0 * size * size * size);
    }
}
