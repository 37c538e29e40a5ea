using System.Runtime.CompilerServices;

namespace Foreword.Numerics;

/// <summary>The compiler options for kernels.</summary>
internal static class Compiled
{
    /// <summary>
    /// Full optimization from the first call, and no inlining. Otherwise, once the JIT has seen which matrix is multiplied there, it inlines a register
    /// tile into its caller. Among the caller's variables, the sums are then no longer kept in registers (8-bit products took 1.5 times as long).
    /// </summary>
    public const MethodImplOptions Apart = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;
}
