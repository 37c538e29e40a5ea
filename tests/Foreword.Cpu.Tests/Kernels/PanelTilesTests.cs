using System.Reflection;
using Foreword.Cpu.Kernels;

namespace Foreword.Cpu.Tests.Kernels;

public sealed class PanelTilesTests
{
    /// <summary>A call that is left in an innermost loop moves all sums through memory (decision 33). Each helper is inlined, or compiled apart on purpose.</summary>
    [Fact]
    public void TheJitIsToldWhatToDoWithEachHelper()
    {
        const BindingFlags All = BindingFlags.Static | BindingFlags.NonPublic | BindingFlags.Public | BindingFlags.DeclaredOnly;
        MethodInfo[] helpers = [.. typeof(PanelTiles<>).GetMethods(All).Where(method => !method.IsPublic)];
        Assert.NotEmpty(helpers);
        Assert.DoesNotContain(helpers, method => (method.MethodImplementationFlags & (MethodImplAttributes.AggressiveInlining | MethodImplAttributes.NoInlining)) == 0);
    }
}
