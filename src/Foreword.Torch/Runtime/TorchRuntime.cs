using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Foreword.Torch.Runtime;

/// <summary>
/// Prepares the process for libtorch before its first use. Loads the libraries that came with the application, never a system-wide libtorch of another
/// version, and makes glibc's malloc keep large blocks.
/// </summary>
public static partial class TorchRuntime
{
    // <malloc.h>
    private const int TrimThreshold = -1, MmapThreshold = -3;

    private const string TorchSharpLibrary = "libLibTorchSharp.so";

    /// <summary>Name of the environment variable that, if set to 1, leaves the settings of malloc unchanged, to measure their effect.</summary>
    internal const string DefaultMallocVariable = "FOREWORD_DEFAULT_MALLOC";

    /// <summary>
    /// Prepares the process now. Foreword.Torch does this itself when it is first used. A program must call this method only if it uses TorchSharp
    /// before anything in Foreword.Torch.
    /// </summary>
    public static void Initialize() => RuntimeHelpers.RunModuleConstructor(typeof(TorchRuntime).Module.ModuleHandle);

    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "Must run before TorchSharp's own loader, regardless of the caller.")]
    internal static void Prepare()
    {
        if (!OperatingSystem.IsLinux())
            return;
        KeepLargeBlocks();
        LoadOwnLibraries();
    }

    /// <summary>
    /// Makes malloc keep large blocks. A training step allocates and frees the same large tensors again and again. By default, glibc maps and unmaps
    /// each of them, and the first touch of each page causes a page fault: half of the step's time on virtual machines. Blocks that are kept cost
    /// nothing. A libc without mallopt (musl) is left unchanged.
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

    /// <summary>Loads the libraries by path, dependencies first. Later loads by name then find these libraries.</summary>
    private static void LoadOwnLibraries()
    {
        string? directory = NativeDirectories().FirstOrDefault(d => File.Exists(Path.Combine(d, TorchSharpLibrary)));
        if (directory is null)
            return; // for an unusual layout, TorchSharp's own search decides

        foreach (string pattern in (string[])["libgomp-*.so*", "libc10.so", "libtorch_cpu.so", "libtorch.so"])
        {
            foreach (string library in Directory.EnumerateFiles(directory, pattern))
                _ = NativeLibrary.TryLoad(library, out _); // a failure is reported, with its reason, when TorchSharp loads the library
        }

        string torchSharp = Path.Combine(directory, TorchSharpLibrary);
        if (!NativeLibrary.TryLoad(torchSharp, out _))
            LoadForOlderLibstdcxx(torchSharp);
    }

    /// <summary>Returns the directories in which the host looks for native libraries (including those of packages), and the program's directory.</summary>
    private static IEnumerable<string> NativeDirectories()
    {
        string? host = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string;
        return [.. host?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [], AppContext.BaseDirectory];
    }

    /// <summary>
    /// Loads a copy that requires no newer libstdc++ than the system's. The copy exists only in memory, so no directory must be writable, and processes
    /// that start at the same time do not disturb each other. TorchSharp first tries the file itself, which fails again, and then the bare name. That
    /// finds the copy, because a loaded library is found by the name that it contains.
    /// </summary>
    private static void LoadForOlderLibstdcxx(string path)
    {
        byte[] library = File.ReadAllBytes(path);
        if (LibstdcxxVersions.Lower(library))
            MemoryLibrary.TryLoad(Path.GetFileName(path), library);
    }

    [LibraryImport("libc.so.6")]
    private static partial int mallopt(int parameter, int value);
}
