using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Foreword.Numerics;
using static TorchSharp.torch;

namespace Foreword.Torch.Kernels;

/// <summary>
/// The matrix micro-kernels of libtorch's oneDNN, <c>at::native::cpublas::brgemm</c>: C [M, N] (+)= A [M, K] B [K, N], one block a
/// call, C in float32, safe on any thread. libtorch exports them with plain C arguments, but promises nothing of them to other
/// code: they are taken by symbol, from the one version they were tried with, on processors with AVX-512. Where that is not so, float32
/// has a micro-kernel of our own, <see cref="Float32Tiles"/>, and bfloat16 goes through libtorch's ordinary operators.
/// </summary>
internal static unsafe class MicroKernel
{
    private const string Library = "libtorch_cpu.so", Version = "2.10.";
    private const string BFloat16Symbol = "_ZN2at6native7cpublas6brgemmEllllllbPKN3c108BFloat16ES5_Pfb";
    private const string Float32Symbol = "_ZN2at6native7cpublas6brgemmEllllllbPKfS3_Pfb";

    /// <summary>brgemm(M, N, K, lda, ldb, ldc, add, A, B, C, vnni): bfloat16, B packed as [K / 2][ldb][2]; null where it cannot be had.</summary>
    public static readonly delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, float*, byte, void> BFloat16 =
        (delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, float*, byte, void>)Find(BFloat16Symbol, Compute.CpuHasBFloat16);

    /// <summary>The same in float32, B [K, ldb] as it is; null where it cannot be had.</summary>
    public static readonly delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, float*, byte, void> Float32 =
        (delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, float*, byte, void>)Find(Float32Symbol, true);

    /// <summary>Whether this process has a kernel of a precision, libtorch's or our own.</summary>
    public static bool Has(Precision precision) => precision == Precision.Bf16 ? BFloat16 is not null : Float32 is not null || Float32Tiles.AreFast;

    private static nint Find(string symbol, bool processorHasIt) =>
        processorHasIt && Avx512BW.IsSupported && OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64
        && __version__.StartsWith(Version, StringComparison.Ordinal)
        && NativeLibrary.TryLoad(Library, typeof(TorchSharp.torch).Assembly, null, out nint library)
        && NativeLibrary.TryGetExport(library, symbol, out nint address) ? address : 0;
}
