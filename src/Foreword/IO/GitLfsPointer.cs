namespace Foreword.IO;

/// <summary>A small text that lies in a large file's place where a repository was cloned without Git LFS.</summary>
internal static class GitLfsPointer
{
    private static ReadOnlySpan<byte> Beginning => "version https://git-lfs."u8;

    /// <summary>Refuses a pointer; does nothing where the path is no file.</summary>
    /// <exception cref="InvalidDataException">It is a pointer.</exception>
    public static void Refuse(string path)
    {
        if (FirstBytes.Are(path, Beginning))
            throw Problem(path);
    }

    /// <summary>Refuses a pointer by a file's bytes, or the first of them.</summary>
    /// <exception cref="InvalidDataException">It is a pointer.</exception>
    public static void Refuse(string path, ReadOnlySpan<byte> content)
    {
        if (content.StartsWith(Beginning))
            throw Problem(path);
    }

    private static InvalidDataException Problem(string path) => new($"{path} is a Git LFS pointer, not the file itself; fetch it with 'git lfs pull' or foreword download");
}
