using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Numerics;

/// <summary>Asks for memory before it is read, where the processor can be told to.</summary>
internal static unsafe class Prefetch
{
    /// <summary>Bytes of a line on the processors that this is tuned for.</summary>
    private const int LineBytes = 64;

    /// <summary>Brings the line of memory at an address near. Any address will do: nothing is read in the program's sense.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Line(void* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }

    /// <summary>Brings neighbouring lines near.</summary>
    /// <param name="address">The first.</param>
    /// <param name="bytes">Bytes from there on.</param>
    public static void Lines(void* address, int bytes)
    {
        for (int i = 0; i < bytes; i += LineBytes)
            Line((byte*)address + i);
    }
}
