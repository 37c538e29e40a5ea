using System.Runtime.Intrinsics.X86;
using Foreword.Torch.Kernels;

namespace Foreword.Torch.Tests.Paths.Fused;

/// <summary>Tests the fused kernels without AVX-512. The test program starts itself with AVX-512 switched off.</summary>
public sealed class WithoutAvx512Tests
{
    private const string Inside = "FOREWORD_TEST_WITHOUT_AVX512";

    internal static bool IsInside => Environment.GetEnvironmentVariable(Inside) is not null;

    [Fact]
    public void EveryKernelIsRight()
    {
        Assert.SkipUnless(Avx2.IsSupported, "this processor has no AVX2");
        OwnProgram.Passes(
            [typeof(FusedPathTests).FullName!, typeof(DropoutMaskTests).FullName!, typeof(SwitchedOffTests).FullName!],
            [new("DOTNET_EnableAVX512", "0"), new("DOTNET_EnableAVX512F", "0"), new(Inside, "1")]);
    }
}

/// <summary>Runs in the child process of <see cref="WithoutAvx512Tests"/>: AVX-512 is off, and float32 has fused kernels nevertheless.</summary>
public sealed class SwitchedOffTests
{
    [Fact]
    public unsafe void Float32GoesThroughOurOwnTiles()
    {
        Assert.SkipUnless(WithoutAvx512Tests.IsInside, "AVX-512 is not switched off here; WithoutAvx512Tests runs this test where it is");
        Assert.False(Avx512F.IsSupported);
        Assert.True(MicroKernel.Float32 is null && MicroKernel.Has(Precision.Fp32));
    }
}
