using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;
using Foreword.Numerics;
using static TorchSharp.torch;

namespace Foreword.Torch.Kernels;

/// <summary>
/// Locates the matrix micro-kernels of libtorch's oneDNN, <c>at::native::cpublas::brgemm</c>: C [M, N] (+)= A [M, K] B [K, N], one block per call. C is
/// float32. They are safe to call from any thread.
/// </summary>
/// <remarks>
/// libtorch exports these kernels with plain C arguments, but makes no promises about them to other code. They are therefore loaded by symbol, only
/// from the version that they were tested with, under Linux on x64 processors with AVX-512 (and, for bfloat16, AVX512_BF16 or AMX_BF16). Elsewhere,
/// float32 uses Foreword's own micro-kernel, <see cref="Float32Tiles"/> (AVX2 with FMA), and bfloat16 uses libtorch's ordinary operators.
/// </remarks>
internal static unsafe class MicroKernel
{
    private const string Library = "libtorch_cpu.so", Version = "2.10.";
    private const string BFloat16Symbol = "_ZN2at6native7cpublas6brgemmEllllllbPKN3c108BFloat16ES5_Pfb";
    private const string Float32Symbol = "_ZN2at6native7cpublas6brgemmEllllllbPKfS3_Pfb";

    /// <summary>brgemm(M, N, K, lda, ldb, ldc, add, A, B, C, vnni) in bfloat16, with B packed as [K / 2][ldb][2]; null if it is not available.</summary>
    public static readonly delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, float*, byte, void> BFloat16 =
        (delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, float*, byte, void>)Find(BFloat16Symbol, Compute.CpuHasBFloat16);

    /// <summary>brgemm in float32, with B unpacked as [K, ldb]; null if it is not available.</summary>
    public static readonly delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, float*, byte, void> Float32 =
        (delegate* unmanaged<long, long, long, long, long, long, byte, void*, void*, float*, byte, void>)Find(Float32Symbol, true);

    /// <summary>Returns whether this process has a kernel for a precision, either libtorch's or Foreword's own.</summary>
    public static bool Has(Precision precision) => precision == Precision.Bf16 ? BFloat16 is not null : Float32 is not null || Float32Tiles.AreFast;

    private static nint Find(string symbol, bool processorHasIt) =>
        processorHasIt && Avx512BW.IsSupported && OperatingSystem.IsLinux() && RuntimeInformation.ProcessArchitecture == Architecture.X64
        && __version__.StartsWith(Version, StringComparison.Ordinal)
        && NativeLibrary.TryLoad(Library, typeof(TorchSharp.torch).Assembly, null, out nint library)
        && NativeLibrary.TryGetExport(library, symbol, out nint address) ? address : 0;
}
