using System.IO.MemoryMappedFiles;

namespace Foreword.Cpu.Kernels;

/// <summary>Memory for machine code: mapped twice, once to be written and then, for as long as the process lives, to be executed; never both at once.</summary>
internal static unsafe class ExecutableMemory
{
    private static readonly List<MemoryMappedViewAccessor> Mapped = [];

    /// <summary>Maps a function.</summary>
    /// <param name="code">Its machine code, position independent.</param>
    /// <returns>Where it begins; null where the system lets no program execute what it has written.</returns>
    public static void* Map(ReadOnlySpan<byte> code)
    {
        try
        {
            using MemoryMappedFile memory = MemoryMappedFile.CreateNew(null, code.Length, MemoryMappedFileAccess.ReadWriteExecute);
            using (MemoryMappedViewStream written = memory.CreateViewStream(0, code.Length, MemoryMappedFileAccess.ReadWrite))
                written.Write(code);
            MemoryMappedViewAccessor executed = memory.CreateViewAccessor(0, code.Length, MemoryMappedFileAccess.ReadExecute);
            byte* pointer = null;
            executed.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
            lock (Mapped)
                Mapped.Add(executed);
            return pointer + executed.PointerOffset;
        }
        catch (Exception) // whatever the system has against it: there are kernels that need no such memory
        {
            return null;
        }
    }
}
