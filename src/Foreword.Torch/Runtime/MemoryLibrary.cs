using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Foreword.Torch.Runtime;

/// <summary>Loads a native library from memory, on Linux.</summary>
internal static partial class MemoryLibrary
{
    private const uint CloseOnExec = 1; // MFD_CLOEXEC, <sys/mman.h>

    /// <summary>Loads a library whose file exists only in memory. Its dependencies must be loaded already.</summary>
    /// <param name="name">The name that tools such as a debugger show.</param>
    /// <param name="content">The bytes of the library's file.</param>
    /// <returns>Whether the library was loaded. It stays loaded until the process ends.</returns>
    public static bool TryLoad(string name, ReadOnlySpan<byte> content)
    {
        int descriptor = memfd_create(name, CloseOnExec);
        if (descriptor < 0)
            return false;

        // The descriptor stays open, because its number is part of the path by which the dynamic linker identifies the library.
        RandomAccess.Write(new SafeFileHandle(descriptor, ownsHandle: false), content, fileOffset: 0);
        return NativeLibrary.TryLoad($"/proc/self/fd/{descriptor}", out _);
    }

    [LibraryImport("libc.so.6", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int memfd_create(string name, uint flags);
}
