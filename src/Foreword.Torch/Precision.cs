using System.Runtime.Intrinsics.X86;
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

/// <summary>Chooses device and precision from their names in recipes and options.</summary>
public static class Compute
{
    /// <summary>The device called <c>cpu</c>, <c>cuda</c> or <c>mps</c>; <c>auto</c> takes CUDA, then MPS, then the CPU.</summary>
    /// <exception cref="ArgumentException">The name is unknown, or this machine has no such device.</exception>
    public static Device Device(string name)
    {
        switch (name)
        {
            case "auto": return cuda.is_available() ? CUDA : mps_is_available() ? MPS : CPU;
            case "cpu": return CPU;
            case "cuda" when cuda.is_available(): return CUDA;
            case "mps" when mps_is_available(): return MPS;
            case "cuda" or "mps": throw new ArgumentException($"device '{name}' is not available here; use --device cpu or auto");
            default: throw new ArgumentException($"unknown device '{name}'{NearestName.Suggestion(name, ["auto", "cpu", "cuda", "mps"])}");
        }
    }

    /// <summary>The precision called <c>fp32</c> or <c>bf16</c>; <c>auto</c> takes bf16 where the device multiplies it natively.</summary>
    /// <exception cref="ArgumentException">The name is unknown.</exception>
    public static Precision Precision(string name, Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        return name switch
        {
            "fp32" => Torch.Precision.Fp32,
            "bf16" => Torch.Precision.Bf16,
            "auto" => device.type switch
            {
                DeviceType.CUDA => Torch.Precision.Bf16,
                DeviceType.CPU when CpuHasBFloat16 => Torch.Precision.Bf16,
                _ => Torch.Precision.Fp32,
            },
            _ => throw new ArgumentException($"unknown precision '{name}'{NearestName.Suggestion(name, ["auto", "fp32", "bf16"])}"),
        };
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

/// <summary>libtorch's number format of a precision.</summary>
internal static class PrecisionFormat
{
    public static ScalarType ScalarType(this Precision precision) =>
        precision == Precision.Bf16 ? TorchSharp.torch.ScalarType.BFloat16 : TorchSharp.torch.ScalarType.Float32;
}
