using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Foreword.Torch;

/// <summary>
/// Prepares the process for libtorch before its first use: loads the libraries that came with the application (never a
/// system-wide libtorch of another version) and tells glibc's malloc to keep large blocks.
/// </summary>
internal static partial class TorchRuntime
{
    // <malloc.h>
    private const int TrimThreshold = -1, MmapThreshold = -3;

    /// <summary>Environment variable that leaves malloc as it is, to measure what the setting brings.</summary>
    public const string DefaultMallocVariable = "FOREWORD_DEFAULT_MALLOC";

    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "Must run before TorchSharp's own loader, whoever calls first.")]
    internal static void Initialize()
    {
        if (!OperatingSystem.IsLinux())
            return;
        KeepLargeBlocks();
        LoadOwnLibraries();
    }

    /// <summary>
    /// A training step allocates and frees the same large tensors again and again. By default glibc maps and unmaps each of
    /// them, and every first touch of a page costs a fault: half of the step's time on virtual machines. Kept blocks cost
    /// nothing. A libc without mallopt (musl) is left alone.
    /// </summary>
    private static void KeepLargeBlocks()
    {
        if (Environment.GetEnvironmentVariable(DefaultMallocVariable) == "1")
            return;
        if (!NativeLibrary.TryLoad("libc.so.6", out nint libc) || !NativeLibrary.TryGetExport(libc, "mallopt", out _))
            return;
        _ = mallopt(MmapThreshold, 1 << 30);
        _ = mallopt(TrimThreshold, int.MaxValue);
    }

    /// <summary>Loads the libraries by path, dependencies first; a later load by name then finds these.</summary>
    private static void LoadOwnLibraries()
    {
        string[] directories = [AppContext.BaseDirectory, Path.Combine(AppContext.BaseDirectory, "runtimes", RuntimeInformation.RuntimeIdentifier, "native")];
        string? directory = directories.FirstOrDefault(d => File.Exists(Path.Combine(d, "libLibTorchSharp.so")));
        if (directory is null)
            return; // an unusual layout: TorchSharp's own search decides

        foreach (string pattern in (string[])["libgomp-*.so*", "libc10.so", "libtorch_cpu.so", "libtorch.so", "libLibTorchSharp.so"])
        {
            foreach (string library in Directory.EnumerateFiles(directory, pattern))
                _ = NativeLibrary.TryLoad(library, out _); // a failure shows, with its reason, when TorchSharp loads it
        }
    }

    [LibraryImport("libc.so.6")]
    private static partial int mallopt(int parameter, int value);
}
