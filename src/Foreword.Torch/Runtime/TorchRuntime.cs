using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Foreword.Torch.Runtime;

/// <summary>
/// Prepares the process for libtorch before its first use: loads the libraries that came with the application (never a
/// system-wide libtorch of another version) and tells glibc's malloc to keep large blocks.
/// </summary>
public static partial class TorchRuntime
{
    // <malloc.h>
    private const int TrimThreshold = -1, MmapThreshold = -3;

    private const string TorchSharpLibrary = "libLibTorchSharp.so";

    /// <summary>Environment variable that leaves malloc as it is, to measure what the setting brings.</summary>
    public const string DefaultMallocVariable = "FOREWORD_DEFAULT_MALLOC";

    /// <summary>
    /// Prepares the process now. Everything in this assembly does so by itself; a program calls this only where it uses TorchSharp
    /// before anything of Foreword.Torch.
    /// </summary>
    public static void Initialize() => RuntimeHelpers.RunModuleConstructor(typeof(TorchRuntime).Module.ModuleHandle);

    [ModuleInitializer]
    [System.Diagnostics.CodeAnalysis.SuppressMessage("Usage", "CA2255", Justification = "Must run before TorchSharp's own loader, whoever calls first.")]
    internal static void Prepare()
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
        string? directory = NativeDirectories().FirstOrDefault(d => File.Exists(Path.Combine(d, TorchSharpLibrary)));
        if (directory is null)
            return; // an unusual layout: TorchSharp's own search decides

        foreach (string pattern in (string[])["libgomp-*.so*", "libc10.so", "libtorch_cpu.so", "libtorch.so"])
        {
            foreach (string library in Directory.EnumerateFiles(directory, pattern))
                _ = NativeLibrary.TryLoad(library, out _); // a failure shows, with its reason, when TorchSharp loads it
        }

        string torchSharp = Path.Combine(directory, TorchSharpLibrary);
        if (!NativeLibrary.TryLoad(torchSharp, out _))
            LoadForOlderLibstdcxx(torchSharp);
    }

    /// <summary>Where the host looks for native libraries (a package's own directories too), and beside the program.</summary>
    private static IEnumerable<string> NativeDirectories()
    {
        string? host = AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string;
        return [.. host?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [], AppContext.BaseDirectory];
    }

    /// <summary>
    /// Loads a copy that asks for no newer libstdc++ than the system's. The copy lives in memory, so no directory has to be writable, and
    /// processes that start at the same time cannot disturb each other. TorchSharp tries the file itself, which fails again, and then the
    /// bare name, which is the copy's: a loaded library is found by the name that it carries inside.
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
