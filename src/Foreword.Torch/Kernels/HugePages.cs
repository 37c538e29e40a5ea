using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace Foreword.Torch.Kernels;

/// <summary>
/// Asks Linux for pages of 2 MB behind large memory. A pass over weights, gradients and moments in pages of 4 KB misses the processor's
/// address cache at every page, which costs more than the arithmetic. Advice only: where it is not taken, pages stay small.
/// </summary>
internal static unsafe partial class HugePages
{
    /// <summary>Size of a huge page, to whose multiples the advice is cut.</summary>
    public const int Size = 2 << 20;

    // <sys/mman.h>
    private const int HugePage = 14; // MADV_HUGEPAGE: what is touched from now on
    private const int Collapse = 25; // MADV_COLLAPSE, Linux 6.1: what was touched before

    /// <summary>For a contiguous tensor on the CPU, touched or not; others are left alone.</summary>
    public static void AskFor(Tensor tensor)
    {
        long bytes = tensor.NumberOfElements * tensor.ElementSize;
        if (bytes < 2 * Size || tensor.device_type != DeviceType.CPU || !tensor.is_contiguous())
            return;
        nint address = TensorMemory.Address(tensor);
        Ask(address, bytes, HugePage);
        Ask(address, bytes, Collapse);
    }

    /// <summary>For the whole huge pages inside memory that is yet untouched.</summary>
    public static void Advise(nint address, long bytes) => Ask(address, bytes, HugePage);

    private static void Ask(nint address, long bytes, int advice)
    {
        long first = (address + Size - 1) / Size * Size, length = (address + bytes) / Size * Size - first;
        if (length > 0 && OperatingSystem.IsLinux())
            _ = madvise((void*)first, (nuint)length, advice);
    }

    [LibraryImport("libc")]
    private static partial int madvise(void* address, nuint bytes, int advice);
}
