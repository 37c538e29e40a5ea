using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Foreword.Numerics;

/// <summary>Prefetches memory before it is read, on processors with an instruction for it.</summary>
internal static unsafe class Prefetch
{
    /// <summary>The size in bytes of a cache line on the processors that this code is tuned for.</summary>
    private const int LineBytes = 64;

    /// <summary>Prefetches the cache line at an address. Any address is valid, because a prefetch is not a read of the program.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Line(void* address)
    {
        if (Sse.IsSupported)
            Sse.Prefetch0(address);
    }

    /// <summary>Prefetches neighboring cache lines.</summary>
    /// <param name="address">The address of the first line.</param>
    /// <param name="bytes">The number of bytes from that address on.</param>
    public static void Lines(void* address, int bytes)
    {
        for (int i = 0; i < bytes; i += LineBytes)
            Line((byte*)address + i);
    }
}
