using System.IO.MemoryMappedFiles;

namespace Foreword.Cpu.Kernels.MachineCode;

/// <summary>
/// Provides memory for machine code. It is mapped twice: first to be written and then, after that mapping has been closed, to be executed until the
/// process ends. It is never mapped for both at the same time.
/// </summary>
internal static unsafe class ExecutableMemory
{
    private static readonly List<MemoryMappedViewAccessor> Mapped = [];

    /// <summary>Maps a function.</summary>
    /// <param name="code">The function's position-independent machine code.</param>
    /// <returns>The address of the function; null if the system does not let a program execute memory that it has written.</returns>
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
        catch (Exception) // the reason does not matter, because there are other kernels that need no such memory
        {
            return null;
        }
    }
}
