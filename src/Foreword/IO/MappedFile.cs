using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Foreword.IO;

/// <summary>
/// A read-only file that is mapped into memory. Several threads may read it until it is disposed. Another file may replace it at its path,
/// as every file that Foreword writes does. If the file itself is truncated, however, a read beyond its new end terminates the reading process,
/// because the operating system reports no error that could be caught.
/// </summary>
public sealed unsafe partial class MappedFile : IDisposable
{
    private readonly MemoryMappedFile _mapping;
    private readonly MemoryMappedViewAccessor _view;
    private readonly byte* _start;
    private bool _disposed;

    private MappedFile(string path, MemoryMappedFile mapping, long length)
    {
        Path = path;
        Length = length;
        _mapping = mapping;
        _view = mapping.CreateViewAccessor(0, length, MemoryMappedFileAccess.Read);
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref _start);
    }

    /// <summary>Gets the path of the file, as it was given to <see cref="Open(string)"/>.</summary>
    public string Path { get; }

    /// <summary>Gets the size of the file in bytes, 1 or more.</summary>
    public long Length { get; }

    /// <summary>Maps a file into memory.</summary>
    /// <param name="path">The path of the file.</param>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    /// <exception cref="InvalidDataException">The file is empty, or is a Git LFS pointer.</exception>
    public static MappedFile Open(string path)
    {
        using SafeFileHandle handle = OpenHandle(path);
        return Open(path, handle);
    }

    /// <summary>Opens a file for reading. While it is open, another file may be renamed to its path.</summary>
    /// <exception cref="FileNotFoundException">The file does not exist.</exception>
    internal static SafeFileHandle OpenHandle(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return File.OpenHandle(path, share: FileShare.Read | FileShare.Delete);
    }

    /// <summary>Maps an open file, even if another file is at its path now. The caller still owns the handle and may close it.</summary>
    /// <exception cref="InvalidDataException">The file is empty, or is a Git LFS pointer.</exception>
    internal static MappedFile Open(string path, SafeFileHandle handle)
    {
        long length = RandomAccess.GetLength(handle);
        if (length == 0)
            throw new InvalidDataException($"{path}: the file has 0 bytes");
        Span<byte> start = stackalloc byte[64];
        GitLfsPointer.Refuse(path, start[..RandomAccess.Read(handle, start, 0)]);
        MemoryMappedFile mapping = MemoryMappedFile.CreateFromFile(handle, null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        try
        {
            return new MappedFile(path, mapping, length);
        }
        catch
        {
            mapping.Dispose();
            throw;
        }
    }

    /// <summary>Returns bytes of the file without copying them. The span is valid until this object is disposed.</summary>
    /// <param name="offset">The position of the first byte.</param>
    /// <param name="count">The number of bytes.</param>
    /// <exception cref="ArgumentException">The bytes are not all inside the file.</exception>
    public ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (offset < 0 || count < 0 || offset > Length - count)
            throw new ArgumentException($"bytes {offset} to {offset + count} are not inside {Path} of {Length} bytes", nameof(offset));
        return new ReadOnlySpan<byte>(_start + offset, count);
    }

    /// <summary>
    /// Notifies the operating system that bytes have been read and will probably not be read again. On Linux, their pages then no longer count as
    /// this process's memory; without this call, the whole file would count. The bytes can still be read.
    /// </summary>
    /// <param name="offset">The position of the first byte.</param>
    /// <param name="count">The number of bytes.</param>
    public void Release(long offset, long count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!OperatingSystem.IsLinux())
            return;
        long page = Environment.SystemPageSize;
        long first = (offset + page - 1) / page * page, end = (offset + count) / page * page;
        if (end > first)
            _ = DiscardPages(_start + first, (nuint)(end - first), Unneeded); // the mapping begins at a page boundary; a failure only costs memory
    }

    /// <summary>Ends the mapping. Spans that <see cref="Bytes"/> returned must not be used after this call.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _mapping.Dispose();
    }

    /// <summary>The value of MADV_DONTNEED.</summary>
    private const int Unneeded = 4;

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int DiscardPages(void* address, nuint length, int advice);
}
