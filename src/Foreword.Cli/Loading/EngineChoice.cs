using System.CommandLine;
using Foreword.Cli.Options;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Models;
using Foreword.Torch;

namespace Foreword.Cli.Loading;

/// <summary>The engine that runs a model outside training.</summary>
internal enum EngineChoice
{
    /// <summary>The faster engine for the device: plain C# on a CPU, libtorch on a GPU.</summary>
    Auto,

    /// <summary>Plain C# on the CPU.</summary>
    Cpu,

    /// <summary>libtorch.</summary>
    Torch,
}

/// <summary>Creates the option <c>--engine</c> and interprets its value.</summary>
internal static class Engines
{
    public static Option<EngineChoice> Option() => new("--engine")
    {
        Description = "Engine: cpu is plain C#, torch is libtorch; auto uses the faster one for the device.",
        DefaultValueFactory = _ => EngineChoice.Auto,
    };

    /// <summary>Creates the option <c>--cache</c>.</summary>
    public static Option<CacheType?> CacheOption() => new("--cache")
    {
        Description = "How the cpu engine stores the keys and values of previous tokens: f32 exactly, bf16 in half the memory. Default: f32 for float32 weights, otherwise bf16.",
        HelpName = "f32|bf16",
    };

    /// <summary>Returns the engine that the options name, for an opened model.</summary>
    /// <param name="engine">What computes.</param>
    /// <param name="device">Where to compute. A GPU is looked for only where it decides.</param>
    /// <param name="model">The model. Plain C# computes a quantized one on every device.</param>
    /// <param name="precision">The number format of matrix products.</param>
    /// <param name="cache">The format of keys and values; null where the engine chooses.</param>
    /// <exception cref="UsageException">The options contradict each other, or the engine cannot compute the model.</exception>
    public static IEngine Create(EngineChoice engine, DeviceChoice device, StoredModel model, PrecisionChoice precision = PrecisionChoice.Fp32, CacheType? cache = null)
    {
        if (model.IsQuantized)
        {
            return engine != EngineChoice.Torch
                ? new CpuEngine { Cache = cache }
                : throw new UsageException($"{model.Path} is quantized; only --engine cpu supports it");
        }

        if (model.Config.Architecture == ModelArchitecture.Lstm)
        {
            if (engine == EngineChoice.Cpu || cache is not null)
                throw new UsageException($"{model.Path} is an LSTM; only --engine torch supports it, without --cache");
            engine = EngineChoice.Torch;
        }

        if (IsCpu(engine, device))
            return new CpuEngine { Weights = precision == PrecisionChoice.Bf16 ? WeightType.Bf16 : WeightType.F32, Cache = cache };
        return cache != CacheType.Bf16
            ? new TorchEngine { Device = device, Precision = Compute.Precision(precision, Compute.Device(device)) }
            : throw new UsageException("--cache bf16 is for --engine cpu; libtorch stores keys and values in f32");
    }

    /// <summary>Returns whether plain C# computes. The device is looked for only where it decides.</summary>
    internal static bool IsCpu(EngineChoice engine, DeviceChoice device) => engine switch
    {
        EngineChoice.Torch => false,
        EngineChoice.Cpu when device is DeviceChoice.Auto or DeviceChoice.Cpu => true,
        EngineChoice.Cpu => throw new UsageException($"--engine cpu computes on the processor, not on --device {device.ToString().ToLowerInvariant()}"),
        _ => device == DeviceChoice.Cpu || Compute.Device(device).type == TorchSharp.DeviceType.CPU,
    };
}
