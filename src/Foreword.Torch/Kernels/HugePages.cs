using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Kernels;

/// <summary>
/// Advises Linux to use pages of 2 MB for large memory. With pages of 4 KB, a pass over weights, gradients and moments misses the processor's address
/// cache (TLB) at every page, which costs more than the arithmetic. This is only advice: if the system does not follow it, pages stay small.
/// </summary>
internal static unsafe partial class HugePages
{
    /// <summary>Size of a huge page in bytes. The advice covers only whole huge pages.</summary>
    public const int Size = 2 << 20;

    // <sys/mman.h>
    private const int HugePage = 14; // MADV_HUGEPAGE: for memory that is touched from now on
    private const int Collapse = 25; // MADV_COLLAPSE, Linux 6.1: for memory that has been touched already

    /// <summary>
    /// Advises huge pages for a contiguous tensor on the CPU, whether its memory has been touched or not. Other tensors and tensors smaller than two
    /// huge pages are ignored.
    /// </summary>
    public static void Request(Tensor tensor)
    {
        long bytes = tensor.NumberOfElements * tensor.ElementSize;
        if (bytes < 2 * Size || tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
            return;
        nint address = TensorMemory.Address(tensor);
        Advise(address, bytes, HugePage);
        Advise(address, bytes, Collapse);
    }

    /// <summary>Advises huge pages for memory that has not been touched yet.</summary>
    public static void Advise(nint address, long bytes) => Advise(address, bytes, HugePage);

    private static void Advise(nint address, long bytes, int advice)
    {
        long first = (address + Size - 1) / Size * Size, length = (address + bytes) / Size * Size - first;
        if (length > 0 && OperatingSystem.IsLinux())
            _ = madvise((void*)first, (nuint)length, advice);
    }

    [LibraryImport("libc")]
    private static partial int madvise(void* address, nuint bytes, int advice);
}
