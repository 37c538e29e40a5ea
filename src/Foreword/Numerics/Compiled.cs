using System.Runtime.CompilerServices;

namespace Foreword.Numerics;

/// <summary>How the JIT is told to treat kernels.</summary>
internal static class Compiled
{
    /// <summary>
    /// Optimised from the first call on, and a function of its own: the JIT otherwise puts a register tile into its caller, once it has seen which matrix is
    /// multiplied there, and among the caller's variables the sums no longer keep their registers (8-bit products took 1.5 times as long).
    /// </summary>
    public const MethodImplOptions Apart = MethodImplOptions.AggressiveOptimization | MethodImplOptions.NoInlining;
}
