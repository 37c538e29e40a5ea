using System.Runtime.Intrinsics.X86;
using Foreword.Data.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>The number format of matrix products and attention. Weights, residual stream, norms, softmax of the head and loss are float32 in both.</summary>
public enum Precision
{
    /// <summary>Everything in float32.</summary>
    Fp32,

    /// <summary>Products and attention in bfloat16 with float32 accumulation.</summary>
    Bf16,
}

/// <summary>Chooses device and precision from what recipes and options ask for.</summary>
public static class Compute
{
    /// <summary>The chosen device; <c>auto</c> takes CUDA, then MPS, then the CPU.</summary>
    /// <exception cref="ArgumentException">This machine has no such device.</exception>
    public static Device Device(DeviceChoice choice) => choice switch
    {
        DeviceChoice.Auto => cuda.is_available() ? CUDA : mps_is_available() ? MPS : CPU,
        DeviceChoice.Cuda when cuda.is_available() => CUDA,
        DeviceChoice.Mps when mps_is_available() => MPS,
        DeviceChoice.Cpu => CPU,
        _ => throw new ArgumentException($"device '{choice.ToString().ToLowerInvariant()}' is not available here; choose cpu or auto"),
    };

    /// <summary>The chosen precision; <c>auto</c> takes bf16 where the device multiplies it natively.</summary>
    public static Precision Precision(PrecisionChoice choice, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        bool native = device.type == DeviceType.CUDA || (device.type == DeviceType.CPU && CpuHasBFloat16);
        return choice == PrecisionChoice.Bf16 || (choice == PrecisionChoice.Auto && native) ? Torch.Precision.Bf16 : Torch.Precision.Fp32;
    }

    /// <summary>True on x86 processors with AVX512_BF16 or AMX_BF16 (Intel SDM, CPUID leaf 7).</summary>
    public static bool CpuHasBFloat16 { get; } = DetectBFloat16();

    private static bool DetectBFloat16()
    {
        if (!X86Base.IsSupported || X86Base.CpuId(0, 0).Eax < 7)
            return false;
        bool avx512 = Avx512F.IsSupported && (X86Base.CpuId(7, 1).Eax & (1 << 5)) != 0;
        bool amx = (X86Base.CpuId(7, 0).Edx & (1 << 22)) != 0;
        return avx512 || amx;
    }
}

/// <summary>How a precision is called, and libtorch's number format of it.</summary>
internal static class PrecisionFormat
{
    /// <summary>fp32 or bf16, as in recipes.</summary>
    public static string Name(this Precision precision) => precision.ToString().ToLowerInvariant();

    public static ScalarType ScalarType(this Precision precision) =>
        precision == Precision.Bf16 ? TorchSharp.torch.ScalarType.BFloat16 : TorchSharp.torch.ScalarType.Float32;
}
