using System.Runtime.InteropServices;

namespace Foreword.Numerics;

/// <summary>
/// Advises Linux to use pages of 2 MB for large memory. With pages of 4 KB, a pass over weights, gradients, moments or cached keys misses the processor's
/// address cache (TLB) at every page, which costs more than the arithmetic. This is only advice: if the system does not follow it, pages stay small.
/// </summary>
internal static unsafe partial class HugePages
{
    /// <summary>Size of a huge page in bytes. The advice covers only whole huge pages.</summary>
    public const int Size = 2 << 20;

    // <sys/mman.h>
    private const int HugePage = 14; // MADV_HUGEPAGE: for memory that is touched from now on
    private const int Collapse = 25; // MADV_COLLAPSE, Linux 6.1: for memory that has been touched already

    /// <summary>Advises huge pages for memory that has not been touched yet.</summary>
    /// <param name="address">The first byte.</param>
    /// <param name="bytes">The number of bytes.</param>
    public static void Advise(nint address, long bytes) => Advise(address, bytes, HugePage);

    /// <summary>Advises huge pages for memory that may have been touched already. Memory smaller than two huge pages is ignored.</summary>
    /// <inheritdoc cref="Advise(nint, long)"/>
    public static void AdviseTouched(nint address, long bytes)
    {
        if (bytes < 2 * Size)
            return;
        Advise(address, bytes, HugePage);
        Advise(address, bytes, Collapse);
    }

    private static void Advise(nint address, long bytes, int advice)
    {
        long first = (address + Size - 1) / Size * Size, length = (address + bytes) / Size * Size - first;
        if (length > 0 && OperatingSystem.IsLinux())
            _ = madvise((void*)first, (nuint)length, advice);
    }

    [LibraryImport("libc")]
    private static partial int madvise(void* address, nuint bytes, int advice);
}
