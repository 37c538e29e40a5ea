using System.Runtime.InteropServices;

namespace Foreword.Cpu.Matrices;

/// <summary>Aligned memory outside the garbage collector's heap, not cleared.</summary>
/// <typeparam name="T">What lies in it.</typeparam>
internal sealed unsafe class NativeBuffer<T> : IDisposable where T : unmanaged
{
    /// <summary>A cache line, and the widest vector.</summary>
    private const int Alignment = 64;

    /// <summary>Memory for <paramref name="length"/> elements, none allowed.</summary>
    public NativeBuffer(long length)
    {
        Length = length;
        Pointer = (T*)NativeMemory.AlignedAlloc(checked((nuint)Math.Max(1, length) * (nuint)sizeof(T)), Alignment);
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
