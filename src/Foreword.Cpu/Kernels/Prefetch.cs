using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Cpu.Kernels;

/// <summary>Asks for memory before it is read, where the processor can be told to.</summary>
internal static unsafe class Prefetch
{
    /// <summary>Brings the line of memory at an address near. Any address will do: nothing is read in the program's sense.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Line(void* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }
}
