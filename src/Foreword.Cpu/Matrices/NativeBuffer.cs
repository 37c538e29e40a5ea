using System.Runtime.InteropServices;
using Foreword.Numerics;

namespace Foreword.Cpu.Matrices;

/// <summary>A block of aligned memory outside the garbage-collected heap. It is not cleared.</summary>
/// <typeparam name="T">Type of the elements.</typeparam>
internal sealed unsafe class NativeBuffer<T> : IDisposable where T : unmanaged
{
    /// <summary>The size of a cache line, which is also that of the widest vector, in bytes.</summary>
    private const int Alignment = 64;

    /// <summary>Allocates memory for <paramref name="length"/> elements; 0 is allowed. Large memory lies in huge pages where the system has them.</summary>
    public NativeBuffer(long length)
    {
        Length = length;
        nuint bytes = checked((nuint)Math.Max(1, length) * (nuint)sizeof(T));
        Pointer = (T*)NativeMemory.AlignedAlloc(bytes, (nuint)(bytes < HugePages.Size ? Alignment : HugePages.Size));
        HugePages.Advise((nint)Pointer, (long)bytes);
    }

    ~NativeBuffer() => Free();

    public T* Pointer { get; private set; }

    public long Length { get; }

    public void Clear() => NativeMemory.Clear(Pointer, (nuint)Length * (nuint)sizeof(T));

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }
}
