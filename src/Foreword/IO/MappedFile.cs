using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Foreword.IO;

/// <summary>
/// A file mapped into memory, read-only. Safe to read from several threads until it is disposed. Another file may take its path, as all that Foreword
/// writes does; whoever cuts the file itself off instead ends the process that reads beyond its new end, for the system offers no error there.
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

    /// <summary>Where the file lies, as it was given.</summary>
    public string Path { get; }

    /// <summary>Its size in bytes, at least 1.</summary>
    public long Length { get; }

    /// <summary>Maps a file.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="InvalidDataException">It is empty, or a Git LFS pointer.</exception>
    public static MappedFile Open(string path)
    {
        using SafeFileHandle handle = OpenHandle(path);
        return Open(path, handle);
    }

    /// <summary>Opens a file that another one's renaming may take the path of while it is read.</summary>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    internal static SafeFileHandle OpenHandle(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return File.OpenHandle(path, share: FileShare.Read | FileShare.Delete);
    }

    /// <summary>Maps a file that is open, whatever lies at its path by now. The handle stays the caller's, and may be closed.</summary>
    /// <exception cref="InvalidDataException">It is empty, or a Git LFS pointer.</exception>
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

    /// <summary>Bytes of the file, not copied: the span ends its life with this object.</summary>
    /// <exception cref="ArgumentException">They are not all inside the file.</exception>
    public ReadOnlySpan<byte> Bytes(long offset, int count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (offset < 0 || count < 0 || offset > Length - count)
            throw new ArgumentException($"bytes {offset} to {offset + count} are not inside {Path} of {Length} bytes");
        return new ReadOnlySpan<byte>(_start + offset, count);
    }

    /// <summary>
    /// Says that bytes have been read and will hardly be read again: where the system can, their pages leave this process, which
    /// would otherwise count the whole file as its own memory. They can still be read.
    /// </summary>
    public void Release(long offset, long count)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (!OperatingSystem.IsLinux())
            return;
        long page = Environment.SystemPageSize;
        long first = (offset + page - 1) / page * page, end = (offset + count) / page * page;
        if (end > first)
            _ = DiscardPages(_start + first, (nuint)(end - first), Unneeded); // the mapping begins on a page; a failure costs memory only
    }

    /// <summary>Ends the mapping; spans handed out before must not be used any more.</summary>
    public void Dispose()
    {
        if (_disposed)
            return;
        _disposed = true;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _mapping.Dispose();
    }

    /// <summary>MADV_DONTNEED.</summary>
    private const int Unneeded = 4;

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int DiscardPages(void* address, nuint length, int advice);
}
