using System.Runtime.Intrinsics.X86;
using Foreword.Data.Recipes;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch;

/// <summary>
/// The number format of matrix products and attention. Weights, residual stream, norms, the softmax of the head and the loss are float32
/// in both formats.
/// </summary>
public enum Precision
{
    /// <summary>Everything in float32.</summary>
    Fp32,

    /// <summary>Matrix products and attention in bfloat16 with float32 accumulation.</summary>
    Bf16,
}

/// <summary>Chooses device and precision for the values in recipes and options.</summary>
public static class Compute
{
    /// <summary>Returns the device of a choice. <c>auto</c> selects CUDA if available, then MPS, then the CPU.</summary>
    /// <exception cref="ArgumentException">This machine does not have the device.</exception>
    public static Device Device(DeviceChoice choice) => choice switch
    {
        DeviceChoice.Auto => cuda.is_available() ? CUDA : mps_is_available() ? MPS : CPU,
        DeviceChoice.Cuda when cuda.is_available() => CUDA,
        DeviceChoice.Mps when mps_is_available() => MPS,
        DeviceChoice.Cpu => CPU,
        _ => throw new ArgumentException($"device '{choice.ToString().ToLowerInvariant()}' is not available here; choose cpu or auto", nameof(choice)),
    };

    /// <summary>Returns the precision of a choice. <c>auto</c> selects bf16 if the device has bfloat16 instructions, otherwise fp32.</summary>
    public static Precision Precision(PrecisionChoice choice, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        bool native = device.type == DeviceType.CUDA || (device.type == DeviceType.CPU && CpuHasBFloat16);
        return choice == PrecisionChoice.Bf16 || (choice == PrecisionChoice.Auto && native) ? Torch.Precision.Bf16 : Torch.Precision.Fp32;
    }

    /// <summary>Gets whether this is an x86 processor with AVX512_BF16 or AMX_BF16 (Intel SDM, CPUID leaf 7).</summary>
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

/// <summary>Maps a precision to its name and to libtorch's number format.</summary>
internal static class PrecisionFormat
{
    /// <summary>Returns the name used in recipes: fp32 or bf16.</summary>
    public static string Name(this Precision precision) => precision.ToString().ToLowerInvariant();

    public static ScalarType ScalarType(this Precision precision) =>
        precision == Precision.Bf16 ? TorchSharp.torch.ScalarType.BFloat16 : TorchSharp.torch.ScalarType.Float32;
}
