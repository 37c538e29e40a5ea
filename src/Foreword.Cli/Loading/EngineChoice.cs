using System.CommandLine;
using Foreword.Cpu;
using Foreword.Data.Recipes;
using Foreword.Torch;

namespace Foreword.Cli.Loading;

/// <summary>What computes a model that is only used, not trained.</summary>
internal enum EngineChoice
{
    /// <summary>The faster one for the device: plain C# on a processor, libtorch on a GPU.</summary>
    Auto,

    /// <summary>Plain C#, on the processor.</summary>
    Cpu,

    /// <summary>libtorch.</summary>
    Torch,
}

/// <summary>The option <c>--engine</c> and what it means.</summary>
internal static class Engines
{
    public static Option<EngineChoice> Option() => new("--engine")
    {
        Description = "What computes: cpu is plain C#, torch is libtorch; auto takes the faster one for the device.",
        DefaultValueFactory = _ => EngineChoice.Auto,
    };

    /// <summary>The option <c>--cache</c>.</summary>
    public static Option<CacheType?> CacheOption() => new("--cache")
    {
        Description = "How plain C# keeps the keys and values of tokens that were read: f32 exactly, bf16 in half the memory. Unless given: f32, and bf16 for quantised models.",
    };

    /// <summary>Whether plain C# computes; the device is looked for only where it decides.</summary>
    public static bool IsCpu(EngineChoice engine, DeviceChoice device) => engine switch
    {
        EngineChoice.Torch => false,
        EngineChoice.Cpu when device is DeviceChoice.Auto or DeviceChoice.Cpu => true,
        EngineChoice.Cpu => throw new UsageException($"--engine cpu computes on the processor, not on --device {device.ToString().ToLowerInvariant()}"),
        _ => device == DeviceChoice.Cpu || Compute.Device(device).type == TorchSharp.DeviceType.CPU,
    };
}
