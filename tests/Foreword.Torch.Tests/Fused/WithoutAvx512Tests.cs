using System.Runtime.Intrinsics.X86;
using Foreword.Torch;
using Foreword.Torch.Fused;

namespace Foreword.Tests.Fused;

/// <summary>The fused kernels on a processor without AVX-512: this program runs itself with it switched off.</summary>
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

/// <summary>In the child of <see cref="WithoutAvx512Tests"/>: the switches worked, and float32 has its kernels nevertheless.</summary>
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
