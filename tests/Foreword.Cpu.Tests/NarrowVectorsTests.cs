using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Cpu.Tests;

/// <summary>The kernels and the models on processors with narrower vectors: this program runs itself with the wide ones switched off.</summary>
public sealed class NarrowVectorsTests
{
    private const string Expected = "FOREWORD_TEST_WIDEST_VECTOR";

    [Theory]
    [InlineData("256 without VNNI", "DOTNET_EnableAVX512", "DOTNET_EnableAVX512F", "DOTNET_EnableAVXVNNI")]
    [InlineData("128", "DOTNET_EnableAVX512", "DOTNET_EnableAVX512F", "DOTNET_EnableAVX2")]
    public void EveryKernelIsRightOnThem(string widest, params string[] switchedOff) =>
        OwnProgram.Passes(
            ["Foreword.Cpu.Tests.Kernels.*", "Foreword.Cpu.Tests.Matrices.*", "Foreword.Cpu.Tests.CpuLanguageModelTests", "Foreword.Cpu.Tests.WidestVectorTests"],
            [.. switchedOff.Select(name => KeyValuePair.Create(name, "0")), KeyValuePair.Create(Expected, widest)]);

    /// <summary>
    /// Gets the number of samples of a property over large matrices. There are fewer in a child, where vectors are put together from smaller ones.
    /// </summary>
    internal static int Samples => IsInside ? 12 : 60;

    /// <summary>
    /// Gets whether this process is such a child. Whole models take many times as long in it, so tests that repeat a computation repeat it less
    /// often.
    /// </summary>
    internal static bool IsInside => WidestVector is not null;

    internal static string? WidestVector => Environment.GetEnvironmentVariable(Expected);
}

/// <summary>Checks in a child of <see cref="NarrowVectorsTests"/> that the switches worked.</summary>
public sealed class WidestVectorTests
{
    [Fact]
    public void NothingWiderIsThere()
    {
        string? widest = NarrowVectorsTests.WidestVector;
        Assert.SkipWhen(widest is null, "no instructions are switched off here; NarrowVectorsTests runs this test where they are");
        Assert.False(Vector512.IsHardwareAccelerated);
        if (widest.Contains("VNNI", StringComparison.Ordinal))
            Assert.False(AvxVnni.IsSupported);
        if (widest == "128")
            Assert.False(Avx2.IsSupported);
    }
}
